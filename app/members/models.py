"""Tables of members."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.onetime import OneTimeRow
from app.kit.tenancy import Owned
from app.messages.queries import Channel as Channel


class Member(Owned):
    """A buyer's account in the shop; once it is closed nothing in it tells whose it was."""

    __tablename__ = "member"
    __table_args__ = (Index(None, "merchant_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    lang: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class MemberContact(Owned):
    """An address that a member proved to be theirs.

    Two indexes: that of the address itself, and that by which orders find their contact, which takes different
    addresses for the same (+1 380 and 138, ß and ss); whose order it is, the addresses decide.
    """

    __tablename__ = "member_contact"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "member_id"], ["member.merchant_id", "member.id"]),
        UniqueConstraint("merchant_id", "address_index"),
        UniqueConstraint("merchant_id", "member_id", "channel"),
        Index(None, "merchant_id", "contact_index"),
        choice_check("channel", Channel),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Id)
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    address_index: Mapped[bytes] = mapped_column(LargeBinary)
    contact_index: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    mask: Mapped[str] = mapped_column(Text)
    proved_at: Mapped[datetime] = mapped_column(Moment)


class MemberSession(Owned):
    """One signed-in browser of a member, and by which of their contacts it signed in last."""

    __tablename__ = "member_session"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "member_id"], ["member.merchant_id", "member.id"]),
        UniqueConstraint("merchant_id", "token_hash"),
        Index(None, "merchant_id", "member_id"),
        choice_check("channel", Channel),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Id)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    proved_at: Mapped[datetime] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    agent: Mapped[str] = mapped_column(Text)
    network: Mapped[str] = mapped_column(Text)


class MemberCode(OneTimeRow, Owned):
    """Six digits that were asked for in a browser: to sign in, or, by a member, to prove one more contact."""

    __tablename__ = "member_code"
    __table_args__ = (
        Index(None, "merchant_id", "device_id"),
        Index(None, "merchant_id", "contact_index", "created_at"),
        Index(None, "merchant_id", "created_at"),
        choice_check("channel", Channel),
    )

    member_id: Mapped[UUID | None] = mapped_column(Id)  # who wants to add the address; None: to sign in by it
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # the address
    lang: Mapped[str] = mapped_column(Text)
    agent: Mapped[str] = mapped_column(Text)
    network: Mapped[str] = mapped_column(Text)


class InboxMessage(Owned):
    """One thing a member is told in the shop itself; its words are made when it is read."""

    __tablename__ = "inbox_message"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "member_id"], ["member.merchant_id", "member.id"]),
        UniqueConstraint("merchant_id", "member_id", "source_id"),  # what it tells of: a reaction that runs twice
        Index(
            "ix_inbox_message_unread",
            "merchant_id",
            "member_id",
            postgresql_where=text("read_at IS NULL"),
            sqlite_where=text("read_at IS NULL"),
        ),
        Index(None, "merchant_id", "member_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(Id)
    source_id: Mapped[UUID] = mapped_column(Id)
    about: Mapped[str] = mapped_column(Text)  # ready, partly, queued, refunded, and what later areas add
    order_id: Mapped[UUID | None] = mapped_column(Id)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # plain values; never a code
    at: Mapped[datetime] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
