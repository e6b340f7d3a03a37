"""Asking gateways: has it been paid after all? And closing what was not, before its stock goes to somebody else."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update

from app.kit import db, effects
from app.kit.events import By, publish
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Closed, Order
from app.payments.errors import AlreadyDealtWith
from app.payments.events import CancelAsked
from app.payments.models import LIVE, Attempt, AttemptState
from app.payments.providers import Told
from app.payments.queries import CLOSE
from app.payments.service.asking import BETWEEN, ask_about
from app.payments.service.heeding import confirmed, never_confirmed
from app.payments.service.inbox import Arrived
from app.payments.service.notices import apply


def ask(order_id: UUID, *, now: datetime) -> list[UUID]:
    """Have the gateways of an order asked at once whether it was paid; returns the effects to wait for."""
    a = Attempt.__table__.c
    statement = (
        update(Attempt.__table__)  # type: ignore[arg-type]
        .where(
            a.merchant_id == db.merchant_id(),
            a.order_id == order_id,
            a.state.in_(LIVE),
            or_(a.asked_at.is_(None), a.asked_at <= now - BETWEEN),
        )
        .values(asked_at=now)
        .returning(a.id)
    )
    asked = db.session().scalars(statement).all()
    return [ask_about(attempt, now=now) for attempt in sorted(asked)]


def cancel(order: Order, *, now: datetime, by: By) -> list[UUID]:
    """Cancel an unpaid order: at once, or as soon as its gateways have closed what was started.

    Returns the effects to wait for; refuses with NotCancellable when it is paid or closed.
    """
    if order.started_at is None:
        ordering.cancel(order.id, now=now, by=by)
        return []
    ordering.check_cancellable(order)
    publish(CancelAsked(subject_id=order.id, order_id=order.id, at=now, by=by))
    attempts = sorted(db.session().scalars(select(Attempt.id).where(Attempt.order_id == order.id)))
    closing = [effect for some in effects.list_of(attempts).values() for effect in some if effect.kind == CLOSE]
    return [effect.id for effect in closing if effects.again(effect.id, now=now)]


def settle_told(attempt_id: UUID, told: Told, *, now: datetime, last: bool = False) -> None:
    """Let a payment count that a gateway told us of when we asked, as if it had sent a notice.

    Where it is not what was due, the order waits on; when this was the `last` question, no other payment can come.
    """
    attempt = db.get(Attempt, attempt_id)
    apply([Arrived(attempt.method_id, told, "", now)])
    confirmed(attempt, told.trade_no, now=now)
    if orders.find_due(attempt.order_id) is None:
        _restate(attempt_id, AttemptState.PAID)
    elif last:
        settle_closed(attempt_id, now=now)


def settle_closed(attempt_id: UUID, *, now: datetime) -> None:
    """Note that a payment can no longer be made; an order whose every payment is closed gives its stock back."""
    attempt = db.get(Attempt, attempt_id)
    order_id = attempt.order_id
    ordering.lock(order_id)  # else two that close at once each leave the order to the other
    _restate(attempt_id, AttemptState.CLOSED)
    never_confirmed(attempt, now=now)
    a = Attempt.__table__.c
    live = select(a.id).where(a.merchant_id == db.merchant_id(), a.order_id == order_id, a.state.in_(LIVE)).limit(1)
    if db.session().scalar(live) is None:
        late = now >= orders.get(order_id).expires_at
        ordering.close_unpaid([order_id], how=Closed.EXPIRED if late else Closed.CANCELLED, now=now)


def settle_unpaid(attempt_id: UUID, *, now: datetime) -> None:
    """Note that a gateway, asked after a notice, knows of no payment or does not say.

    One that still may be made is asked about again until its time is up; of one that ended this was the last question.
    """
    attempt = db.get(Attempt, attempt_id)
    if not attempt.is_live:
        never_confirmed(attempt, now=now)


def _restate(attempt_id: UUID, state: AttemptState) -> None:
    a = Attempt.__table__.c
    statement = update(Attempt.__table__).where(  # type: ignore[arg-type]
        a.merchant_id == db.merchant_id(), a.id == attempt_id, a.state.in_(LIVE)
    )
    db.changed(statement.values(state=state))


def ask_again(effect_id: UUID, *, now: datetime) -> None:
    """Ask a gateway once more that has not answered for long; refuses what was dealt with since."""
    if effects.get(effect_id).kind != CLOSE or not effects.again(effect_id, now=now):
        raise AlreadyDealtWith
