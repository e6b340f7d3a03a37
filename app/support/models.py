"""Tables of support."""

from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class Problem(IntEnum):
    """What a buyer says is wrong with what was bought."""

    INVALID = 0  # where it is redeemed they say that there is no such code
    USED = 1  # they say that it was used before
    PLACE = 2  # of another region, or for another account
    ABSENT = 3  # it did not arrive
    WRONG = 4  # it is not what was wanted


class Ending(IntEnum):
    OPEN = 0
    SOLVED = 1
    STUCK = 2


class FixStep(Owned):
    """What the shop says about one problem of one product, in one language, a line each step."""

    __tablename__ = "fix_step"
    __table_args__ = (choice_check("problem", Problem),)

    product_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    problem: Mapped[Problem] = mapped_column(Choice(Problem), primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    words: Mapped[str] = mapped_column(Text)


class HelpCall(Owned):
    """One buyer with one problem at one entitlement, and how it ended."""

    __tablename__ = "help_call"
    __table_args__ = (
        UniqueConstraint("merchant_id", "entitlement_id", "problem"),
        Index(None, "merchant_id", "order_id"),
        Index(None, "merchant_id", "asked_at"),
        Index(
            "ix_help_call_stuck",
            "merchant_id",
            "ended_at",
            postgresql_where=text("ending = 2 AND seen_at IS NULL"),
            sqlite_where=text("ending = 2 AND seen_at IS NULL"),
        ),
        choice_check("problem", Problem),
        choice_check("ending", Ending),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    entitlement_id: Mapped[UUID] = mapped_column(Id)
    product_id: Mapped[UUID] = mapped_column(Id)
    problem: Mapped[Problem] = mapped_column(Choice(Problem))
    ending: Mapped[Ending] = mapped_column(Choice(Ending))
    times: Mapped[int] = mapped_column(Integer)  # how often it was asked
    asked_at: Mapped[datetime] = mapped_column(Moment)  # the last time
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    words: Mapped[str] = mapped_column(Text)  # of the buyer, to the shop
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # how the code stood when the shop was told
    seen_at: Mapped[datetime | None] = mapped_column(Moment)  # when somebody of the shop saw to it
    seen_by: Mapped[UUID | None] = mapped_column(Id)
