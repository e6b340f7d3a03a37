"""Tables of refunds."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned


class RefundState(IntEnum):
    """ASKED until the gateway gave the money back; STUCK when it would not, or nobody knows."""

    ASKED = 0
    DONE = 1
    STUCK = 2


class Refund(Owned):
    __tablename__ = "refund"
    __table_args__ = (
        Index(None, "merchant_id", "order_id"),
        choice_check("state", RefundState),
        CheckConstraint("amount >= 0", name="amount"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[RefundState] = mapped_column(Choice(RefundState))
    created_at: Mapped[datetime] = mapped_column(Moment)
    done_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
