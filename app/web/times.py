"""Days as a shop counts them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def business_day(at: datetime, zone: str) -> date:
    """Return the day of `at` in the shop's zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def start_of_day(at: datetime, zone: str) -> datetime:
    """Return when the day of `at` began in the shop's zone."""
    return at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def later_than(now: datetime, at: datetime | None) -> datetime | None:
    """Return a moment that lies ahead, or None."""
    return at if at is not None and at > now else None


def time_left(now: datetime, until: datetime) -> tuple[int, str]:
    """Return how long it is until a moment: in seconds, and as a clock counts them down."""
    seconds = max(0, -((now - until) // timedelta(seconds=1)))
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return seconds, f"{hours}:{minutes:02}:{rest:02}"
