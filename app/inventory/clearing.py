"""Clearance: which codes are about to expire, how many went to be sold at another price, how long those are good."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, text

from app.inventory.allocation import CODE, FREE, HELD
from app.inventory.events import CodesCleared
from app.kit import db
from app.kit.events import EventRow
from app.kit.ids import Id


def in_window(days: int, today: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a code expires within so many days from today; what has expired is not among them."""
    return (CODE.expires_on >= today, CODE.expires_on <= today + timedelta(days=days))


def of_held(sku_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a code of a SKU is on hold."""
    # The plus keeps SQLite from walking all codes of the SKU, sold ones included, in place of those that are held.
    same = text("+code.sku_id = :sku" if db.is_sqlite() else "code.sku_id = :sku")
    return (CODE.merchant_id == db.merchant_id(), same.bindparams(bindparam("sku", sku_id, Id)), HELD, ~CODE.frozen)  # type: ignore[return-value]


def good_until(sku_id: UUID, today: date) -> date | None:
    """Return the day until which each code of a SKU is good that somebody may yet buy; None where none expires.

    What others hold is looked at, too, since it may come back.
    """
    free = (CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, FREE)
    queries = (
        select(func.min(CODE.expires_on)).where(*some, CODE.expires_on >= today) for some in (free, of_held(sku_id))
    )
    return min((day for query in queries if (day := db.session().scalar(query))), default=None)


def count_cleared(product_id: UUID, sku_id: UUID, *, since: datetime) -> int:
    """Count the codes of a SKU that went to be sold at another price since a moment."""
    of_product = (EventRow.subject_type == CodesCleared.subject_type, EventRow.subject_id == product_id)
    query = select(EventRow.data).where(*of_product, EventRow.name == CodesCleared.name, EventRow.at >= since)
    return sum(told["count"] for told in db.session().scalars(query) if told["skus"][0] == str(sku_id))
