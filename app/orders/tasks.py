"""What is forgotten in time: where an order came from, and who was turned away."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from app.kit import clock, tasks
from app.kit.events import EventRow
from app.orders import service
from app.risk import service as risk

WIPE = "orders.wipe"
KEPT = timedelta(days=30)
AT_ONCE = 1000


def wipe_after(placed: Sequence[EventRow]) -> None:
    """Look once more when these orders are as old as that."""
    tasks.wake(WIPE, min(event.at for event in placed) + KEPT)


def wipe(_: UUID) -> tasks.Step:
    """Forget the networks of old orders, some at a time, and the old tries that were refused."""
    now = clock.now()
    done = service.forget_networks(before=now - KEPT, limit=AT_ONCE)
    risk.wipe(before=now - KEPT)
    again_at = now + timedelta(days=1) if service.keeps_networks() else None
    return tasks.Step(finished=done < AT_ONCE, done=done, again_at=again_at)


KINDS = (tasks.Kind(WIPE, wipe),)
