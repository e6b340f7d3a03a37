"""The table of tasks: one row for each long work on a subject."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Index, Integer, SmallInteger, Text, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class State(IntEnum):
    WAITING = 0
    DONE = 1
    FAILED = 2
    CANCELLED = 3


class Task(Owned):
    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("merchant_id", "kind", "subject_id"),
        choice_check("state", State),
        Index(
            "ix_task_due",
            "merchant_id",
            "due_at",
            postgresql_where=text("state = 0"),
            sqlite_where=text("state = 0"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column(Id)
    state: Mapped[State] = mapped_column(Choice(State))
    done: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime] = mapped_column(Moment)  # later than lease_until while a step runs that nobody woke since
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


# In these very words, which SQLite and PostgreSQL find again in the partial index; a bound parameter they would not.
ALIVE: ColumnElement[bool] = literal_column("task.state = 0")
