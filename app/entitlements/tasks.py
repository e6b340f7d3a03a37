"""The watch over what was paid: an order that was given nothing is found, whatever went wrong."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from app.entitlements import service
from app.kit import clock, tasks
from app.kit.events import EventRow
from app.orders import queries as orders

WATCH = "entitlements.watch"
GRACE = timedelta(seconds=10)
AT_ONCE = 50


def watch_after(paid: Sequence[EventRow]) -> None:
    """Look once more, a moment after orders were paid."""
    tasks.wake(WATCH, max(event.at for event in paid) + GRACE)


def watch(_: UUID) -> tasks.Step:
    """Give what paid orders were not given, some at a time."""
    now = clock.now()
    missing = orders.list_ungranted(before=now - GRACE / 2, limit=AT_ONCE)
    service.grant_missing(missing, now=now)
    return tasks.Step(finished=len(missing) < AT_ONCE, done=len(missing))


KINDS = (tasks.Kind(WATCH, watch),)
