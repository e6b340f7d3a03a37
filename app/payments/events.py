"""What happens to payments."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class PaymentStarted(Event):
    name = "payment.started"
    subject_type = "tender"

    method_id: UUID
    provider: str


@dataclass(frozen=True, kw_only=True)
class NoticeRefused(Event):
    name = "notice.refused"
    subject_type = "notice"

    reason: str


@dataclass(frozen=True, kw_only=True)
class NoticeSurplus(Event):
    """Money came for a tender that was met already."""

    name = "notice.surplus"
    subject_type = "notice"

    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class NoticeStored(Event):
    """A notice is kept that could not be applied yet."""

    name = "notice.stored"
    subject_type = "notice"


@dataclass(frozen=True, kw_only=True)
class NoticeDismissed(Event):
    """Somebody looked at a refused notice and leaves it at that."""

    name = "notice.dismissed"
    subject_type = "notice"


@dataclass(frozen=True, kw_only=True)
class PaybackAsked(Event):
    """Money is to go back the way it came; `kind` is surplus, misfit or refund."""

    name = "payback.asked"
    subject_type = "payback"

    kind: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaybackDone(Event):
    name = "payback.done"
    subject_type = "payback"

    source_id: UUID
    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PaybackStuck(Event):
    """The gateway would not give money back, or nobody knows whether it did."""

    name = "payback.stuck"
    subject_type = "payback"

    source_id: UUID
    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PaybackRetried(Event):
    """Somebody had the gateway asked once more."""

    name = "payback.retried"
    subject_type = "payback"


@dataclass(frozen=True, kw_only=True)
class CancelAsked(Event):
    """Somebody wants to cancel an order with a payment under way; its gateways are asked to close that first."""

    name = "order.cancel_asked"
    subject_type = "order"
