"""Fulfilling: how far a paid order is delivered, and what it cost."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.sql.dml import ReturningUpdate

from app.kit import db
from app.kit.columns import Moment
from app.kit.events import SYSTEM, Event, publish
from app.kit.inline import among, spread
from app.orders.events import OrderDelivered, OrderPartlyDelivered, OrderQueued
from app.orders.models import Fulfilment, Order, Part, Payment

EVENTS: Mapping[Fulfilment, type[Event]] = {
    Fulfilment.PARTIAL: OrderPartlyDelivered,
    Fulfilment.DONE: OrderDelivered,
    Fulfilment.QUEUED: OrderQueued,
}


@cache
def _marking(state: Fulfilment, count: int) -> ReturningUpdate[Any]:
    o = Order.__table__.c
    values: dict[str, Any] = {"fulfilment": state}
    if state is Fulfilment.DONE:
        values["delivered_at"] = bindparam("now", type_=Moment)
    return (
        update(Order.__table__)  # type: ignore[arg-type]
        .where(
            o.merchant_id == bindparam("merchant"),
            among(o.id, "order", count),
            o.payment.in_((Payment.PAID, Payment.PARTIALLY_REFUNDED)),
            o.fulfilment != Fulfilment.DONE,
            o.fulfilment != state,
        )
        .values(values)
        .returning(o.id)
    )


def mark_fulfilled(states: Mapping[UUID, Fulfilment], *, now: datetime) -> None:
    """Record how far paid orders are delivered, one statement for each state; a refunded order stays as it is."""
    for state in sorted(set(states.values())):
        ids = sorted(order for order, new in states.items() if new is state)
        binds = {"merchant": db.merchant_id()} | spread("order", ids)
        binds |= {"now": now} if state is Fulfilment.DONE else {}
        marked = sorted(db.session().scalars(_marking(state, len(ids)), binds))
        publish(*(EVENTS[state](subject_id=order, order_id=order, at=now, by=SYSTEM) for order in marked))


def set_costs(costs: Mapping[UUID, int]) -> None:
    """Replace the cost of parts that were delivered from other codes than the ones held at placement."""
    for part_id, cost in costs.items():
        _change_part(part_id, cost=cost)


def add_costs(costs: Mapping[UUID, int]) -> None:
    """Add what codes cost that came for a part after it was paid."""
    for part_id, cost in costs.items():
        _change_part(part_id, cost=Part.__table__.c.cost + cost)


def _change_part(part_id: UUID, **values: Any) -> None:
    p = Part.__table__.c
    statement = update(Part.__table__).where(p.merchant_id == db.merchant_id(), p.id == part_id)  # type: ignore[arg-type]
    db.session().execute(statement.values(**values))
    db.unit().notes.pop("parts", None)


def mark_notified(order_ids: Collection[UUID], *, now: datetime) -> None:
    """Record when the buyers of orders were first told something."""
    o, ids = Order.__table__.c, sorted(order_ids)
    untold = (o.merchant_id == db.merchant_id(), among(o.id, "order", len(ids)), o.notified_at.is_(None))
    db.changed(update(Order.__table__).where(*untold).values(notified_at=now), spread("order", ids))  # type: ignore[arg-type]
