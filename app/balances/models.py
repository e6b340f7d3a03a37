"""Tables of balances."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned


class HolderKind(IntEnum):
    """Whose money it is."""

    COMPANY = 0
    MEMBER = 1


class MovementKind(IntEnum):
    """Why an account changed: money came in, an order was paid, its money came back, or money left the account.

    People of the shop correct it either way.
    """

    TOP_UP = 0
    SPENT = 1
    RETURNED = 2
    PAID_OUT = 3
    CORRECTED = 4


class Account(Owned):
    """What a holder paid ahead and has not spent; the guard of its movements, which are the truth."""

    __tablename__ = "balance_account"
    __table_args__ = (
        Index(None, "merchant_id", "holder_kind", "holder_id"),
        choice_check("holder_kind", HolderKind),
        CheckConstraint("amount >= 0", name="amount"),
    )

    holder_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    holder_kind: Mapped[HolderKind] = mapped_column(Choice(HolderKind))
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Movement(Owned):
    """One change of an account, with what is there afterwards; only written. Its `source` is counted once."""

    __tablename__ = "balance_movement"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "holder_id"], ["balance_account.merchant_id", "balance_account.holder_id"]
        ),
        UniqueConstraint("merchant_id", "holder_id", "source"),
        Index(None, "merchant_id", "holder_id", "id"),
        choice_check("kind", MovementKind),
        CheckConstraint("amount <> 0 AND (kind = 4 OR (amount < 0) = (kind IN (1, 3)))", name="amount"),
        CheckConstraint("balance >= 0", name="balance"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(Id)
    kind: Mapped[MovementKind] = mapped_column(Choice(MovementKind))
    source: Mapped[str] = mapped_column(Text)  # the transfer, the order or the payback it comes from
    amount: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    order_id: Mapped[UUID | None] = mapped_column(Id)
    reference: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def left(self) -> Money:
        return Money(self.balance, self.currency)
