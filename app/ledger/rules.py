"""When a business day is over, wherever on earth the shop is; the same for all, so that no zone decides it twice."""

from datetime import UTC, date, datetime, time, timedelta

DAY = timedelta(days=1)
PATIENCE = timedelta(hours=1)  # far longer than any unit that read the clock before its day closed


def open_since(now: datetime) -> date:
    """Return the oldest business day that still takes entries: yesterday by UTC is today in the far west."""
    return now.date() - DAY


def settled_before(now: datetime) -> date:
    """Return the first day that may still change; every unit that could write to the days before it is over."""
    return open_since(now - PATIENCE)


def settles_at(day: date) -> datetime:
    """Return the moment from which a day never changes again."""
    return datetime.combine(day + 2 * DAY, time(), UTC) + PATIENCE
