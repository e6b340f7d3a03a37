"""Tables of companies."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned
from app.messages.queries import Channel

OF_COMPANY = ["merchant_id", "company_id"], ["company.merchant_id", "company.id"]


class Role(IntEnum):
    ADMINISTRATOR = 0
    DISTRIBUTOR = 1
    FINANCE = 2
    VIEWER = 3


class MovementKind(IntEnum):
    """Why an account changed: a transfer came in, an order was paid, its money came back, or money left the account."""

    TOP_UP = 0
    SPENT = 1
    RETURNED = 2
    PAID_OUT = 3


class Company(Owned):
    __tablename__ = "company"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)  # the shop's own; the company does not see it
    contact_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    contact_key_id: Mapped[UUID] = mapped_column(Id)
    contact_mask: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class Member(Owned):
    """Somebody who acts for a company; the row stays when it ends, and comes to life again with a new invite."""

    __tablename__ = "company_member"
    __table_args__ = (
        ForeignKeyConstraint(*OF_COMPANY),
        Index(None, "merchant_id", "user_id"),
        choice_check("role", Role),
    )

    company_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    role: Mapped[Role] = mapped_column(Choice(Role))
    created_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    told_first: Mapped[Channel | None] = mapped_column(Choice(Channel), default=None)  # None: WeCom, DingTalk, mail


class MemberWay(Owned):
    """By which user ID a member is reached in a chat; sealed, as every address."""

    __tablename__ = "company_member_way"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "company_id", "user_id"],
            ["company_member.merchant_id", "company_member.company_id", "company_member.user_id"],
        ),
        UniqueConstraint("merchant_id", "company_id", "user_id", "channel"),
        choice_check("channel", Channel),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
    user_id: Mapped[UUID] = mapped_column(Id)
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Telling(Owned):
    """One member who is told that an order is there: by the present way, and by the next ones when that fails."""

    __tablename__ = "company_telling"
    __table_args__ = (
        ForeignKeyConstraint(*OF_COMPANY),
        UniqueConstraint("merchant_id", "order_id", "user_id"),  # once, however often it is asked for
        choice_check("channel", Channel),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
    user_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    channel: Mapped[Channel] = mapped_column(Choice(Channel))  # the present way
    then: Mapped[list[int]] = mapped_column(JSON, default=list)  # the ways that are left
    asked_at: Mapped[datetime] = mapped_column(Moment)
    told_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class Invite(Owned):
    """A leave to become a member, once, until a time; its link is signed over the id and kept nowhere."""

    __tablename__ = "company_invite"
    __table_args__ = (
        ForeignKeyConstraint(*OF_COMPANY),
        Index(None, "merchant_id", "company_id"),
        choice_check("role", Role),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
    email_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    email_key_id: Mapped[UUID] = mapped_column(Id)
    email_mask: Mapped[str] = mapped_column(Text)
    role: Mapped[Role] = mapped_column(Choice(Role))
    lang: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class Account(Owned):
    """What a company paid ahead and has not spent; the guard of its movements, which are the truth."""

    __tablename__ = "company_account"
    __table_args__ = (ForeignKeyConstraint(*OF_COMPANY), CheckConstraint("amount >= 0", name="amount"))

    company_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class Movement(Owned):
    """One change of an account, with what is there afterwards; only written. Its `source` is counted once."""

    __tablename__ = "company_movement"
    __table_args__ = (
        ForeignKeyConstraint(*OF_COMPANY),
        UniqueConstraint("merchant_id", "company_id", "source"),
        Index(None, "merchant_id", "company_id", "id"),
        choice_check("kind", MovementKind),
        CheckConstraint("amount <> 0 AND (amount < 0) = (kind IN (1, 3))", name="amount"),
        CheckConstraint("balance >= 0", name="balance"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
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
