"""What happens to refunds."""

from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class OrderRefunded(Event):
    """An order is taken back as a whole, and its money is on its way."""

    name = "order.refunded"
    subject_type = "refund"

    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefundDone(Event):
    """The gateways have given all the money of a refund back."""

    name = "refund.done"
    subject_type = "refund"


@dataclass(frozen=True, kw_only=True)
class RefundStuck(Event):
    """A gateway would not give the money back, or nobody knows whether it did."""

    name = "refund.stuck"
    subject_type = "refund"

    reason: str
