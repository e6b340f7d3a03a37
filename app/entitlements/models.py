"""Tables of entitlements."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class State(IntEnum):
    PROMISED = 0
    READY = 1
    REVOKED = 2


class Entitlement(Owned):
    __tablename__ = "entitlement"
    __table_args__ = (
        UniqueConstraint("merchant_id", "part_id", "slot"),
        UniqueConstraint("merchant_id", "code_id"),
        Index(
            "ix_entitlement_shared",
            "merchant_id",
            "shared_id",
            postgresql_where=text("shared_id IS NOT NULL"),
            sqlite_where=text("shared_id IS NOT NULL"),
        ),
        # Those that waited for their code; what is given at once is never in it, so a sale does not pay for it.
        Index(
            "ix_entitlement_late",
            "merchant_id",
            "ready_at",
            postgresql_where=text("ready_at > granted_at"),
            sqlite_where=text("ready_at > granted_at"),
        ),
        CheckConstraint("code_id IS NULL OR shared_id IS NULL", name="one_secret"),
        Index(None, "merchant_id", "order_id"),
        Index(
            "ix_entitlement_owed",
            "merchant_id",
            "sku_id",
            "granted_at",
            postgresql_where=text("state = 0"),
            sqlite_where=text("state = 0"),
        ),
        # Those that are kept closed for a while.
        Index(
            "ix_entitlement_closed",
            "merchant_id",
            "opens_at",
            postgresql_where=text("state = 0 AND opens_at IS NOT NULL"),
            sqlite_where=text("state = 0 AND opens_at IS NOT NULL"),
        ),
        choice_check("state", State),
        CheckConstraint("used >= 0", name="used"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    part_id: Mapped[UUID] = mapped_column(Id)
    holder_id: Mapped[UUID | None] = mapped_column(Id)  # the gift in whose hand it is; without one, its buyer's
    slot: Mapped[int] = mapped_column(Integer)
    sku_id: Mapped[UUID] = mapped_column(Id)
    code_id: Mapped[UUID | None] = mapped_column(Id)
    shared_id: Mapped[UUID | None] = mapped_column(Id)  # a code that others use as well
    state: Mapped[State] = mapped_column(Choice(State))
    granted_at: Mapped[datetime] = mapped_column(Moment)
    ready_at: Mapped[datetime | None] = mapped_column(Moment)
    reveals: Mapped[int] = mapped_column(Integer)
    first_revealed_at: Mapped[datetime | None] = mapped_column(Moment)
    used: Mapped[int] = mapped_column(Integer)  # how often it was redeemed, here or, as we were told, elsewhere
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    tail: Mapped[str] = mapped_column(Text)
    opens_at: Mapped[datetime | None] = mapped_column(Moment, default=None)  # before, nobody sees it; None: at once


class Chore(Owned):
    """A promise that somebody of the staff keeps by hand: who took it on, and when it was done."""

    __tablename__ = "chore"
    __table_args__ = (
        Index(
            "ix_chore_open",
            "merchant_id",
            "asked_at",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
    )

    entitlement_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    taken_at: Mapped[datetime | None] = mapped_column(Moment)
    taken_by: Mapped[UUID | None] = mapped_column(Id)
    done_at: Mapped[datetime | None] = mapped_column(Moment)
    done_by: Mapped[UUID | None] = mapped_column(Id)
