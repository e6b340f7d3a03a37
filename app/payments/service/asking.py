"""Asking gateways about unpaid payments: at once, and by itself at growing intervals until the time to pay is up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from app.kit import db, effects
from app.kit.effects import Effect, State
from app.orders import queries as orders
from app.payments.models import Attempt

QUERY, SWEEP = "payment.query", "payment.sweep"
ASKING = timedelta(minutes=1)
LATE = timedelta(hours=24)  # how long a gateway is asked about money that may have come after the end
BETWEEN = timedelta(seconds=3)  # what is told of more often than this is asked about together
FIRST = timedelta(seconds=20)  # most notices are there by then
LONGEST = timedelta(minutes=15)


def ask_about(attempt_id: UUID, *, now: datetime) -> UUID:
    """Have one gateway asked at once how a payment stands; returns the effect."""
    return effects.intend(QUERY, attempt_id, due_at=now, deadline=now + ASKING)


def ask_soon(attempt: Attempt, known: Sequence[Effect], *, now: datetime) -> None:
    """Have a gateway asked after it told us something: at once, but one question waits at a time, however much comes.

    A question under way may have been asked before this came, so another follows it.
    """
    asked = [effect for effect in known if effect.kind == QUERY]
    if any(effect.state is State.WAITING for effect in asked):
        return
    due = max([now, *(effect.created_at + BETWEEN for effect in asked)])
    effects.intend(QUERY, attempt.id, due_at=due, deadline=due + (ASKING if attempt.is_live else LATE))


def watch_over(attempt_id: UUID, *, now: datetime, asks: int = 0) -> None:
    """Have the gateway of an unpaid payment asked by itself, each time after twice as long."""
    due = now + min(FIRST * 2**asks, LONGEST)
    effects.intend(SWEEP, attempt_id, due_at=due, deadline=due + ASKING)


def watch_on(attempt_id: UUID, *, now: datetime) -> None:
    """Go on asking about a payment nobody has made yet; when its time is up it is closed, which asks last."""
    attempt = db.get(Attempt, attempt_id)
    if attempt.is_live and now < orders.get(attempt.order_id).expires_at:
        a = Attempt.__table__.c
        mine = (a.merchant_id == db.merchant_id(), a.id == attempt_id)
        db.changed(update(Attempt.__table__).where(*mine).values(asks=a.asks + 1))  # type: ignore[arg-type]
        watch_over(attempt_id, now=now, asks=attempt.asks + 1)
