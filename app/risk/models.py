"""Tables of risk."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class Mode(IntEnum):
    """What a rule does with what it catches; on WATCH it only writes it down."""

    OFF = 0
    WATCH = 1
    REVIEW = 2
    REFUSE = 3


class FenceRule(Owned):
    """How the shop has set a rule; one that is not here is as the house sets it."""

    __tablename__ = "fence_rule"
    __table_args__ = (choice_check("mode", Mode), CheckConstraint("most > 0 AND minutes >= 0", name="most"))

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    mode: Mapped[Mode] = mapped_column(Choice(Mode))
    most: Mapped[int] = mapped_column(BigInteger)  # what passes; of money in minor units
    minutes: Mapped[int] = mapped_column(Integer)  # the window; 0: what is so just now


class ReviewPolicy(Owned):
    """What becomes of an order in review that nobody decides."""

    __tablename__ = "review_policy"
    __table_args__ = (CheckConstraint("hours >= 0", name="hours"),)

    hours: Mapped[int] = mapped_column(Integer)  # 0: as long as the shop lets an order wait for stock
    releases: Mapped[bool] = mapped_column(Boolean)  # else the money goes back


class Catch(Owned):
    """What a rule caught: an order, or tries that were refused and left no order."""

    __tablename__ = "fence_catch"
    __table_args__ = (
        Index(None, "merchant_id", "at"),
        Index(None, "merchant_id", "order_id"),
        choice_check("mode", Mode),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    rule: Mapped[str] = mapped_column(Text)
    mode: Mapped[Mode] = mapped_column(Choice(Mode))  # as it was set then
    order_id: Mapped[UUID | None] = mapped_column(Id)
    who: Mapped[str] = mapped_column(Text)  # the masked contact
    seen: Mapped[int] = mapped_column(BigInteger)
    most: Mapped[int] = mapped_column(BigInteger)
    minutes: Mapped[int] = mapped_column(Integer)
    times: Mapped[int] = mapped_column(Integer)  # tries of the same contact in an hour stand in one row
