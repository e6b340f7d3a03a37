"""The rules of SKUs and the places as they stand; they change seldom, so a process remembers them for a moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.kit import db
from app.kit.ids import from_public
from app.kit.recent import Recent
from app.merchants import queries as merchants
from app.redemption.models import Location, RedemptionPlace, RedemptionRule
from app.redemption.rules import DAY, Rule, days, start_of


@dataclass(frozen=True)
class Terms:
    """All rules of a shop by SKU, and the names of its places; the open ones apart."""

    rules: Mapping[UUID, Rule]
    places: Mapping[UUID, str]
    open: frozenset[UUID]


_terms: Recent[Terms] = Recent()


def current() -> Terms:
    """Return the terms of the running merchant."""
    found = _terms.find((db.merchant_id(),), read)
    assert found is not None
    return found


def all_rules() -> Mapping[UUID, Rule]:
    """Return the rule of each SKU that we redeem ourselves."""
    return current().rules


def rules_of(sku_ids: Iterable[UUID]) -> dict[UUID, Rule]:
    """Return the rules of those of these SKUs that we redeem ourselves."""
    rules = current().rules
    return {sku_id: rules[sku_id] for sku_id in set(sku_ids) if sku_id in rules}


def place_name(location_id: UUID | None) -> str:
    """Return what a place is called, "" for none."""
    return current().places.get(location_id, "") if location_id else ""


def place_names(location_ids: Iterable[UUID]) -> list[str]:
    """Return what places are called."""
    return [place_name(number) for number in location_ids]


def forget() -> None:
    """Let this process read the terms anew after the running unit."""
    _terms.forget()


def zone() -> ZoneInfo:
    """Return the zone in which the shop's days begin and end."""
    return ZoneInfo(merchants.current().zone)


def written(moment: datetime) -> str:
    """Return a moment as the shop's people write it, whatever their language."""
    return f"{moment.astimezone(zone()):%Y-%m-%d %H:%M}"


def start(day: date) -> datetime:
    """Return the moment a day of the shop begins."""
    return start_of(day, zone())


def bounds_of(text: str) -> tuple[datetime, datetime] | None:
    """Return where a day, or a stretch of days such as 2026-02-01..2026-02-28, begins and ends; None for other text."""
    first, _, last = text.partition("..")
    try:
        return start(date.fromisoformat(first)), start(date.fromisoformat(last or first) + DAY)
    except (ValueError, OverflowError):
        return None


def from_sku(text: str) -> UUID | None:
    """Return the SKU that a filter names by its public id."""
    return from_public("sku", text)


def from_company(text: str) -> UUID | None:
    """Return the company that a filter names by its public id."""
    return from_public("com", text)


def read() -> Terms:
    """Return the terms as they are written down just now."""
    places: dict[UUID, list[UUID]] = {}
    for sku_id, location_id in db.session().execute(select(RedemptionPlace.sku_id, RedemptionPlace.location_id)):
        places.setdefault(sku_id, []).append(location_id)
    rules = {row.sku_id: _rule(row, places.get(row.sku_id, [])) for row in db.session().scalars(select(RedemptionRule))}
    known = db.session().scalars(select(Location)).all()
    open_ones = frozenset(place.id for place in known if place.closed_at is None)
    return Terms(rules, {place.id: place.name for place in known}, open_ones)


def _rule(row: RedemptionRule, places: Iterable[UUID]) -> Rule:
    return Rule(
        row.uses,
        row.valid_days,
        row.valid_from,
        row.valid_until,
        days(row.blackout),
        tuple(sorted(places)) if row.limited else (),
        row.self_service,
    )
