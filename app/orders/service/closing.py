"""Closing: unpaid orders that ran out or were cancelled, and their stock given back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from app.inventory import service as inventory
from app.inventory.events import HoldsLapsed
from app.kit import db
from app.kit.events import SYSTEM, By, publish
from app.kit.few import no_index
from app.orders import queries
from app.orders.errors import NotCancellable
from app.orders.events import OrderCancelled, OrderExpired
from app.orders.models import Closed, Order, Part, Payment, Purpose, Tender

EVENTS = {Closed.EXPIRED: OrderExpired, Closed.CANCELLED: OrderCancelled}


def close_unpaid(
    order_ids: Sequence[UUID], *, how: Closed, now: datetime, by: By = SYSTEM, unstarted: bool = False
) -> list[UUID]:
    """Close orders that are unpaid and open, give back the stock they hold, and return those that this call closed.

    Of an order whose payment was started, the gateway has said before that nothing was paid; `unstarted` leaves
    such orders alone.
    """
    o = Order.__table__.c
    which = [o.id.in_(order_ids)] + ([o.started_at.is_(None)] if unstarted else [])
    _lock_tenders(order_ids)
    closed = _close(*which, how=how, now=now, by=by)
    _release(closed, now)
    return closed


def cancel(order_id: UUID, *, now: datetime, by: By) -> None:
    """Cancel an unpaid order of which no payment was started; refuses any other with NotCancellable."""
    o = Order.__table__.c
    _lock_tenders([order_id])
    closed = _close(o.id == order_id, o.started_at.is_(None), how=Closed.CANCELLED, now=now, by=by)
    if not closed:
        raise NotCancellable
    _release(closed, now)


def lock(order_id: UUID) -> None:
    """Let nobody start to pay, pay or close an order until the running unit ends; what follows sees how it stands."""
    _lock_tenders([order_id])
    o = Order.__table__.c
    mine = select(o.id).where(o.merchant_id == db.merchant_id(), o.id == order_id)
    db.session().execute(mine.with_for_update())


def _lock_tenders(order_ids: Sequence[UUID]) -> None:
    """Let no money meet the tenders meanwhile of orders of which a part may be held.

    Money that comes takes the tender first and the order after it, so whoever closes an order does the same.
    """
    o, t = Order.__table__.c, Tender.__table__.c
    split = or_(o.holder_id.is_not(None), o.exchange_id.is_not(None))
    theirs = select(o.id).where(o.merchant_id == db.merchant_id(), o.id.in_(order_ids), split)
    if ids := db.session().scalars(theirs).all():
        query = select(t.id).where(t.merchant_id == db.merchant_id(), t.order_id.in_(ids)).order_by(no_index(t.id))
        db.session().execute(query.with_for_update())


def check_cancellable(order: Order) -> None:
    """Refuse with NotCancellable an order that is paid or closed."""
    if order.payment is not Payment.PENDING or order.closed is not Closed.OPEN:
        raise NotCancellable


def expire(events: Sequence[HoldsLapsed]) -> None:
    """Close unpaid orders whose stock went to somebody else.

    One that is locked is left alone: it is being paid or closed just now, by somebody who may wait for our codes.
    """
    o, p = Order.__table__.c, Part.__table__.c
    parts = [part for event in events for part in event.parts]
    theirs = select(p.order_id).where(p.merchant_id == db.merchant_id(), p.id.in_(parts))
    whole = (o.holder_id.is_(None), o.exchange_id.is_(None))  # the others wait for the watch
    mine = (o.merchant_id == db.merchant_id(), o.id.in_(theirs), *whole)
    ids = sorted(db.session().scalars(select(o.id).where(*mine).with_for_update(skip_locked=True)))
    _close(o.id.in_(ids), o.started_at.is_(None), how=Closed.EXPIRED, now=max(event.at for event in events), by=SYSTEM)


def _close(*which: ColumnElement[bool], how: Closed, now: datetime, by: By) -> list[UUID]:
    o = Order.__table__.c
    unpaid = (o.merchant_id == db.merchant_id(), o.payment == Payment.PENDING, o.closed == Closed.OPEN)
    closing = update(Order.__table__).where(*unpaid, *which)  # type: ignore[arg-type]
    statement = closing.values(closed=how).returning(o.id, o.holder_id, o.exchange_id, o.purpose)
    closed = sorted(db.session().execute(statement).all())
    kind = EVENTS[how]
    publish(
        *(
            kind(
                subject_id=row.id,
                order_id=row.id,
                holder_id=row.holder_id,
                exchange_id=row.exchange_id,
                top_up=row.purpose is Purpose.TOP_UP,
                at=now,
                by=by,
            )
            for row in closed
        )
    )
    return [row.id for row in closed]


def _release(order_ids: Sequence[UUID], now: datetime) -> None:
    if order_ids:
        parts = queries.list_parts(order_ids)
        inventory.release([part.id for part in parts], now=now, sources={part.source for part in parts})
