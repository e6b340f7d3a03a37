"""Tables of orders."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.queries import Source
from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import PARENT, Owned


class Purpose(IntEnum):
    """What an order is for: goods for money, somebody's balance, or goods that the shop gives away at its own cost.

    A top-up has no lines; the last two are no sale.
    """

    SALE = 0
    TOP_UP = 1
    GIFT = 2


class Payment(IntEnum):
    PENDING = 0
    PAID = 1
    PARTIALLY_REFUNDED = 2
    REFUNDED = 3


class Fulfilment(IntEnum):
    NONE = 0
    PARTIAL = 1
    DONE = 2
    QUEUED = 3


class Review(IntEnum):
    """WAITING may be paid, and is given nothing before somebody of the shop has decided."""

    NONE = 0
    WAITING = 1
    RELEASED = 2
    DECLINED = 3


class Closed(IntEnum):
    OPEN = 0
    EXPIRED = 1
    CANCELLED = 2


class TenderState(IntEnum):
    DUE = 0
    MET = 1
    RETURNED = 2
    REPLACED = 3  # another way to pay was chosen, at another amount


class Order(Owned):
    __tablename__ = "order"
    __mapper_args__ = PARENT
    __table_args__ = (
        UniqueConstraint("merchant_id", "number"),
        UniqueConstraint("merchant_id", "idem"),
        Index(None, "merchant_id", "device_id", "expires_at"),  # with the time, for what a buyer holds unpaid just now
        Index(None, "merchant_id", "contact_index", "expires_at"),
        Index(None, "merchant_id", "paid_at"),
        Index(
            "ix_order_unpaid",
            "merchant_id",
            "expires_at",
            postgresql_where=text("payment = 0 AND closed = 0"),
            sqlite_where=text("payment = 0 AND closed = 0"),
        ),
        Index(
            "ix_order_owed",
            "merchant_id",
            "paid_at",
            postgresql_where=text("payment IN (1, 2) AND fulfilment <> 2"),
            sqlite_where=text("payment IN (1, 2) AND fulfilment <> 2"),
        ),
        Index(
            "ix_order_company",
            "merchant_id",
            "company_id",
            "id",
            postgresql_where=text("company_id IS NOT NULL"),
            sqlite_where=text("company_id IS NOT NULL"),
        ),
        Index(
            "ix_order_ahead",
            "merchant_id",
            "holder_id",
            postgresql_where=text("payment = 0 AND closed = 0 AND holder_id IS NOT NULL"),
            sqlite_where=text("payment = 0 AND closed = 0 AND holder_id IS NOT NULL"),
        ),
        Index(
            "ix_order_network",
            "merchant_id",
            "network_index",
            "expires_at",
            postgresql_where=text("network_index IS NOT NULL"),
            sqlite_where=text("network_index IS NOT NULL"),
        ),
        Index(
            "ix_order_payer",
            "merchant_id",
            "payer_index",
            "expires_at",
            postgresql_where=text("payer_index IS NOT NULL"),
            sqlite_where=text("payer_index IS NOT NULL"),
        ),
        Index(
            "ix_order_review",
            "merchant_id",
            "paid_at",
            postgresql_where=text("review = 1 AND payment <> 0"),
            sqlite_where=text("review = 1 AND payment <> 0"),
        ),
        choice_check("purpose", Purpose),
        choice_check("payment", Payment),
        choice_check("fulfilment", Fulfilment),
        choice_check("review", Review),
        choice_check("closed", Closed),
        CheckConstraint("total_amount >= 0", name="total"),
        CheckConstraint(
            "refunded_amount >= 0 AND forgiven_amount >= 0 AND refunded_amount + forgiven_amount <= total_amount",
            name="refunded",
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(Text)
    idem: Mapped[bytes] = mapped_column(LargeBinary)
    device_id: Mapped[UUID | None] = mapped_column(Id)
    company_id: Mapped[UUID | None] = mapped_column(Id)  # who owns it, when it was bought for a company
    holder_id: Mapped[UUID | None] = mapped_column(Id)  # whose balance pays some of it, or has it when it is a top-up
    exchange_id: Mapped[UUID | None] = mapped_column(Id, default=None)  # of a piece that pays some of it
    contact_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    contact_key_id: Mapped[UUID] = mapped_column(Id)
    contact_mask: Mapped[str] = mapped_column(Text)
    contact_index: Mapped[bytes] = mapped_column(LargeBinary)  # blind: finds the orders of a contact, tells none
    password_hash: Mapped[bytes] = mapped_column(LargeBinary)
    lang: Mapped[str] = mapped_column(Text)
    total_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    payment: Mapped[Payment] = mapped_column(Choice(Payment))
    fulfilment: Mapped[Fulfilment] = mapped_column(Choice(Fulfilment))
    review: Mapped[Review] = mapped_column(Choice(Review))
    closed: Mapped[Closed] = mapped_column(Choice(Closed))
    placed_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)  # the first payment; from then its gateway is asked
    paid_at: Mapped[datetime | None] = mapped_column(Moment)
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    notified_at: Mapped[datetime | None] = mapped_column(Moment)
    refunded_amount: Mapped[int] = mapped_column(BigInteger, default=0)  # of the money; never more than was paid
    forgiven_amount: Mapped[int] = mapped_column(BigInteger, default=0)  # what the shop let off, since too little came
    network_index: Mapped[bytes | None] = mapped_column(LargeBinary)  # blind: where it came from; wiped after a month
    payer_index: Mapped[bytes | None] = mapped_column(LargeBinary)  # blind: who paid, as the gateway names them
    refusals: Mapped[int] = mapped_column(Integer, default=0)  # how often a gateway refused its payment
    purpose: Mapped[Purpose] = mapped_column(Choice(Purpose), default=Purpose.SALE)

    lines: Mapped[list["Line"]] = relationship(lazy="raise", order_by="Line.position")

    @property
    def total(self) -> Money:
        return Money(self.total_amount, self.currency)

    @property
    def is_split(self) -> bool:
        """Return whether some of it may be paid before the rest is: by a balance, by a piece that is exchanged."""
        return self.holder_id is not None or self.exchange_id is not None

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_amount, self.currency)

    @property
    def paid(self) -> Money:
        """Return what is paid, or to be paid, for the whole of it."""
        return Money(self.total_amount - self.forgiven_amount, self.currency)

    @property
    def kept(self) -> Money:
        """Return what of the money has not gone back."""
        return Money(self.total_amount - self.forgiven_amount - self.refunded_amount, self.currency)


class Line(Owned):
    __tablename__ = "order_line"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "order_id"], ["order.merchant_id", "order.id"]),
        Index(None, "merchant_id", "order_id"),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    position: Mapped[int] = mapped_column(SmallInteger)
    sku_id: Mapped[UUID] = mapped_column(Id)
    title: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    price_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)

    @property
    def price(self) -> Money:
        return Money(self.price_amount, self.currency)

    @property
    def total(self) -> Money:
        return self.price * self.quantity


class Part(Owned):
    __tablename__ = "part"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "line_id"], ["order_line.merchant_id", "order_line.id"]),
        Index(None, "merchant_id", "order_id"),
        choice_check("source", Source),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    line_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    sku_id: Mapped[UUID] = mapped_column(Id)
    quantity: Mapped[int] = mapped_column(Integer)
    source: Mapped[Source] = mapped_column(Choice(Source))
    price_share: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)


class Tender(Owned):
    __tablename__ = "tender"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "order_id"], ["order.merchant_id", "order.id"]),
        Index(None, "merchant_id", "order_id"),
        choice_check("state", TenderState),
        CheckConstraint("refunded >= 0 AND refunded <= amount", name="refunded"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[TenderState] = mapped_column(Choice(TenderState))
    method_id: Mapped[UUID | None] = mapped_column(Id)
    met_at: Mapped[datetime | None] = mapped_column(Moment)
    fee: Mapped[int] = mapped_column(BigInteger, default=0)  # within the amount: what the buyer bears of the gateway's
    refunded: Mapped[int] = mapped_column(BigInteger, default=0)  # of what met it, given back or on its way
    kept: Mapped[int] = mapped_column(BigInteger, default=0)  # what the gateway keeps of it, as reckoned at the start

    @property
    def due(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def surcharge(self) -> Money:
        """Return what of it is no price: the fee that the buyer bears."""
        return Money(self.fee, self.currency)

    @property
    def price(self) -> Money:
        """Return what of it pays for goods."""
        return Money(self.amount - self.fee, self.currency)
