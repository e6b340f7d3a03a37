"""What happens to the parties that carry messages, and what they tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class MessageReceipt(Event):
    """A carrier (`subject_id`) says what became of a message that it took; `reason` is in its own words."""

    name = "carrier.receipt"
    subject_type = "carrier_receipt"  # apart, so that what happened to the carrier is found among so many

    number: str
    arrived: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ChatFailed(Event):
    """What somebody was told by a chat, and its carrier took, did not reach them; `teller` is the kind of the chat."""

    name = "chat.failed"
    subject_type = "chat"

    teller: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RobotSet(Event):
    """Somebody chose what a robot tells the staff; `silent` are the kinds of notes that it leaves out."""

    name = "robot.set"
    subject_type = "carrier"

    silent: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class CarrierAdded(Event):
    name = "carrier.added"
    subject_type = "carrier"

    provider: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class CarrierChanged(Event):
    """`changed` names settings, keys, `title`, `position`, `hook` and `former_hook` (addresses for its receipts), or
    `template` with what it is about and its language."""

    name = "carrier.changed"
    subject_type = "carrier"

    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class CarrierSwitched(Event):
    name = "carrier.switched"
    subject_type = "carrier"

    on: bool


@dataclass(frozen=True, kw_only=True)
class CarrierRetired(Event):
    """Nothing new goes by a carrier, for good."""

    name = "carrier.retired"
    subject_type = "carrier"

    channel: str


@dataclass(frozen=True, kw_only=True)
class CarrierTested(Event):
    name = "carrier.tested"
    subject_type = "carrier"

    well: bool


@dataclass(frozen=True, kw_only=True)
class CarrierTried(Event):
    """Somebody had a message sent to themselves."""

    name = "carrier.tried"
    subject_type = "carrier"

    about: str


@dataclass(frozen=True, kw_only=True)
class CarrierFailed(Event):
    """A carrier cannot carry anything until somebody mends it."""

    name = "carrier.failed"
    subject_type = "carrier"

    reason: str


@dataclass(frozen=True, kw_only=True)
class CarrierMended(Event):
    name = "carrier.mended"
    subject_type = "carrier"
