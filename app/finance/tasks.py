"""The counting of days that are over, so that a report never reads all that was sold."""

from uuid import UUID

from app.finance import days
from app.finance.days import CLOSE
from app.kit import clock, tasks


def close(_: UUID) -> tasks.Step:
    """Count one day; when none is left, come back when the next one is over."""
    now = clock.now()
    if days.close_next(now=now):
        return tasks.Step(finished=False)
    day = days.next_day()
    return tasks.Step(finished=True, again_at=days.closes_at(day) if day else None)


KINDS = (tasks.Kind(CLOSE, close),)
