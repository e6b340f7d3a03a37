"""How far long work is, in words: the same on every page that shows some."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import format_timedelta

from app.inventory.queries import Progress


@dataclass(frozen=True)
class ProgressShown:
    """How much is done of all, how much a second, and how long it still takes, in words; empty while nobody knows."""

    done: int
    total: int
    rate: int = 0
    left: str = ""


def shown(progress: Progress, now: datetime) -> ProgressShown:
    """Return how far work is at its pace up to now."""
    seconds = progress.seconds_left(now)
    left = "" if seconds is None else format_timedelta(timedelta(seconds=max(seconds, 1)), threshold=1.5)
    return ProgressShown(progress.done, progress.total, progress.rate(now), left)
