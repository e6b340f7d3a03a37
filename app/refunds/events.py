"""What happens to refunds."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class OrderRefunded(Event):
    """An order, or some of it, is taken back, and the money for it is on its way."""

    name = "order.refunded"
    subject_type = "refund"

    amount: int
    currency: str
    reason: str
    forgiven: int  # of the price of these goods, never paid
    cost: int  # what the codes that came back had cost
    count: int  # of entitlements
    whole: bool  # nothing of the order is left


@dataclass(frozen=True, kw_only=True)
class PieceTraded(OrderRefunded):
    """A piece is taken back since its buyer exchanges it; what was paid for it pays for something else."""

    name = "order.piece_traded"

    into_id: UUID  # the order that has the other piece
    number: str  # of that order
    back: int  # what of the amount goes back as money


@dataclass(frozen=True, kw_only=True)
class TopUpRefunded(Event):
    """What a company paid ahead, or some of it, is on its way back."""

    name = "top_up.refunded"
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
