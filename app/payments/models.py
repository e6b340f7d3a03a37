"""Tables of payments."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class NoticeState(IntEnum):
    APPLIED = 0
    REFUSED = 1
    SURPLUS = 2


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
