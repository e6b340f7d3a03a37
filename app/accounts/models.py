"""Tables of accounts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.tenancy import Base, Owned


class User(Base):
    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Session(Base):
    """One signed-in browser of a user; `ended_at` ends it everywhere at once."""

    __tablename__ = "session"
    __table_args__ = (Index(None, "user_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, unique=True)  # the name it may be called by; the token is a secret
    user_id: Mapped[UUID] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    agent: Mapped[str] = mapped_column(Text)
    network: Mapped[str] = mapped_column(Text)


class PasswordReset(Owned):
    """A leave to choose a new password, once, until a time, of the platform's; its link is signed and kept nowhere."""

    __tablename__ = "password_reset"
    __table_args__ = (Index(None, "merchant_id", "user_id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class Membership(Owned):
    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_user", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    role: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Device(Owned):
    """A buyer's browser; holding its token proves an order made in it."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("merchant_id", "token_hash"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)
    forgotten_at: Mapped[datetime | None] = mapped_column(Moment)  # its person asked us to forget it: it proves nothing
