"""The table of effects: one row for each call to something outside, kept after it ended."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Index, SmallInteger, Text, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.effects.kinds import Lane
from app.kit.ids import Id
from app.kit.tenancy import Owned


class State(IntEnum):
    """The first three are alive: a runner will come for them."""

    WAITING = 0
    CALLING = 1
    UNKNOWN = 2
    DONE = 3
    REFUSED = 4
    GIVEN_UP = 5


def _due_in(lane: Lane) -> Index:
    """Return the index of what is due in one lane: however long another one is, nobody walks past it."""
    where = text(f"state IN (0, 1, 2) AND lane = {lane:d}")
    return Index(f"ix_effect_due_{lane:d}", "merchant_id", "due_at", postgresql_where=where, sqlite_where=where)


class Effect(Owned):
    __tablename__ = "effect"
    __table_args__ = (
        choice_check("state", State),
        choice_check("lane", Lane),
        *(_due_in(lane) for lane in Lane),
        Index(
            "ix_effect_stuck",
            "merchant_id",
            "id",
            postgresql_where=text("state IN (2, 5)"),
            sqlite_where=text("state IN (2, 5)"),
        ),
        Index(None, "merchant_id", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # the idempotency key told to the other side
    kind: Mapped[str] = mapped_column(Text)
    lane: Mapped[Lane] = mapped_column(Choice(Lane), default=Lane.HOUSE)
    subject_id: Mapped[UUID] = mapped_column(Id)
    state: Mapped[State] = mapped_column(Choice(State))
    attempts: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime] = mapped_column(Moment)
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    deadline: Mapped[datetime | None] = mapped_column(Moment)
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


# In these very words, which SQLite and PostgreSQL find again in the partial index; a bound parameter they would not.
ALIVE: ColumnElement[bool] = literal_column("effect.state IN (0, 1, 2)")
DUE_IN = {lane: ALIVE & literal_column(f"effect.lane = {lane:d}") for lane in Lane}
