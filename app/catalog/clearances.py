"""Clearances: which variant's codes go to which other one so many days before they expire."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from app.catalog.models import Sku
from app.kit import db
from app.kit.money import Money
from app.kit.recent import Recent

_known: "Recent[Mapping[UUID, Clearance]]" = Recent()


@dataclass(frozen=True)
class Clearance:
    """A rule: codes of a SKU that expire within so many days move to another of the same product."""

    sku_id: UUID
    code: str
    price: Money  # what is asked for before
    product_id: UUID
    days: int
    into_id: UUID
    into: str


def clearances() -> Mapping[UUID, Clearance]:
    """Return the rules of the shop by the SKU they move codes to; a few seconds old in other processes."""
    return _known.find((db.merchant_id(),), read_clearances) or {}


def forget_clearances() -> None:
    """Let what the running unit changes be seen."""
    _known.forget()


def read_clearances() -> dict[UUID, Clearance]:
    """Return the rules of the shop as the running unit sees them, by the SKU they move codes to."""
    into = aliased(Sku)
    to = (into.merchant_id == Sku.merchant_id) & (into.id == Sku.clear_sku_id)
    rows = db.session().execute(select(Sku, into.id, into.code).join(into, to).order_by(Sku.code))
    return {
        into_id: Clearance(sku.id, sku.code, sku.price, sku.product_id, sku.clear_days or 0, into_id, code)
        for sku, into_id, code in rows
    }


def find_clearance(sku_id: UUID) -> Clearance | None:
    """Return the rule by which a SKU gives codes or takes them."""
    return next((one for one in read_clearances().values() if sku_id in (one.sku_id, one.into_id)), None)


def is_cleared(sku: Sku) -> bool:
    """Tell whether a SKU is in a clearance, on either side."""
    either = or_(Sku.clear_sku_id == sku.id, (Sku.id == sku.id) & Sku.clear_sku_id.is_not(None))
    return db.session().scalar(select(Sku.id).where(either).limit(1)) is not None
