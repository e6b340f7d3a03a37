"""What happens in finance."""

from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class BillAsked(Event):
    """A gateway was asked for the bill of a day."""

    name = "bill.asked"
    subject_type = "bill"

    day: str


@dataclass(frozen=True, kw_only=True)
class BillTaken(Event):
    """A bill is here and is being read."""

    name = "bill.taken"
    subject_type = "bill"

    day: str


@dataclass(frozen=True, kw_only=True)
class BillRead(Event):
    """Every line of a bill was matched, or is listed as a difference."""

    name = "bill.read"
    subject_type = "bill"

    open: int


@dataclass(frozen=True, kw_only=True)
class BillFailed(Event):
    name = "bill.failed"
    subject_type = "bill"

    reason: str


@dataclass(frozen=True, kw_only=True)
class FeeBilled(Event):
    """A line of a bill tells another fee than the books had; they follow by `more`."""

    name = "bill_line.fee_billed"
    subject_type = "bill_line"

    more: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class LineSettled(Event):
    """Somebody dealt with a difference; `how` is counted, returned or explained."""

    name = "bill_line.settled"
    subject_type = "bill_line"

    how: str
    note: str
