"""Serving the queue: codes that come into stock go to those who have paid and wait, the longest first."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from app.entitlements.events import PromisesKept
from app.entitlements.models import Entitlement, State
from app.inventory import service as inventory
from app.kit import clock, db
from app.kit.events import EventRow, publish
from app.kit.ids import Id
from app.kit.inline import inline
from app.merchants import queries as merchants
from app.orders import service as ordering
from app.orders.queries import Fulfilment

AT_ONCE = 500


class Stocked(Protocol):
    """An event that tells which SKUs have free codes now."""

    at: datetime

    @property
    def skus(self) -> Sequence[UUID]: ...


def serve(stocked: Sequence[Stocked]) -> None:
    """Keep promises with codes that have just come, in the unit that brings them, so that nobody gets in between.

    A reaction: it never refuses; who is not served now waits on.
    """
    _serve({sku for event in stocked for sku in event.skus}, max(event.at for event in stocked))


def serve_stocked(stocked: Sequence[EventRow]) -> None:
    """Look once more after the commit: a promise made in that very moment was not seen by the unit that brought codes.

    Nor did the unit that promised see the codes; it has `serve_promised`, and whichever looks last sees both.
    """
    _serve({UUID(sku) for event in stocked for sku in event.data["skus"]}, clock.now())


def serve_promised(queued: Sequence[EventRow]) -> None:
    """Look once more after the commit for codes that came while these orders were told to wait."""
    waiting = select(Entitlement.sku_id).where(
        Entitlement.order_id.in_([event.subject_id for event in queued]), Entitlement.state == State.PROMISED
    )
    _serve(set(db.session().scalars(waiting.distinct())), clock.now())


def _serve(skus: Iterable[UUID], now: datetime) -> None:
    for sku_id in sorted(skus):
        while _serve_some(sku_id, now) == AT_ONCE:
            pass


def _serve_some(sku_id: UUID, now: datetime) -> int:
    """Serve those who wait longest for a SKU, at most AT_ONCE codes, and return how many were served."""
    owed = _lock_owed(sku_id)
    if not owed:
        return 0
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    given = inventory.give([inventory.Owed(row.id, row.part_id, sku_id) for row in owed], now=now, today=today)
    if not given:
        return 0
    _mark_ready(given, now)
    of = {row.id: row for row in owed}
    cost: dict[UUID, int] = defaultdict(int)
    for sale in given:
        cost[sale.part_id] += sale.cost
    ordering.add_costs(cost)
    served = sorted({of[sale.entitlement_id].order_id for sale in given})
    ordering.mark_fulfilled(_fulfilment(served), now=now)
    _publish(served, given, of, now)
    return len(given)


def _lock_owed(sku_id: UUID) -> Sequence[Any]:
    """List promised entitlements, who waits longest first; touching them keeps a refund from taking them meanwhile."""
    e = Entitlement.__table__.c
    mine = (e.merchant_id == db.merchant_id(), e.sku_id == sku_id, e.state == State.PROMISED)
    first = select(e.id).where(*mine).order_by(e.granted_at, e.id).limit(AT_ONCE)
    touched = update(Entitlement.__table__).where(*mine, e.id.in_(first)).values(state=State.PROMISED)  # type: ignore[arg-type]
    rows = db.session().execute(touched.returning(e.id, e.part_id, e.order_id, e.granted_at)).all()
    return sorted(rows, key=lambda row: (row.granted_at, row.id))


def _mark_ready(given: Sequence[inventory.Sold], now: datetime) -> None:
    e = Entitlement.__table__.c
    kinds = {"id": Id(), "code_id": Id(), "tail": e.tail.type}
    new = inline("new", kinds, [(sale.entitlement_id, sale.code_id, sale.tail) for sale in given])
    statement = update(Entitlement.__table__).where(  # type: ignore[arg-type]
        e.merchant_id == db.merchant_id(), e.id == new.c.id, e.state == State.PROMISED
    )
    db.changed(statement.values(state=State.READY, code_id=new.c.code_id, tail=new.c.tail, ready_at=now))


def _fulfilment(order_ids: Iterable[UUID]) -> dict[UUID, Fulfilment]:
    e = Entitlement.__table__.c
    mine = (e.merchant_id == db.merchant_id(), e.order_id.in_(list(order_ids)), e.state == State.PROMISED)
    owing = select(e.order_id, func.count()).where(*mine).group_by(e.order_id)
    left: dict[UUID, int] = dict(db.session().execute(owing).all())
    return {order: Fulfilment.PARTIAL if left.get(order) else Fulfilment.DONE for order in order_ids}


def _publish(orders: Sequence[UUID], given: Sequence[inventory.Sold], of: dict[UUID, Any], now: datetime) -> None:
    sales: dict[UUID, list[inventory.Sold]] = defaultdict(list)
    for sale in given:
        sales[of[sale.entitlement_id].order_id].append(sale)
    publish(
        *(
            PromisesKept(
                subject_id=order,
                order_id=order,
                first_id=sales[order][0].entitlement_id,
                count=len(sales[order]),
                cost=sum(sale.cost for sale in sales[order]),
                at=now,
            )
            for order in orders
        )
    )
