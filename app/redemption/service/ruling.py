"""Ruling: which SKUs we redeem ourselves, how, and at which places."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select

from app.catalog import queries as catalog
from app.kit import db
from app.kit.errors import Invalid, NotFound
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.redemption import terms
from app.redemption.errors import BadLocation, BadRule, LocationTaken
from app.redemption.events import LocationClosed, LocationOpened, RuleDropped, RuleSet
from app.redemption.models import Location, RedemptionPlace, RedemptionRule
from app.redemption.rules import LONGEST_NAME, Rule, fault_of

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")


def set_rule(sku_id: UUID, rule: Rule, *, now: datetime, by: By) -> None:
    """Have what is delivered of a SKU from now on redeemed by ourselves; what was delivered keeps its window.

    Refuses with Invalid, which names the field.
    """
    if sku_id not in catalog.list_skus_by_id([sku_id]):
        raise NotFound
    if field := fault_of(rule, _open_places()):
        raise Invalid({field: BadRule(field)})
    _remove(sku_id)
    _write(sku_id, rule, now)
    terms.forget()
    publish(
        RuleSet(
            subject_id=sku_id,
            uses=rule.uses,
            valid_days=rule.valid_days,
            valid_from=str(rule.valid_from or ""),
            valid_until=str(rule.valid_until or ""),
            blackout=tuple(map(str, rule.blackout)),
            places=rule.places,
            self_service=rule.self_service,
            at=now,
            by=by,
        )
    )


def drop_rule(sku_id: UUID, *, now: datetime, by: By) -> None:
    """Leave what is delivered of a SKU from now on to third parties; vouchers that there are stay good."""
    if not _remove(sku_id):
        raise NotFound
    terms.forget()
    publish(RuleDropped(subject_id=sku_id, at=now, by=by))


def _open_places() -> set[UUID]:
    return set(db.session().scalars(select(Location.id).where(Location.closed_at.is_(None))))


def _remove(sku_id: UUID) -> bool:
    db.session().execute(delete(RedemptionPlace).where(RedemptionPlace.sku_id == sku_id))
    return bool(db.changed(delete(RedemptionRule).where(RedemptionRule.sku_id == sku_id)))


def _write(sku_id: UUID, rule: Rule, now: datetime) -> None:
    row = {
        "merchant_id": db.merchant_id(),
        "sku_id": sku_id,
        "uses": rule.uses,
        "valid_days": rule.valid_days,
        "valid_from": rule.valid_from,
        "valid_until": rule.valid_until,
        "blackout": [day.isoformat() for day in rule.blackout],
        "limited": bool(rule.places),
        "self_service": rule.self_service,
        "changed_at": now,
    }
    db.session().execute(insert(RedemptionRule), [row])
    if rule.places:
        where = {"merchant_id": db.merchant_id(), "sku_id": sku_id}
        db.session().execute(insert(RedemptionPlace), [where | {"location_id": place} for place in rule.places])


def open_location(*, code: str, name: str, now: datetime, by: By) -> UUID:
    """Add a place where entitlements are redeemed and return it; refuses with BadLocation or LocationTaken."""
    code, name = code.strip(), " ".join(name.split())
    if not CODE.fullmatch(code) or not 0 < len(name) <= LONGEST_NAME:
        raise BadLocation
    if db.session().scalar(select(Location.id).where(Location.code == code)) is not None:
        raise LocationTaken(code)
    number = new_id()
    db.session().add(Location(id=number, code=code, name=name, created_at=now, closed_at=None))
    terms.forget()
    publish(LocationOpened(subject_id=number, code=code, at=now, by=by))
    return number


def close_location(location_id: UUID, *, now: datetime, by: By) -> None:
    """Let nobody redeem at a place any more; what happened there stays."""
    place = db.get(Location, location_id)
    if place.closed_at is None:
        place.closed_at = now
        terms.forget()
        publish(LocationClosed(subject_id=location_id, code=place.code, at=now, by=by))
