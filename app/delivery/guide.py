"""The guide: by which ways a shop tells somebody, and when, in few questions for however many people.

One plan for everybody whom the shop tells: buyers, members of companies, and people to whom a company gives something.
"""

from sqlalchemy import select

from app.delivery.models import About, Channel
from app.delivery.plan import Plan
from app.delivery.ways import TellingPolicy
from app.kit import db
from app.merchants import queries as merchants
from app.messages import queries as carriers


class Guide:
    """What one unit needs to know to find ways: the plan, by what somebody carries, and where the shop is."""

    def __init__(self) -> None:
        self.plan = read_plan()
        self.carried = carriers.carried_channels() | {Channel.EMAIL}
        self.zone = merchants.current().zone


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
