"""Tables of exchanges."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned

WAITING = text("state = 0")


class Scope(IntEnum):
    """What a rule names: one SKU, all SKUs of a product, or all of a category."""

    SKU = 0
    PRODUCT = 1
    CATEGORY = 2


class ExchangeState(IntEnum):
    """WAITING for the rest of its price, DONE, or ENDED without anything having changed."""

    WAITING = 0
    DONE = 1
    ENDED = 2


class ExchangeRule(Owned):
    """Which pieces may be exchanged for which, and on which terms."""

    __tablename__ = "exchange_rule"
    __table_args__ = (
        UniqueConstraint("merchant_id", "from_scope", "from_id", "to_scope", "to_id"),
        choice_check("from_scope", Scope),
        choice_check("to_scope", Scope),
        CheckConstraint("days > 0 AND fee >= 0", name="terms"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    from_scope: Mapped[Scope] = mapped_column(Choice(Scope))
    from_id: Mapped[UUID] = mapped_column(Id)
    to_scope: Mapped[Scope] = mapped_column(Choice(Scope))
    to_id: Mapped[UUID] = mapped_column(Id)
    days: Mapped[int] = mapped_column(Integer)  # from its delivery on
    fee: Mapped[int] = mapped_column(BigInteger)  # what the shop keeps of what was paid, in minor units
    gives_back: Mapped[bool] = mapped_column(Boolean)  # a cheaper piece gives the difference back as money
    enabled: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Exchange(Owned):
    """One piece that becomes another: `moved` of its worth pays for that, `back` goes back as money, `kept` stays with
    the shop (with the fee of paying it, once that is known)."""

    __tablename__ = "exchange"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "rule_id"], ["exchange_rule.merchant_id", "exchange_rule.id"]),
        UniqueConstraint("merchant_id", "new_order_id"),
        Index(
            "ix_exchange_waiting",
            "merchant_id",
            "entitlement_id",
            unique=True,
            postgresql_where=WAITING,
            sqlite_where=WAITING,
        ),
        Index(None, "merchant_id", "order_id"),
        choice_check("state", ExchangeState),
        CheckConstraint("moved > 0 AND back >= 0 AND kept >= 0", name="amounts"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    entitlement_id: Mapped[UUID] = mapped_column(Id)
    new_order_id: Mapped[UUID] = mapped_column(Id)
    tender_id: Mapped[UUID] = mapped_column(Id)  # of the new order, which the piece met
    state: Mapped[ExchangeState] = mapped_column(Choice(ExchangeState))
    moved: Mapped[int] = mapped_column(BigInteger)
    back: Mapped[int] = mapped_column(BigInteger)
    kept: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment, default=None)

    @property
    def pays(self) -> Money:
        """Return what of the new order the piece pays."""
        return Money(self.moved, self.currency)
