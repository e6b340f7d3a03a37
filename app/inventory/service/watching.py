"""The daily watch over stock: what the turn of a day does to it by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.inventory.queries import DAILY
from app.kit import clock, tasks
from app.kit.events import EventRow
from app.merchants import queries as merchants


def watch_after(_: Sequence[EventRow]) -> None:
    """Look after the stock when the shop's next day begins, now that there is some."""
    tasks.wake(DAILY, next_day(clock.now()))


def next_day(now: datetime) -> datetime:
    """Return when the shop's next day begins."""
    local = now.astimezone(ZoneInfo(merchants.current().zone))
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
