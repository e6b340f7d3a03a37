"""What happens to orders."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Event):
    name = "order.placed"
    subject_type = "order"

    number: str
    amount: int
    currency: str
    skus: tuple[UUID, ...]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderSentAgain(Event):
    """The form of an unpaid order came again from a browser that never got the first answer; the order is its now."""

    name = "order.sent_again"
    subject_type = "order"


@dataclass(frozen=True, kw_only=True)
class OrderPaid(Event):
    name = "order.paid"
    subject_type = "order"

    amount: int
    currency: str
    in_review: bool = False  # it is given nothing before somebody of the shop has decided
    given_away: bool = False  # nobody paid: the shop bears its cost
    exchange_id: UUID | None = None  # of a piece that paid some of it


@dataclass(frozen=True, kw_only=True)
class TopUpAsked(Event):
    """Somebody wants to pay ahead; nothing is held for it."""

    name = "top_up.asked"
    subject_type = "order"

    number: str
    amount: int
    currency: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class TopUpPaid(Event):
    """Somebody paid ahead through a gateway: no sale, and nothing to deliver but its balance."""

    name = "top_up.paid"
    subject_type = "order"

    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrderHeld(Event):
    """The order is paid, and waits for somebody of the shop to decide whether it is delivered."""

    name = "order.held"
    subject_type = "order"


@dataclass(frozen=True, kw_only=True)
class OrderReviewed(Event):
    """Somebody decided, or the time to decide was over: the order is delivered, or, unless `released`, refunded."""

    name = "order.reviewed"
    subject_type = "order"

    released: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class FeeTaken(Event):
    """A tender was met by a way to pay that costs something: the buyer bore `fee`, the gateway is to keep `kept`."""

    name = "tender.fee_taken"
    subject_type = "tender"

    fee: int
    kept: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrderDelivered(Event):
    name = "order.delivered"
    subject_type = "order"


@dataclass(frozen=True, kw_only=True)
class OrderPartlyDelivered(Event):
    name = "order.partly_delivered"
    subject_type = "order"


@dataclass(frozen=True, kw_only=True)
class OrderQueued(Event):
    """The order is paid, and something in it is still owed."""

    name = "order.queued"
    subject_type = "order"


@dataclass(frozen=True, kw_only=True)
class OrderExpired(Event):
    name = "order.expired"
    subject_type = "order"

    holder_id: UUID | None = None  # whose balance may hold a part of its price
    exchange_id: UUID | None = None  # of a piece that may
    top_up: bool = False  # it held no stock


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Event):
    name = "order.cancelled"
    subject_type = "order"

    holder_id: UUID | None = None  # whose balance may hold a part of its price
    exchange_id: UUID | None = None  # of a piece that may
    top_up: bool = False  # it held no stock
