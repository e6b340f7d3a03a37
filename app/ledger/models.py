"""Tables of the ledger; insert-only on every engine."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Index, Integer, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.tenancy import Owned


class Transaction(Owned):
    __tablename__ = "ledger_tx"
    __table_args__ = (UniqueConstraint("merchant_id", "kind", "subject_id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Moment)


class Entry(Owned):
    """One leg: debit positive, credit negative, in minor units; `day` is the business day in the shop's zone."""

    __tablename__ = "entry"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "tx_id"], ["ledger_tx.merchant_id", "ledger_tx.id"]),
        Index(None, "merchant_id", "account", "day"),
    )

    tx_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    account: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    day: Mapped[date] = mapped_column(Date)


class Balance(Owned):
    """The sum of an account's entries of one business day, rolled up after it; the entries are the truth."""

    __tablename__ = "ledger_balance"

    account: Mapped[str] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int] = mapped_column(Integer)
