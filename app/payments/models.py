"""Tables of payments."""

from datetime import date, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
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
from app.payments.providers import Account, Scene, Way


class NoticeState(IntEnum):
    """What became of a notice: CONFIRMING waits for the gateway's own word, HEARD paid nothing and made us ask."""

    APPLIED = 0
    REFUSED = 1
    SURPLUS = 2
    STORED = 3
    CONFIRMING = 4
    HEARD = 5


class FeePayer(IntEnum):
    """Who bears what a gateway keeps."""

    SHOP = 0
    BUYER = 1


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
    """A way to pay: our account at a gateway, its keys sealed, and when it is offered."""

    __tablename__ = "payment_method"
    __table_args__ = (
        choice_check("fee_payer", FeePayer),
        CheckConstraint("fee_rate >= 0 AND fee_rate < 10000 AND fee_fixed >= 0", name="fee"),
        Index(
            "uq_payment_method_identity",
            "merchant_id",
            "provider",
            "identity",
            unique=True,
            postgresql_where=text("enabled"),
            sqlite_where=text("enabled"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    provider: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    account: Mapped[str] = mapped_column(Text)  # our number at the gateway; not a secret
    credentials: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[UUID] = mapped_column(Id)
    hook_token: Mapped[str] = mapped_column(Text)  # a random address, given to the gateway in every payment
    created_at: Mapped[datetime] = mapped_column(Moment)
    title: Mapped[str] = mapped_column(Text, default="")  # in the shop's own words; "" is the gateway's name
    settings: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # what is no secret
    least: Mapped[int | None] = mapped_column(BigInteger, default=None)  # of an order, in minor units
    most: Mapped[int | None] = mapped_column(BigInteger, default=None)
    fee_rate: Mapped[int] = mapped_column(Integer, default=0)  # in hundredths of a percent
    fee_fixed: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_payer: Mapped[FeePayer] = mapped_column(Choice(FeePayer), default=FeePayer.SHOP)
    notify_url: Mapped[str] = mapped_column(Text, default="")  # as the last self-test called it
    tested_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    findings: Mapped[list[Any]] = mapped_column(JSON, default=list)  # of the last self-test
    identity: Mapped[str] = mapped_column(Text)  # which account it is; of those offered each is one alone
    lacks: Mapped[str] = mapped_column(Text, default="")  # what its gateway has yet to tell; "" when it can be offered

    @property
    def bare(self) -> Account:
        """Return our account at the gateway without its keys."""
        return Account(self.account, self.settings)


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
    detail: Mapped[str] = mapped_column(Text, default="")  # how it was paid, as the gateway names it
    payer_index: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)  # blind: who paid, at this gateway
    fee: Mapped[int | None] = mapped_column(BigInteger, default=None)  # what the gateway kept, where it said so

    @property
    def is_misfit(self) -> bool:
        """Return whether real money came that fitted nothing we were owed."""
        return self.state is NoticeState.REFUSED and bool(self.amount)


class Attempt(Owned):
    """One payment that was started: a tender at a gateway. Its trade number is the tender's."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("merchant_id", "tender_id", "method_id"),
        Index(None, "merchant_id", "order_id"),
        Index(
            "ix_payment_attempt_transfer",
            "merchant_id",
            "started_at",
            postgresql_where=text("way = 3 AND state < 3"),
            sqlite_where=text("way = 3 AND state < 3"),
        ),
        choice_check("state", AttemptState),
        choice_check("way", Way),
        choice_check("scene", Scene),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    tender_id: Mapped[UUID] = mapped_column(Id)
    method_id: Mapped[UUID] = mapped_column(Id)
    state: Mapped[AttemptState] = mapped_column(Choice(AttemptState))
    subject: Mapped[str] = mapped_column(Text)
    notify_url: Mapped[str] = mapped_column(Text)
    return_url: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)  # address, text of the QR code or JSON, by `way`; "" until it was told
    reason: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Moment)
    asked_at: Mapped[datetime | None] = mapped_column(Moment)  # when the gateway was last asked
    way: Mapped[Way] = mapped_column(Choice(Way), default=Way.GO)
    scene: Mapped[Scene] = mapped_column(Choice(Scene), default=Scene.DESKTOP)
    # How the app the page is open in names the buyer, and their address: both only until it is known where to pay.
    payer: Mapped[str] = mapped_column(Text, default="")
    ip: Mapped[str] = mapped_column(Text, default="")
    asks: Mapped[int] = mapped_column(Integer, default=0)  # how often the sweeper has asked; its intervals grow
    number: Mapped[str] = mapped_column(Text, default="")  # the gateway's own; stays when it is started over

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


class Payback(Owned):
    """Money that goes back the way it came; `source_id` is the notice or the refund that wants it."""

    __tablename__ = "payback"
    __table_args__ = (
        UniqueConstraint("merchant_id", "source_id", "method_id", "trade_no"),
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
    by_hand: Mapped[bool] = mapped_column(Boolean, default=False)  # people gave it back, past the gateway

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class TenderOrigin(Owned):
    """What a tender that a piece met goes back to: the tenders that the piece was paid by; only those of real money."""

    __tablename__ = "tender_origin"
    __table_args__ = (CheckConstraint("amount > 0 AND returned >= 0 AND returned <= amount", name="returned"),)

    tender_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    origin_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    returned: Mapped[int] = mapped_column(BigInteger)


class TellingState(IntEnum):
    """What became of a buyer's word that a transfer was sent: people looked at it, or the buyer told anew."""

    WAITING = 0
    CONFIRMED = 1
    REJECTED = 2
    REPLACED = 3


class Telling(Owned):
    """A buyer's word that they sent a transfer, with its proof and their name, both sealed; one waits at a time."""

    __tablename__ = "transfer_telling"
    __table_args__ = (
        Index(
            "ix_transfer_telling_waiting",
            "merchant_id",
            "attempt_id",
            unique=True,
            postgresql_where=text("state = 0"),
            sqlite_where=text("state = 0"),
        ),
        Index(None, "merchant_id", "attempt_id", "at"),
        choice_check("state", TellingState),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    state: Mapped[TellingState] = mapped_column(Choice(TellingState))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    sent_on: Mapped[date | None] = mapped_column(Date)
    media: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    key_id: Mapped[UUID] = mapped_column(Id)
    payer: Mapped[bytes] = mapped_column(LargeBinary)  # sealed: the name on the transfer
    proof: Mapped[bytes] = mapped_column(LargeBinary)  # sealed; empty once the buyer told anew
    reason: Mapped[str] = mapped_column(Text)  # why it was rejected; the buyer reads it
    at: Mapped[datetime] = mapped_column(Moment)
    decided_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Piece(Owned):
    """Money of a transfer that somebody saw in the bank; its number there counts once for each of our accounts."""

    __tablename__ = "transfer_piece"
    __table_args__ = (
        UniqueConstraint("merchant_id", "method_id", "reference"),
        Index(None, "merchant_id", "order_id"),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    method_id: Mapped[UUID] = mapped_column(Id)
    reference: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    seen_by: Mapped[UUID | None] = mapped_column(Id)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
