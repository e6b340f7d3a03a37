"""Reconciling: what was sold, and what became of it, counted by the very conditions that open the rows.

Every entitlement counts under just one of refunded, owed, redeemed, expired and unredeemed; sold is their sum, and
revealed is told beside them. It belongs to the day on which it was granted, in the shop's zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, select

from app.entitlements.queries import Entitlement, State
from app.kit import clock, db
from app.kit.listing import Listing
from app.orders.queries import Order
from app.redemption import terms
from app.redemption.models import Voucher

MOST_DAYS = 92
PARTS = ("refunded", "owed", "redeemed", "expired", "unredeemed")
CLASSES = ("sold", "revealed", *PARTS)


def _conditions(now: datetime) -> Mapping[str, ColumnElement[bool]]:
    """Return what each class means; an entitlement that is used up in part is redeemed."""
    late = exists().where(
        Voucher.merchant_id == Entitlement.merchant_id,
        Voucher.entitlement_id == Entitlement.id,
        Voucher.valid_until <= now,
    )
    ready, unused = Entitlement.state == State.READY, Entitlement.used == 0
    return {
        "sold": literal(True),
        "revealed": Entitlement.reveals > 0,
        "refunded": Entitlement.state == State.REVOKED,
        "owed": Entitlement.state == State.PROMISED,
        "redeemed": and_(ready, Entitlement.used > 0),
        "expired": and_(ready, unused, late),
        "unredeemed": and_(ready, unused, ~late),
    }


def _in_class(query: Select[Any], name: str) -> Select[Any]:
    conditions = _conditions(clock.now())
    return query.where(conditions[name]) if name in conditions else query


def _on_day(query: Select[Any], text: str) -> Select[Any]:
    """Keep what was granted on a day of the shop, or from one day to another: 2026-02-17, 2026-02-01..2026-02-28."""
    if (bounds := terms.bounds_of(text)) is None:
        return query
    return query.where(Entitlement.granted_at >= bounds[0], Entitlement.granted_at < bounds[1])


def _of_company(query: Select[Any], text: str) -> Select[Any]:
    return query.where(_owned_by(terms.from_company(text)))


def _owned_by(company_id: UUID | None) -> ColumnElement[bool]:
    mine = (Order.merchant_id == Entitlement.merchant_id, Order.id == Entitlement.order_id)
    return exists().where(*mine, Order.company_id == company_id)


# The rows behind every total: the same words of filters, the same conditions.
ENTITLEMENTS = Listing(
    query=lambda: select(Entitlement),
    keys=(Entitlement.id,),
    filters={
        "class": _in_class,
        "sku": lambda query, said: query.where(Entitlement.sku_id == terms.from_sku(said)),
        "day": _on_day,
        "company": _of_company,
    },
)


@dataclass(frozen=True)
class Tally:
    """How many of a SKU were sold on a day, and what became of them."""

    sku_id: UUID
    day: date
    counts: Mapping[str, int]  # by CLASSES


def tallies(
    *, first: date, last: date, now: datetime, sku_id: UUID | None = None, company_id: UUID | None = None
) -> list[Tally]:
    """Count what was sold from one day of the shop to another by SKU and day, newest day first; at most MOST_DAYS."""
    days = [last - timedelta(days=ago) for ago in range(min((last - first).days + 1, MOST_DAYS))]
    if not days:
        return []
    starts = {day: terms.start(day) for day in [*days, last + timedelta(days=1)]}
    place = case(*((Entitlement.granted_at >= starts[day], number) for number, day in enumerate(days)))
    sums = [func.sum(case((condition, 1), else_=0)).label(name) for name, condition in _conditions(now).items()]
    query = select(Entitlement.sku_id, place.label("place"), *sums).where(
        Entitlement.granted_at >= starts[days[-1]], Entitlement.granted_at < starts[last + timedelta(days=1)]
    )
    for wanted, condition in ((sku_id, _is_of_sku), (company_id, _owned_by)):
        query = query.where(condition(wanted)) if wanted else query
    rows = db.session().execute(query.group_by(Entitlement.sku_id, "place").order_by("place", Entitlement.sku_id))
    return [Tally(row.sku_id, days[row.place], {name: int(getattr(row, name)) for name in CLASSES}) for row in rows]


def tallies_by_company(
    *, first: date, last: date, now: datetime, sku_id: UUID | None = None, company_id: UUID | None = None
) -> list[tuple[UUID | None, Mapping[str, int]]]:
    """Count what was sold in a stretch of days by the company that owns it; None: bought by nobody's company."""
    sums = [func.sum(case((condition, 1), else_=0)).label(name) for name, condition in _conditions(now).items()]
    mine = (Order.merchant_id == Entitlement.merchant_id) & (Order.id == Entitlement.order_id)
    query = (
        select(Order.company_id, *sums)
        .join(Order, mine)
        .where(
            Entitlement.granted_at >= terms.start(first), Entitlement.granted_at < terms.start(last + timedelta(days=1))
        )
    )
    for wanted, condition in ((sku_id, Entitlement.sku_id == sku_id), (company_id, Order.company_id == company_id)):
        query = query.where(condition) if wanted else query
    rows = db.session().execute(query.group_by(Order.company_id))
    counted = [(row.company_id, {name: int(getattr(row, name)) for name in CLASSES}) for row in rows]
    return sorted(counted, key=lambda row: -row[1]["sold"])


def _is_of_sku(sku_id: UUID | None) -> ColumnElement[bool]:
    return Entitlement.sku_id == sku_id
