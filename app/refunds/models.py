"""Tables of refunds."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned


class RefundState(IntEnum):
    """ASKED until the gateways gave the money back; STUCK when one would not, or nobody knows."""

    ASKED = 0
    DONE = 1
    STUCK = 2


class Refund(Owned):
    __tablename__ = "refund"
    __table_args__ = (
        Index(None, "merchant_id", "order_id"),
        choice_check("state", RefundState),
        CheckConstraint("amount >= 0 AND forgiven >= 0", name="amount"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[RefundState] = mapped_column(Choice(RefundState))
    created_at: Mapped[datetime] = mapped_column(Moment)
    done_at: Mapped[datetime | None] = mapped_column(Moment)
    forgiven: Mapped[int] = mapped_column(BigInteger, default=0)  # of the price of these goods, never paid
    cost: Mapped[int] = mapped_column(BigInteger, default=0)  # what the codes that came back had cost us
    actor_type: Mapped[str] = mapped_column(Text, default="system")
    actor_id: Mapped[UUID | None] = mapped_column(Id, default=None)
    to_balance: Mapped[bool] = mapped_column(Boolean, default=False)  # of its company, however it was paid
    into_id: Mapped[UUID | None] = mapped_column(Id, default=None)  # the order that its piece was exchanged for

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class RefundPart(Owned):
    """One entitlement that was taken back, which happens once, and how much of the refund it is."""

    __tablename__ = "refund_part"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "refund_id"], ["refund.merchant_id", "refund.id"]),
        Index(None, "merchant_id", "refund_id"),
        CheckConstraint("amount >= 0", name="amount"),
    )

    entitlement_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    refund_id: Mapped[UUID] = mapped_column(Id)
    part_id: Mapped[UUID] = mapped_column(Id)
    amount: Mapped[int] = mapped_column(BigInteger)
    seen: Mapped[bool] = mapped_column(Boolean)  # its buyer knew the code, or had used it
