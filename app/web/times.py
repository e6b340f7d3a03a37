"""Days as a shop counts them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def business_day(at: datetime, zone: str) -> date:
    """Return the day of `at` in the shop's zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def start_of_day(at: datetime, zone: str) -> datetime:
    """Return when the day of `at` began in the shop's zone."""
    return at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
