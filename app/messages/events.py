"""What happens to the parties that carry messages, and what they tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class MessageReceipt(Event):
    """A carrier says what became of a message that it took; `reason` is in its own words."""

    name = "carrier.receipt"
    subject_type = "carrier"

    number: str
    arrived: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RobotSet(Event):
    """Somebody chose what a robot tells the staff; `silent` are the kinds of notes that it leaves out."""

    name = "robot.set"
    subject_type = "carrier"

    silent: Sequence[str]
