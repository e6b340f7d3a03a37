"""Figures of telling: how much of it went well, and how quickly, over the last day and week, by channel.

One question to an index that holds all it asks for (`ix_delivery_figures`): no row of a message is read. What it
counts is grouped by pace there, so the answer stays short however much was told.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from app.delivery.models import Channel, Delivery, State
from app.delivery.plan import percentile
from app.kit import db

DAY, WEEK = timedelta(days=1), timedelta(days=7)
WELL = (State.SENT, State.ACCEPTED, State.DELIVERED)
BADLY = (State.FAILED, State.PASSED, State.UNKNOWN)


@dataclass
class Figures:
    """What became of the messages that were asked for in a while."""

    states: Counter[State] = field(default_factory=Counter)
    left: Counter[int] = field(default_factory=Counter)  # by pace: what it tells → sent
    paid: Counter[int] = field(default_factory=Counter)  # by pace: paid → codes announced

    @property
    def total(self) -> int:
        return self.states.total()

    @property
    def well(self) -> int:
        return sum(self.states[state] for state in WELL)

    @property
    def badly(self) -> int:
        return sum(self.states[state] for state in BADLY)

    @property
    def waiting(self) -> int:
        return self.states[State.QUEUED]

    @property
    def rate(self) -> float | None:
        """Return which share of those that ended did so well; None when none has ended."""
        ended = self.well + self.badly
        return self.well / ended if ended else None

    def left_within(self, share: float) -> timedelta | None:
        return percentile(self.left, share)

    def announced_within(self, share: float) -> timedelta | None:
        return percentile(self.paid, share)

    def count(self, state: State, left: int | None, paid: int | None, number: int) -> None:
        self.states[state] += number
        if left is not None:
            self.left[left] += number
        if paid is not None:
            self.paid[paid] += number


@dataclass(frozen=True)
class Told:
    """The figures of all channels together, and of each that was used."""

    all: Figures
    channels: Mapping[Channel, Figures]


def told_lately(now: datetime) -> tuple[Told, Told]:
    """Return the figures of the last day and of the last week."""
    day, week = _empty(), _empty()
    for channel, state, left, paid, is_recent, number in _counted(now, WEEK):
        for told in (week, day) if is_recent else (week,):
            for figures in (told.all, told.channels[channel]):
                figures.count(state, left, paid, number)
    return day, week


def told_today(now: datetime) -> Figures:
    """Return the figures of the last day alone, which a first page can afford."""
    found = Figures()
    for _, state, left, paid, _, number in _counted(now, DAY):
        found.count(state, left, paid, number)
    return found


def _empty() -> Told:
    return Told(Figures(), defaultdict(Figures))


def _counted(now: datetime, span: timedelta) -> Sequence[tuple[Channel, State, int | None, int | None, int, int]]:
    recent = case((Delivery.created_at >= now - DAY, 1), else_=0)
    groups = (Delivery.channel, Delivery.state, Delivery.left_pace, Delivery.paid_pace, recent)
    query = select(*groups, func.count()).where(Delivery.created_at >= now - span).group_by(*groups)
    return [tuple(row) for row in db.session().execute(query)]
