"""Tables of changes: what somebody did to many codes at once, and which codes it changed."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class Action(IntEnum):
    FREEZE = 0
    UNFREEZE = 1
    VOID = 2
    RESTORE = 3
    RECALL = 4  # freeze what a batch has not sold
    RELEASE = 5  # unfreeze what its recall froze
    WITHDRAW = 6  # remove the codes of a batch that never sold
    EXPIRY = 7
    COST = 8
    RESTOCK = 9  # sell again what was set aside and its buyer never saw


class ChangeState(IntEnum):
    RUNNING = 0
    DONE = 1
    CANCELLED = 2
    FAILED = 3


class CodeChange(Owned):
    """One act on the codes of a list or a batch, as it was confirmed, and how far it is."""

    __tablename__ = "code_change"
    __table_args__ = (
        choice_check("action", Action),
        choice_check("state", ChangeState),
        Index(None, "merchant_id", "batch_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    action: Mapped[Action] = mapped_column(Choice(Action))
    state: Mapped[ChangeState] = mapped_column(Choice(ChangeState))
    batch_id: Mapped[UUID | None] = mapped_column(Id)
    filters: Mapped[str] = mapped_column(Text)  # JSON: the list that was looked at
    value: Mapped[str] = mapped_column(Text)  # the new expiry or cost, or the recall that is released
    reason: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer)  # as it was confirmed
    done: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(BigInteger)  # by which it changed the value of the stock, minor units
    after: Mapped[UUID | None] = mapped_column(Id)  # the last code that was looked at
    asked_at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class CodeChanged(Owned):
    """A code that a change changed; what tells the life of a code of it."""

    __tablename__ = "code_changed"

    code_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    change_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
