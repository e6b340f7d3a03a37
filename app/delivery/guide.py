"""The guide: by which ways a shop tells somebody, and when, in few questions for however many people.

One plan for everybody whom the shop tells: buyers, members of companies, and people to whom a company gives something.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from app.delivery.models import About, Channel
from app.delivery.plan import Plan, night_until, ways_to
from app.delivery.ways import TellingPolicy
from app.kit import db
from app.merchants import queries as merchants
from app.messages import queries as carriers

QUIET = "it is night at the shop"


class Guide:
    """What one unit needs to know to find ways: the plan, by what somebody carries, and where the shop is."""

    def __init__(self) -> None:
        self.plan = read_plan()
        self.carried = carriers.carried_channels() | {Channel.EMAIL}
        self.zone = merchants.current().zone

    def ways(
        self,
        reached: Collection[Channel],
        *,
        first: Channel | None = None,
        out: Collection[Channel] = (),
        must: bool = False,
    ) -> list[Channel]:
        """Return how somebody who bought nothing themselves is told, first to last; `first` and `out` are their wishes.

        Who must be told is, where nothing else reaches them, told by a way that the shop would rather not use.
        """
        known = self.carried.intersection(reached)
        found = ways_to(self.plan, known, first=first, out=out)
        return found if found or not must else ways_to(replace(self.plan, off=frozenset()), known, first=first, out=out)

    def due(self, channel: Channel, *, now: datetime) -> datetime:
        """Return when somebody is told who asked for nothing: now, or when the night is over if it would wake them."""
        return night_until(self.plan, channel, at=now, zone=self.zone) or now

    def waits(self, channel: Channel, lines: Sequence[carriers.Line], *, now: datetime) -> str:
        """Return why such a message does not go just now, or ""."""
        return QUIET if self.due(channel, now=now) > now else carriers.resting(channel, lines)


def read_plan() -> Plan:
    """Return how the shop wants people to be told."""
    row = db.session().scalars(select(TellingPolicy)).one_or_none()
    if row is None:
        return Plan()
    return Plan(
        tuple(Channel[name] for name in row.channels),
        frozenset(Channel[name] for name in row.off),
        row.quiet_from,
        row.quiet_to,
        frozenset(About[name] for name in row.waiting),
        frozenset(About[name] for name in row.silent),
    )
