"""Tables of the ways to buyers: what the shop set, what buyers want no more, and what carriers took over."""

from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Boolean, Index, Integer, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.delivery.models import Channel
from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class TellingPolicy(Owned):
    """How a shop wants its buyers to be told; a shop without a row does as the house does (rules of plan.py)."""

    __tablename__ = "telling_policy"

    channels: Mapped[list[Any]] = mapped_column(JSON)  # names, the first one that reaches a buyer is taken
    off: Mapped[list[Any]] = mapped_column(JSON)  # names of channels that are not used
    quiet_from: Mapped[int] = mapped_column(Integer)  # minutes after midnight in the shop's zone; both alike: never
    quiet_to: Mapped[int] = mapped_column(Integer)
    waiting: Mapped[list[Any]] = mapped_column(JSON)  # names of what may wait until the quiet hours are over
    silent: Mapped[list[Any]] = mapped_column(JSON)  # names of what is not told at all


class OptOut(Owned):
    """What the owner of a contact no longer wants by a channel: all of it, or only what they can do without."""

    __tablename__ = "opt_out"
    __table_args__ = (choice_check("channel", Channel),)

    contact_index: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    channel: Mapped[Channel] = mapped_column(Choice(Channel), primary_key=True)
    everything: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(Moment)


class Handover(Owned):
    """A message that a carrier has under a number of its own.

    Our settling and the carrier's receipt each write this row, in whatever order and at the same moment; the second
    one finds what the first one knew.
    """

    __tablename__ = "handover"
    __table_args__ = (
        Index(
            "ix_handover_strangers",
            "merchant_id",
            "at",
            postgresql_where=text("delivery_id IS NULL"),
            sqlite_where=text("delivery_id IS NULL"),
        ),
    )

    carrier_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(Text, primary_key=True)
    delivery_id: Mapped[UUID | None] = mapped_column(Id)  # None: a receipt came first, or it is none of ours
    arrived: Mapped[bool | None] = mapped_column(Boolean)  # None: no receipt yet
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)


class ResendState(IntEnum):
    RUNNING = 0
    DONE = 1
    CANCELLED = 2
    FAILED = 3


class Resend(Owned):
    """Messages of a list that are sent again, as somebody confirmed it, and how far that is."""

    __tablename__ = "resend"
    __table_args__ = (choice_check("state", ResendState),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    state: Mapped[ResendState] = mapped_column(Choice(ResendState))
    filters: Mapped[dict[str, str]] = mapped_column(JSON)  # the list that was looked at
    count: Mapped[int] = mapped_column(Integer)  # as it was confirmed
    done: Mapped[int] = mapped_column(Integer)
    after: Mapped[UUID | None] = mapped_column(Id)  # the last message that was looked at
    asked_at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
