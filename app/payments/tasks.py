"""The watch over unpaid orders nobody began to pay: when their time is up, their stock goes to others."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.kit import clock, tasks
from app.kit.events import EventRow
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Closed

WATCH = "payments.watch"
AT_ONCE = 50


def watch_after(placed: Sequence[EventRow]) -> None:
    """Look again when the time to pay of the first of these orders is up."""
    tasks.wake(WATCH, min(datetime.fromisoformat(event.data["expires_at"]) for event in placed))


def watch(_: UUID) -> tasks.Step:
    """Close unpaid orders whose time is up, some at a time; one with a payment under way waits for its gateway."""
    now = clock.now()
    late = orders.list_expired_unstarted(now=now, limit=AT_ONCE)
    ordering.close_unpaid(late, how=Closed.EXPIRED, now=now, unstarted=True)
    return tasks.Step(finished=True, done=len(late), again_at=orders.next_expiry())


KINDS = (tasks.Kind(WATCH, watch),)
