"""Tables of delivery."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, LargeBinary, Text, UniqueConstraint, text
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
    """FAILED: the other side said no for good, or it was too late; UNKNOWN: it may have arrived, nobody can say.

    DROPPED: there was nothing to tell any more, or somebody of the shop leaves it at that.
    """

    QUEUED = 0
    SENT = 1
    FAILED = 2
    UNKNOWN = 3
    DROPPED = 4


class Delivery(Owned):
    """One message to the buyer of an order; its text is made when it is sent, and kept nowhere."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("merchant_id", "source_id"),  # what asked for it: a reaction that runs twice tells once
        Index(None, "merchant_id", "order_id"),
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
    source_id: Mapped[UUID] = mapped_column(Id)
    about: Mapped[About] = mapped_column(Choice(About))
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    state: Mapped[State] = mapped_column(Choice(State))
    link_id: Mapped[UUID | None] = mapped_column(Id)
    to_mask: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)  # why it failed or is not known, in the other side's words; no secret
    created_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)


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
    opted_out_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
