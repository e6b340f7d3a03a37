"""The rolling up of days that are over, so that asking for a balance never reads all entries."""

from collections.abc import Sequence
from uuid import UUID

from app.kit import clock, tasks
from app.kit.events import EventRow
from app.ledger import queries, service
from app.ledger.rules import settles_at

ROLL = "ledger.roll"


def roll_after(posted: Sequence[EventRow]) -> None:
    """Have the days of what was posted rolled up once they are over."""
    tasks.wake(ROLL, settles_at(min(event.at for event in posted).date()))


def roll(_: UUID) -> tasks.Step:
    """Roll up one day; when none is left, come back when the next one is over."""
    if service.roll(now=clock.now()):
        return tasks.Step(finished=False)
    day = queries.next_day(after=queries.rolled_through())
    return tasks.Step(finished=True, again_at=settles_at(day) if day else None)


KINDS = (tasks.Kind(ROLL, roll),)
