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
