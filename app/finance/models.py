"""Tables of finance: days that are over, counted once, and the bills of payment channels, line by line."""

from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKeyConstraint,
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


class ClosedDay(Owned):
    """A business day whose sales are counted; without a zone it changed since, and has to be counted anew."""

    __tablename__ = "closed_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    zone: Mapped[str] = mapped_column(Text)  # in which it was a day


class DaySales(Owned):
    """What was sold on a day of the codes of a batch in one SKU that have the same tags of their own."""

    __tablename__ = "day_sales"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    tags: Mapped[str] = mapped_column(Text, primary_key=True)
    early: Mapped[bool] = mapped_column(Boolean, primary_key=True)  # sold before its batch came, as after a replacement
    codes: Mapped[int] = mapped_column(Integer)
    cost: Mapped[int] = mapped_column(BigInteger)
    revenue: Mapped[int] = mapped_column(BigInteger)


class BillState(IntEnum):
    """ASKED of the gateway, READ line by line, DONE, or FAILED for a reason."""

    ASKED = 0
    READ = 1
    DONE = 2
    FAILED = 3


class LineKind(IntEnum):
    """What a line of a bill is about; OTHER is neither payment nor refund: payouts and the like."""

    PAYMENT = 0
    REFUND = 1
    OTHER = 2


class Outcome(IntEnum):
    """How a line agrees with what we know. FEE_DIFFERS is corrected in the books already; OTHER needs nothing."""

    MATCHED = 0
    OURS_ONLY = 1
    THEIRS_ONLY = 2
    AMOUNT_DIFFERS = 3
    FEE_DIFFERS = 4
    OTHER = 5


OPEN = (Outcome.OURS_ONLY, Outcome.THEIRS_ONLY, Outcome.AMOUNT_DIFFERS)  # until somebody explains them


class Bill(Owned):
    """One day of one account at a gateway, as the gateway tells it; loaded again, it is read again."""

    __tablename__ = "bill"
    __table_args__ = (UniqueConstraint("merchant_id", "method_id", "day"), choice_check("state", BillState))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    method_id: Mapped[UUID] = mapped_column(Id)
    day: Mapped[date] = mapped_column(Date)  # of the channel: China time but for Stripe, whose days are of UTC
    state: Mapped[BillState] = mapped_column(Choice(BillState))
    reason: Mapped[str] = mapped_column(Text)
    shape: Mapped[str] = mapped_column(Text)
    columns: Mapped[str] = mapped_column(Text)  # which column says what, where the shape does not know, as JSON
    chunks: Mapped[int] = mapped_column(Integer)
    next_chunk: Mapped[int] = mapped_column(Integer)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    done_at: Mapped[datetime | None] = mapped_column(Moment)


class BillChunk(Owned):
    """A piece of a bill that is being read, sealed; whole lines, and gone once they are read."""

    __tablename__ = "bill_chunk"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "bill_id"], ["bill.merchant_id", "bill.id"]),)

    bill_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class BillLine(Owned):
    """One line of a bill, or what we know that no line tells; `ref` is its number at the gateway, once an account."""

    __tablename__ = "bill_line"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "bill_id"], ["bill.merchant_id", "bill.id"]),
        UniqueConstraint("merchant_id", "method_id", "ref"),
        Index(None, "merchant_id", "bill_id", "outcome"),
        Index(None, "merchant_id", "subject_id"),
        Index(
            "ix_bill_line_open",
            "merchant_id",
            "id",
            postgresql_where=text("outcome IN (1, 2, 3) AND explained_at IS NULL"),
            sqlite_where=text("outcome IN (1, 2, 3) AND explained_at IS NULL"),
        ),
        choice_check("kind", LineKind),
        choice_check("outcome", Outcome),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    bill_id: Mapped[UUID] = mapped_column(Id)
    method_id: Mapped[UUID] = mapped_column(Id)
    ref: Mapped[str] = mapped_column(Text)
    kind: Mapped[LineKind] = mapped_column(Choice(LineKind))
    trade_no: Mapped[str] = mapped_column(Text)  # the gateway's number of the payment
    number: Mapped[str] = mapped_column(Text)  # ours: of the tender, or of the payback
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    fee: Mapped[int | None] = mapped_column(BigInteger)  # what the gateway kept; below zero where it gave some back
    at: Mapped[datetime | None] = mapped_column(Moment)
    outcome: Mapped[Outcome] = mapped_column(Choice(Outcome))
    subject_id: Mapped[UUID | None] = mapped_column(Id)  # the notice or the payback it is matched with
    corrected: Mapped[int | None] = mapped_column(BigInteger)  # by how much it moved the fees in the books, once
    explained_at: Mapped[datetime | None] = mapped_column(Moment)
    note: Mapped[str] = mapped_column(Text)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def charge(self) -> Money | None:
        return None if self.fee is None else Money(self.fee, self.currency)

    @property
    def is_open(self) -> bool:
        return self.outcome in OPEN and self.explained_at is None
