"""Tables of payments."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned


class NoticeState(IntEnum):
    APPLIED = 0
    REFUSED = 1
    SURPLUS = 2
    STORED = 3


class AttemptState(IntEnum):
    """How a payment stands at its gateway, as far as we know."""

    STARTING = 0
    OPEN = 1
    FAILED = 2
    PAID = 3
    CLOSED = 4


LIVE = (AttemptState.STARTING, AttemptState.OPEN, AttemptState.FAILED)  # money may still come by these


class PaybackKind(IntEnum):
    """Why money goes back: it came twice, it fitted nothing, its order is refunded."""

    SURPLUS = 0
    MISFIT = 1
    REFUND = 2


class PaybackState(IntEnum):
    ASKED = 0
    DONE = 1
    REFUSED = 2
    UNKNOWN = 3


class Method(Owned):
    __tablename__ = "payment_method"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    provider: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    account: Mapped[str] = mapped_column(Text)  # our number at the gateway; not a secret
    credentials: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[UUID] = mapped_column(Id)
    hook_token: Mapped[str] = mapped_column(Text)  # a random address, given to the gateway in every payment
    created_at: Mapped[datetime] = mapped_column(Moment)


class Notice(Owned):
    """One notice as it arrived. `trade_no` is unique among those we trust and empty on refused ones."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("merchant_id", "method_id", "trade_no"),
        Index(None, "merchant_id", "tender_id"),
        choice_check("state", NoticeState),
        Index(
            "ix_notice_odd",
            "merchant_id",
            "at",
            postgresql_where=text("state <> 0 AND cleared_at IS NULL"),
            sqlite_where=text("state <> 0 AND cleared_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    method_id: Mapped[UUID] = mapped_column(Id)
    trade_no: Mapped[str | None] = mapped_column(Text)
    tender_id: Mapped[UUID | None] = mapped_column(Id)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[NoticeState] = mapped_column(Choice(NoticeState))
    reason: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    reported_no: Mapped[str] = mapped_column(Text)  # the gateway's number as told, also where it is not trusted
    cleared_at: Mapped[datetime | None] = mapped_column(Moment)  # when somebody or something dealt with it

    @property
    def is_misfit(self) -> bool:
        """Return whether real money came that fitted nothing we were owed."""
        return self.state is NoticeState.REFUSED and self.amount is not None


class Attempt(Owned):
    """One payment that was started: a tender at a gateway. Its trade number is the tender's."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("merchant_id", "tender_id", "method_id"),
        Index(None, "merchant_id", "order_id"),
        choice_check("state", AttemptState),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    tender_id: Mapped[UUID] = mapped_column(Id)
    method_id: Mapped[UUID] = mapped_column(Id)
    state: Mapped[AttemptState] = mapped_column(Choice(AttemptState))
    subject: Mapped[str] = mapped_column(Text)
    notify_url: Mapped[str] = mapped_column(Text)
    return_url: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)  # where the buyer pays; "" until the gateway told it
    reason: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Moment)
    asked_at: Mapped[datetime | None] = mapped_column(Moment)  # when the gateway was last asked

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


class Payback(Owned):
    """Money that goes back the way it came; `source_id` is the notice or the refund that wants it."""

    __tablename__ = "payback"
    __table_args__ = (
        UniqueConstraint("merchant_id", "source_id", "trade_no"),
        Index(None, "merchant_id", "order_id"),
        Index(
            "ix_payback_open",
            "merchant_id",
            "asked_at",
            postgresql_where=text("state <> 1"),
            sqlite_where=text("state <> 1"),
        ),
        choice_check("kind", PaybackKind),
        choice_check("state", PaybackState),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[PaybackKind] = mapped_column(Choice(PaybackKind))
    source_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID | None] = mapped_column(Id)
    tender_id: Mapped[UUID | None] = mapped_column(Id)
    method_id: Mapped[UUID] = mapped_column(Id)
    trade_no: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[PaybackState] = mapped_column(Choice(PaybackState))
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    done_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
