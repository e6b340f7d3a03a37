"""How well and how quickly buyers are told, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import format_decimal, format_percent, format_timedelta, gettext

from app.delivery.queries import Figures, Told, told_lately, told_today
from app.kit import clock
from app.web.channels import channel_words
from app.web.language import here

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class RowShown:
    """One channel over a while; each number leads to the messages that it counts."""

    name: str
    rate: str
    left: str  # half and nearly all of what it tells → sent
    announced: str  # half and nearly all of paid → codes announced
    well: int
    badly: int
    waiting: int
    places: Mapping[str, str]


@dataclass(frozen=True)
class FiguresShown:
    """The figures of a while: all channels, and each."""

    name: str
    all: RowShown
    channels: list[RowShown]


def figures_shown(now: datetime) -> list[FiguresShown]:
    """Return the figures of the last day and of the last week."""
    day, week = told_lately(now)
    return [_shown(gettext("Last 24 hours"), "day", day), _shown(gettext("Last 7 days"), "week", week)]


def told_rate() -> RowShown:
    """Return the figures of the last day, for the first page."""
    return _row("", told_today(clock.now()), age="day")


def _shown(name: str, age: str, told: Told) -> FiguresShown:
    rows = [
        _row(channel_words(channel), found, age=age, channel=channel.name.lower())
        for channel, found in sorted(told.channels.items())
    ]
    return FiguresShown(name, _row(gettext("All channels"), told.all, age=age), rows if len(rows) > 1 else [])


def _row(name: str, found: Figures, **place: str) -> RowShown:
    places = {"well": "well", "badly": "badly", "waiting": "queued"}
    return RowShown(
        name,
        _share(found.rate),
        _pair(found.left_within(0.5), found.left_within(0.95)),
        _pair(found.announced_within(0.5), found.announced_within(0.95)),
        found.well,
        found.badly,
        found.waiting,
        {what: here(".messages", state=state, **place) for what, state in places.items()},
    )


def _share(rate: float | None) -> str:
    """Return a share in per cent, never rounded up: what failed shows."""
    return "–" if rate is None else format_percent(int(rate * 1000) / 1000, "#,##0.#%")


def _pair(half: timedelta | None, most: timedelta | None) -> str:
    return "–" if half is None or most is None else f"{_long(half)} · {_long(most)}"


def _long(taken: timedelta) -> str:
    """Return how long something took: parts of a second count."""
    if taken < MINUTE:
        return str(gettext("%(seconds)s s", seconds=format_decimal(round(taken.total_seconds(), 1))))
    return str(format_timedelta(taken, threshold=1.5))
