"""Clearing: codes of a variant that expire soon go to another one of the product, which has a price of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.catalog.errors import BadClearance, BadLimit, ClearanceChain, NoClearance
from app.catalog.models import Product, Sku, Source, Strategy
from app.catalog.queries import find_sku
from app.catalog.rules import LONGEST_VARIANT
from app.catalog.service.drafts import SkuDraft
from app.catalog.service.products import add_variant
from app.catalog.service.stocking import set_strategy, tell_of
from app.kit import db
from app.kit.errors import Invalid, Refusal, Required, TooLong
from app.kit.events import By
from app.kit.money import Money

MOST_DAYS = 3650
LONGEST_CODE = 64


@dataclass(frozen=True)
class NewVariant:
    """The variant that is made for short-dated codes: what it is called in each language, and its price."""

    names: Mapping[str, str]
    price: Money


def set_clearance(sku_id: UUID, days: int, into_id: UUID | None, *, now: datetime, by: By) -> bool:
    """Let codes of a SKU go to another one of its product so many days before they expire; the other sells the soonest
    first. Tell whether that is a new order of sale there; refuses with Invalid."""
    known = _locked(sku_id)
    sku, into = known[sku_id], known.get(into_id) if into_id else None
    if faults := _faults(sku, days, now) | _faults_of_other(sku, into, known, now):
        raise Invalid(faults)
    assert into is not None
    before = (sku.clear_days, known[sku.clear_sku_id].code if sku.clear_sku_id else "")
    sku.clear_days, sku.clear_sku_id = days, into.id
    db.session().flush()
    tell_of(sku, {"clear": (_said(*before), _said(days, into.code))}, now, by)
    return set_strategy(into.id, Strategy.SOONEST, now=now, by=by)


def open_clearance(sku_id: UUID, days: int, new: NewVariant, *, now: datetime, by: By) -> UUID:
    """Make a variant for the short-dated codes of a SKU, let them go there, and return it; refuses with Invalid."""
    known = _locked(sku_id)
    sku = known[sku_id]
    if faults := _faults(sku, days, now) | _faults_of_new(sku, new):
        raise Invalid(faults)
    code = _free_code(sku.code)
    draft = SkuDraft(code, sku.kind, new.price, new.names)
    into = add_variant(db.get(Product, sku.product_id), draft, now=now, by=by)
    set_clearance(sku_id, days, into.id, now=now, by=by)
    return into.id


def drop_clearance(sku_id: UUID, *, now: datetime, by: By) -> None:
    """Move no more codes of a SKU; those that were moved stay where they are."""
    known = _locked(sku_id)
    sku = known[sku_id]
    if sku.clear_sku_id is None:
        return
    before = _said(sku.clear_days, known[sku.clear_sku_id].code)
    sku.clear_days = sku.clear_sku_id = None
    db.session().flush()
    tell_of(sku, {"clear": (before, "")}, now, by)


def _locked(sku_id: UUID) -> dict[UUID, Sku]:
    """Return the variants of a SKU's product, and let nobody else change their rules meanwhile."""
    own = db.get(Sku, sku_id)
    query = select(Sku).where(Sku.product_id == own.product_id).order_by(Sku.id).with_for_update()
    return {sku.id: sku for sku in db.session().scalars(query.execution_options(populate_existing=True))}


def _faults(sku: Sku, days: int, now: datetime) -> dict[str, Refusal]:
    faults: dict[str, Refusal] = {}
    if not 0 < days <= MOST_DAYS:
        faults["clear_days"] = BadLimit(MOST_DAYS)
    if not _is_pool(sku, now):
        faults["into"] = NoClearance()
    return faults


def _faults_of_other(sku: Sku, into: Sku | None, known: dict[UUID, Sku], now: datetime) -> dict[str, Refusal]:
    if into is None or into.id == sku.id or not _is_pool(into, now) or not _are_alike(sku, into):
        return {"into": BadClearance()}
    if into.clear_sku_id is not None or any(one.clear_sku_id == into.id for one in known.values() if one is not sku):
        return {"into": ClearanceChain(into.code)}
    return {"into": ClearanceChain(sku.code)} if any(one.clear_sku_id == sku.id for one in known.values()) else {}


def _faults_of_new(sku: Sku, new: NewVariant) -> dict[str, Refusal]:
    if not all(new.names.values()):
        return {"clear_name": Required()}
    if max(map(len, new.names.values())) > LONGEST_VARIANT:
        return {"clear_name": TooLong(LONGEST_VARIANT)}
    return {} if new.price.currency == sku.price_currency else {"clear_price": BadClearance()}


def _is_pool(sku: Sku, now: datetime) -> bool:
    return sku.source is Source.POOL and (sku.release_at is None or sku.release_at <= now)


def _are_alike(sku: Sku, other: Sku) -> bool:
    return sku.kind is other.kind and sku.price_currency == other.price_currency


def _free_code(code: str) -> str:
    """Return a code that tells of whose short-dated ones it is."""
    for mark in ("-SHORT", *(f"-SHORT{number}" for number in range(2, 100))):
        if find_sku(wanted := code[: LONGEST_CODE - len(mark)] + mark) is None:
            return wanted
    raise Invalid({"into": BadClearance()})


def _said(days: int | None, code: str) -> str:
    return f"{days} → {code}" if days else ""
