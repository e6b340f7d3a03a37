"""Tables of delivery."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.onetime import OneTimeRow
from app.kit.tenancy import Owned
from app.messages.queries import Channel as Channel


class About(IntEnum):
    """What a message tells."""

    READY = 0  # the codes can be opened
    QUEUED = 1  # paid, waiting for stock
    REFUNDED = 2  # the money is on its way back
    CODE = 3  # six digits, for whoever asked to prove that the contact is theirs


class State(IntEnum):
    """SENT: it left, no receipt will come; ACCEPTED: a carrier has it under a number; DELIVERED: it says it arrived.

    FAILED: the other side said no for good, or it was too late; PASSED: so too, and it was told by another channel.
    UNKNOWN: it may have arrived, nobody can say. DROPPED: there was nothing to tell any more, or somebody of the shop
    leaves it at that.
    """

    QUEUED = 0
    SENT = 1
    FAILED = 2
    UNKNOWN = 3
    DROPPED = 4
    ACCEPTED = 5
    DELIVERED = 6
    PASSED = 7


NOBODY = UUID(int=0)  # what a first message follows


class Delivery(Owned):
    """One message by one channel to the buyer of an order; its text is made when it is sent, and kept nowhere.

    What is to be told has one message to begin with, and each that failed at most one after it, by another channel.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("merchant_id", "source_id", "channel"),
        UniqueConstraint("merchant_id", "source_id", "after_id"),  # a reaction that runs twice tells once
        Index(None, "merchant_id", "order_id"),
        # All that the figures of a week ask, so that they read no row (docs/decisions/0025-routing.md).
        Index("ix_delivery_figures", "merchant_id", "created_at", "channel", "state", "left_pace", "paid_pace"),
        Index(
            "ix_delivery_stuck",
            "merchant_id",
            "id",
            postgresql_where=text("state IN (2, 3)"),
            sqlite_where=text("state IN (2, 3)"),
        ),
        choice_check("about", About),
        choice_check("channel", Channel),
        choice_check("state", State),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    source_id: Mapped[UUID] = mapped_column(Id)  # what asked for it
    after_id: Mapped[UUID] = mapped_column(Id, default=NOBODY)  # the message that failed before this one
    asked: Mapped[bool] = mapped_column(Boolean, default=False)  # somebody asked for it: no quiet hours hold it up
    about: Mapped[About] = mapped_column(Choice(About))
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    state: Mapped[State] = mapped_column(Choice(State))
    link_id: Mapped[UUID | None] = mapped_column(Id)
    to_mask: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)  # why it failed or is not known, in the other side's words; no secret
    created_at: Mapped[datetime] = mapped_column(Moment)
    since: Mapped[datetime | None] = mapped_column(Moment, default=None)  # what it tells; None: it was to wait
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    arrived_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    carrier_id: Mapped[UUID | None] = mapped_column(Id, default=None)  # who has it, or may have it
    number: Mapped[str] = mapped_column(Text, default="")  # what the carrier calls it
    left_pace: Mapped[int | None] = mapped_column(SmallInteger, default=None)  # what it tells → sent, as rules.pace
    paid_pace: Mapped[int | None] = mapped_column(SmallInteger, default=None)  # paid → codes announced


class Link(Owned):
    """A link to the masked page of an order; its token is signed, and kept nowhere."""

    __tablename__ = "link"
    __table_args__ = (Index(None, "merchant_id", "order_id"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    devices: Mapped[int] = mapped_column(Integer)  # that proved themselves here; never more than most_devices
    most_devices: Mapped[int] = mapped_column(Integer)


class LinkDevice(Owned):
    """A browser that proved at a link that the order is its person's."""

    __tablename__ = "link_device"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "link_id"], ["link.merchant_id", "link.id"]),)

    link_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    device_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    proved_at: Mapped[datetime] = mapped_column(Moment)
    network: Mapped[str] = mapped_column(Text)
    agent: Mapped[str] = mapped_column(Text)


class OneTimeCode(OneTimeRow, Owned):
    """Six digits that were asked for in a browser; they are made from the id of their row, and kept nowhere.

    One that no order fits has a row too, which nothing can open: it has no order, and its digits are sent to nobody.
    """

    __tablename__ = "one_time_code"
    __table_args__ = (
        Index(None, "merchant_id", "device_id"),
        Index(None, "merchant_id", "contact_index", "created_at"),
    )

    order_id: Mapped[UUID | None] = mapped_column(Id)  # its contact, or what was typed, is the row's


class ContactOwner(Owned):
    """A browser whose person proved by a code that a contact is theirs; until a time, or until they sign out."""

    __tablename__ = "contact_owner"

    device_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    contact_index: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    proved_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class Reach(Owned):
    """A way by which the owner of a contact can be reached as well, learned from where they proved it."""

    __tablename__ = "reach"
    __table_args__ = (UniqueConstraint("merchant_id", "contact_index", "channel"), choice_check("channel", Channel))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    contact_index: Mapped[bytes] = mapped_column(LargeBinary)  # of the contact that orders have
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # an address of the channel
    mask: Mapped[str] = mapped_column(Text)
    learned_at: Mapped[datetime] = mapped_column(Moment)


class Medium(IntEnum):
    """Where a shop's own words about a delivery are read."""

    PAGE = 0  # the page of the order
    MAIL = 1


WHOLE_SHOP = UUID(int=0)  # in the place of a product


class Wording(Owned):
    """What a shop says with the delivery of a product, or of anything: one for each language and medium."""

    __tablename__ = "wording"
    __table_args__ = (
        UniqueConstraint("merchant_id", "product_id", "lang", "medium"),
        choice_check("medium", Medium),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Id)  # WHOLE_SHOP: of everything that has no words of its own
    lang: Mapped[str] = mapped_column(Text)
    medium: Mapped[Medium] = mapped_column(Choice(Medium))
    versions: Mapped[int] = mapped_column(Integer)  # the number of the newest
    created_at: Mapped[datetime] = mapped_column(Moment)


class WordingVersion(Owned):
    """What a wording said at one time; never changed, so what a buyer got can always be shown again.

    It is in force from its publication until its end; at most one of a wording is at a time.
    """

    __tablename__ = "wording_version"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "wording_id"], ["wording.merchant_id", "wording.id"]),
        UniqueConstraint("merchant_id", "wording_id", "number"),
        Index(
            "uq_wording_version_in_force",
            "merchant_id",
            "wording_id",
            unique=True,
            postgresql_where=text("published_at IS NOT NULL AND ended_at IS NULL"),
            sqlite_where=text("published_at IS NOT NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    wording_id: Mapped[UUID] = mapped_column(Id)
    number: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    tips: Mapped[str] = mapped_column(Text)
    steps: Mapped[list[list[str]]] = mapped_column(JSON)  # text and picture of each
    button: Mapped[str] = mapped_column(Text)
    button_url: Mapped[str] = mapped_column(Text)
    invite: Mapped[str] = mapped_column(Text)
    footer: Mapped[str] = mapped_column(Text)
    logo_id: Mapped[UUID | None] = mapped_column(Id)  # pictures of the kit
    invite_picture_id: Mapped[UUID | None] = mapped_column(Id)
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[UUID | None] = mapped_column(Id)
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
