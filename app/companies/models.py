"""Tables of companies."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned
from app.messages.queries import Channel

OF_COMPANY = ["merchant_id", "company_id"], ["company.merchant_id", "company.id"]


class Role(IntEnum):
    ADMINISTRATOR = 0
    DISTRIBUTOR = 1
    FINANCE = 2
    VIEWER = 3


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
