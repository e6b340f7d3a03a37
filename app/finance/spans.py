"""Spans: some days of the shop, and the moments at which they begin and end."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_

from app.kit import clock
from app.merchants import queries as merchants

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_DAYS = 92


@dataclass(frozen=True)
class Span:
    """Some days of the shop, first and last one included, and the moments at which they begin and end."""

    first: date
    last: date
    zone: ZoneInfo
    today: date

    @classmethod
    def of(cls, first: date, last: date) -> "Span":
        """Return the span of these days in the zone of the running shop, at most MOST_DAYS of them."""
        zone = ZoneInfo(merchants.current().zone)
        today = clock.now().astimezone(zone).date()
        return cls(max(first, last - (MOST_DAYS - 1) * DAY), last, zone, today)

    @cached_property
    def days(self) -> list[date]:
        return [self.first + number * DAY for number in range((self.last - self.first).days + 1)]

    def start(self, day: date) -> datetime:
        return datetime.combine(day, datetime.min.time(), self.zone)

    @cached_property
    def since(self) -> datetime:
        return self.start(self.first)

    @cached_property
    def until(self) -> datetime:
        return self.start(self.last + DAY)

    @cached_property
    def expired_before(self) -> date:
        """The day before which a last day must lie for a code to be expired at the end: today's are still good."""
        return min(self.last + DAY, max(self.today, self.first))

    @cached_property
    def weeks(self) -> list[date]:
        """The Mondays of the weeks that these days touch."""
        monday = self.first - timedelta(days=self.first.weekday())
        return [monday + number * 7 * DAY for number in range((self.last - monday).days // 7 + 1)]

    def week_of(self, moment: datetime) -> int:
        return (moment.astimezone(self.zone).date() - self.weeks[0]).days // 7

    def holds(self, moment: Any) -> ColumnElement[bool]:
        return and_(moment >= self.since, moment < self.until)


def span_of(text: str) -> Span | None:
    """Return the span that a text such as 2026-02-01..2026-02-28 means, or None."""
    first, _, last = text.partition("..")
    try:
        return Span.of(date.fromisoformat(first), date.fromisoformat(last))
    except (ValueError, OverflowError):
        return None
