"""Tables of redemption."""

from datetime import date, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class Channel(IntEnum):
    """Through which door a use came; REPORT: a third party redeemed it and told us."""

    SELF = 0
    COUNTER = 1
    ENTERPRISE = 2
    REPORT = 3
    API = 4


class BulkState(IntEnum):
    DRAFTING = 0
    PREVIEW = 1
    RUNNING = 2
    DONE = 3
    FAILED = 4


class RowState(IntEnum):
    """What becomes of a row of a bulk; the worse, the higher, so that problems come first."""

    DONE = 0
    READY = 1
    DUPLICATE = 2
    REFUSED = 3  # for a reason of its own, which the row names
    EXPIRED = 4
    USED = 5
    UNKNOWN = 6  # unknown here, or somebody else's: the same for who asks
    FAILED = 7  # it was ready in the preview, and could not be redeemed any more


class Location(Owned):
    """A place where entitlements are redeemed."""

    __tablename__ = "location"
    __table_args__ = (UniqueConstraint("merchant_id", "code"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class RedemptionRule(Owned):
    """How entitlements of a SKU are redeemed by ourselves; without one only third parties redeem them."""

    __tablename__ = "redemption_rule"
    __table_args__ = (CheckConstraint("uses > 0", name="uses"), CheckConstraint("valid_days >= 0", name="valid_days"))

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    uses: Mapped[int] = mapped_column(Integer)
    valid_days: Mapped[int | None] = mapped_column(Integer)  # after delivery; the last of them counts whole
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)  # the last day
    blackout: Mapped[list[Any]] = mapped_column(JSON)  # days of the shop, 2026-12-31
    limited: Mapped[bool] = mapped_column(Boolean)  # to the places in redemption_place
    self_service: Mapped[bool] = mapped_column(Boolean)
    changed_at: Mapped[datetime] = mapped_column(Moment)


class RedemptionPlace(Owned):
    """A location where a SKU is redeemed whose rule is limited to some."""

    __tablename__ = "redemption_place"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["redemption_rule.merchant_id", "redemption_rule.sku_id"]),
        ForeignKeyConstraint(["merchant_id", "location_id"], ["location.merchant_id", "location.id"]),
    )

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    location_id: Mapped[UUID] = mapped_column(Id, primary_key=True)


class Voucher(Owned):
    """What an entitlement that we redeem is good for: its window, frozen at delivery, and its guarded counter."""

    __tablename__ = "voucher"
    __table_args__ = (
        CheckConstraint("uses_left >= 0 AND uses_left <= uses", name="uses_left"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    entitlement_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    sku_id: Mapped[UUID] = mapped_column(Id)
    code_id: Mapped[UUID | None] = mapped_column(Id)
    uses: Mapped[int] = mapped_column(Integer)
    uses_left: Mapped[int] = mapped_column(Integer)
    valid_from: Mapped[datetime] = mapped_column(Moment)
    valid_until: Mapped[datetime | None] = mapped_column(Moment)  # the first moment after


class Redemption(Owned):
    """One act of using an entitlement, or of taking it back (`undoes_id`, with negative uses); only written."""

    __tablename__ = "redemption"
    __table_args__ = (
        UniqueConstraint("merchant_id", "idem"),
        Index(  # taken back once
            "ix_redemption_undoes",
            "merchant_id",
            "undoes_id",
            unique=True,
            postgresql_where=text("undoes_id IS NOT NULL"),
            sqlite_where=text("undoes_id IS NOT NULL"),
        ),
        Index(  # for the list of the latest at a door, however many went through others
            "ix_redemption_door",
            "merchant_id",
            "channel",
            "location_id",
            "id",
            postgresql_where=text("undoes_id IS NULL"),
            sqlite_where=text("undoes_id IS NULL"),
        ),
        Index(None, "merchant_id", "entitlement_id"),
        Index(None, "merchant_id", "at"),
        choice_check("channel", Channel),
        CheckConstraint("uses <> 0 AND (uses < 0) = (undoes_id IS NOT NULL)", name="uses"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    entitlement_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    sku_id: Mapped[UUID] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Moment)
    uses: Mapped[int] = mapped_column(Integer)
    uses_left: Mapped[int] = mapped_column(Integer)  # afterwards
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    location_id: Mapped[UUID | None] = mapped_column(Id)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    network: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    idem: Mapped[bytes] = mapped_column(LargeBinary)
    undoes_id: Mapped[UUID | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(Text)


class Bulk(Owned):
    """A list that somebody has redeemed at once: drafted, looked at, confirmed, worked off by a task."""

    __tablename__ = "bulk"
    __table_args__ = (
        Index(None, "merchant_id", "company_id", "id"),
        Index(None, "merchant_id", "state", "created_at"),
        choice_check("state", BulkState),
        choice_check("channel", Channel),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID | None] = mapped_column(Id)  # None: of the shop itself
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    location_id: Mapped[UUID | None] = mapped_column(Id)
    network: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[BulkState] = mapped_column(Choice(BulkState))
    key_id: Mapped[UUID] = mapped_column(Id)
    total: Mapped[int] = mapped_column(Integer)
    ready: Mapped[int] = mapped_column(Integer)  # to be redeemed, as the preview told
    done: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)  # of the ready ones
    created_at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class BulkRow(Owned):
    """A row of a bulk: what was typed, sealed until the bulk is done, and what became of it."""

    __tablename__ = "bulk_row"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "bulk_id"], ["bulk.merchant_id", "bulk.id"]),
        Index(None, "merchant_id", "bulk_id", "state", "line"),
        choice_check("state", RowState),
    )

    bulk_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[RowState] = mapped_column(Choice(RowState))
    reason: Mapped[str] = mapped_column(Text)  # the refusal's stable word; rules.REASONS has words for it
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    entitlement_id: Mapped[UUID | None] = mapped_column(Id)
    redemption_id: Mapped[UUID | None] = mapped_column(Id)
    tail: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)  # the person it is for, or what else the list says
    done_at: Mapped[datetime | None] = mapped_column(Moment)

    upwards: Mapped[int] = column_property(-line.column)  # type: ignore[attr-defined]  # lists run down, lines run up
