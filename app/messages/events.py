"""What carriers tell of messages."""

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
