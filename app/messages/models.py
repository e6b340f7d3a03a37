"""Tables of messages."""

from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned
from app.messages.providers.base import Channel


class StaffNote(Owned):
    """Something the staff should look at; `facts` are plain values for the words of its kind."""

    __tablename__ = "staff_note"
    __table_args__ = (Index(None, "merchant_id", "at"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    kind: Mapped[str] = mapped_column(Text)
    subject_type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column(Id)
    facts: Mapped[str] = mapped_column(Text)  # JSON


class NotesSeen(Owned):
    """Until when somebody has read."""

    __tablename__ = "notes_seen"

    user_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)


class Carrier(Owned):
    """Our account at a party that carries messages by one channel, its keys sealed; of a channel's, first to last."""

    __tablename__ = "carrier"
    __table_args__ = (choice_check("channel", Channel), Index(None, "merchant_id", "channel"))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    provider: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text, default="")  # in the shop's own words; "" is the party's name
    enabled: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    account: Mapped[str] = mapped_column(Text)  # our number there; not a secret
    settings: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # what is no secret
    credentials: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[UUID] = mapped_column(Id)
    hook_token: Mapped[str] = mapped_column(Text)  # a random address, to which receipts are pushed
    created_at: Mapped[datetime] = mapped_column(Moment)
    tested_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    findings: Mapped[list[Any]] = mapped_column(JSON, default=list)  # of the last self-test
    former_token: Mapped[str] = mapped_column(Text, default="")  # the address before, good until then
    former_until: Mapped[datetime | None] = mapped_column(Moment, default=None)
    receipts_url: Mapped[str] = mapped_column(Text, default="")  # as a self-test tries it from outside
    alarm: Mapped[str] = mapped_column(Text, default="")  # why it is out of order until somebody mends it
    rests_until: Mapped[datetime | None] = mapped_column(Moment, default=None)  # after failures in a row, or too many
    retired_at: Mapped[datetime | None] = mapped_column(Moment, default=None)  # nothing new goes by it, for good


IN_ORDER = (Carrier.enabled.is_(True), Carrier.alarm == "")  # takes messages, or only rests; never one that is retired


class TrialState(IntEnum):
    """How a message that was sent for a test stands."""

    ASKED = 0
    TAKEN = 1  # by the carrier
    ARRIVED = 2
    FAILED = 3
    UNKNOWN = 4


class CarrierTrial(Owned):
    """A message that somebody of the staff had sent to see whether it comes."""

    __tablename__ = "carrier_trial"
    __table_args__ = (
        choice_check("state", TrialState),
        ForeignKeyConstraint(["merchant_id", "carrier_id"], ["carrier.merchant_id", "carrier.id"]),
        Index(None, "merchant_id", "carrier_id"),
        Index(None, "merchant_id", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    carrier_id: Mapped[UUID] = mapped_column(Id)
    about: Mapped[str] = mapped_column(Text)
    lang: Mapped[str] = mapped_column(Text)
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # where it goes
    mask: Mapped[str] = mapped_column(Text)
    state: Mapped[TrialState] = mapped_column(Choice(TrialState))
    reason: Mapped[str] = mapped_column(Text, default="")
    number: Mapped[str] = mapped_column(Text, default="")  # what the carrier calls it
    asked_at: Mapped[datetime] = mapped_column(Moment)
    asked_by: Mapped[UUID | None] = mapped_column(Id, default=None)
    ended_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class CarrierInquiry(Owned):
    """A message of which its carrier says nothing by itself, so it is asked what became of it."""

    __tablename__ = "carrier_inquiry"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "carrier_id"], ["carrier.merchant_id", "carrier.id"]),
        UniqueConstraint("merchant_id", "carrier_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    carrier_id: Mapped[UUID] = mapped_column(Id)
    number: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    teller: Mapped[str] = mapped_column(Text, default="")  # the kind of a chat (app/messages/chatting.py); "" of others
    subject_id: Mapped[UUID | None] = mapped_column(Id, default=None)  # what that chat was about


class DigitsSent(Owned):
    """A one-time code that went to a number; numbers are known here by their keyed index alone."""

    __tablename__ = "digits_sent"
    __table_args__ = (Index(None, "merchant_id", "to_index"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)  # the key of its message
    to_index: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(Moment)


class CarrierTemplate(Owned):
    """The template that a party approved for what a message is about, in one language."""

    __tablename__ = "carrier_wording"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "carrier_id"], ["carrier.merchant_id", "carrier.id"]),)

    carrier_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    about: Mapped[str] = mapped_column(Text, primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text)  # the number of the text there
    variables: Mapped[list[Any]] = mapped_column(JSON)  # pairs: its name or place, which of our VARIABLES


class CarrierToken(Owned):
    """The access token by which a carrier knows us, for all processes; every new one is another *edition*.

    Who holds the lease fetches the next one, and everybody else waits for that.
    """

    __tablename__ = "carrier_token"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "carrier_id"], ["carrier.merchant_id", "carrier.id"]),)

    carrier_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    edition: Mapped[int] = mapped_column(Integer, default=0)  # 0: none was fetched yet
    key_id: Mapped[UUID | None] = mapped_column(Id, default=None)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    fetched_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    expires_at: Mapped[datetime | None] = mapped_column(Moment, default=None)
    lease_until: Mapped[datetime | None] = mapped_column(Moment, default=None)


class Robot(Owned):
    """What a carrier that speaks to a group of the staff tells there, and how much it may say just now."""

    __tablename__ = "robot"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "carrier_id"], ["carrier.merchant_id", "carrier.id"]),)

    carrier_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    silent: Mapped[list[str]] = mapped_column(JSON, default=list)  # kinds of notes that it does not tell
    is_asked: Mapped[bool] = mapped_column(Boolean, default=False)  # whether an effect is on its way to speak
    spent_until: Mapped[datetime | None] = mapped_column(Moment, default=None)  # the bucket; see app/messages/rules.py
    spoke_at: Mapped[datetime | None] = mapped_column(Moment, default=None)


class RobotNote(Owned):
    """A note that a robot has still to tell."""

    __tablename__ = "robot_note"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "carrier_id"], ["robot.merchant_id", "robot.carrier_id"]),
        ForeignKeyConstraint(["merchant_id", "note_id"], ["staff_note.merchant_id", "staff_note.id"]),
    )

    carrier_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    note_id: Mapped[UUID] = mapped_column(Id, primary_key=True)


class MiniConsent(Owned):
    """How many messages of a template somebody allowed a mini program, and that were not sent yet."""

    __tablename__ = "mini_consent"
    __table_args__ = (CheckConstraint("remaining >= 0", name="remaining"),)

    person: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # a keyed digest of the openid
    template: Mapped[str] = mapped_column(Text, primary_key=True)
    remaining: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime | None] = mapped_column(Moment, default=None)  # when WeChat saw the latest of them given
