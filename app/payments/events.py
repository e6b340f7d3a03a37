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
class FeeTold(Event):
    """A gateway told what it keeps of a payment that counted or was surplus; we had reckoned otherwise."""

    name = "notice.fee_told"
    subject_type = "notice"

    fee: int
    reckoned: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class NoticeStored(Event):
    """A notice is kept that was not applied yet."""

    name = "notice.stored"
    subject_type = "notice"
    is_urgent = True


@dataclass(frozen=True, kw_only=True)
class NoticeDismissed(Event):
    """Somebody looked at a refused notice and leaves it at that."""

    name = "notice.dismissed"
    subject_type = "notice"


@dataclass(frozen=True, kw_only=True)
class NoticeAskedAbout(Event):
    """Somebody had the gateway asked again about a notice that it did not confirm."""

    name = "notice.asked_about"
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
    by_hand: bool = False


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


@dataclass(frozen=True, kw_only=True)
class MethodAdded(Event):
    """The shop can be paid through one more account."""

    name = "payment_method.added"
    subject_type = "payment_method"

    provider: str
    account: str


@dataclass(frozen=True, kw_only=True)
class MethodChanged(Event):
    """Somebody changed a way to pay; `changed` names the fields, never what they hold."""

    name = "payment_method.changed"
    subject_type = "payment_method"

    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class MethodSwitched(Event):
    name = "payment_method.switched"
    subject_type = "payment_method"

    on: bool


@dataclass(frozen=True, kw_only=True)
class MethodTested(Event):
    """A self-test of an account ended."""

    name = "payment_method.tested"
    subject_type = "payment_method"

    well: bool


@dataclass(frozen=True, kw_only=True)
class NoticeMatched(Event):
    """Somebody let money that fitted nothing pay an order, whose total it is."""

    name = "notice.matched"
    subject_type = "notice"

    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ShortAccepted(Event):
    """Somebody took less than was due for the whole; what is missing is a discount of the shop."""

    name = "notice.short_accepted"
    subject_type = "notice"

    amount: int
    forgiven: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TransferTold(Event):
    """A buyer says that they sent a transfer, and gave a proof."""

    name = "transfer.told"
    subject_type = "transfer"

    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class TransferConfirmed(Event):
    """Somebody saw money of a transfer in the bank; `received` is what came for the order so far, this included."""

    name = "transfer.confirmed"
    subject_type = "transfer"

    piece_id: UUID
    amount: int
    received: int
    currency: str
    reference: str
    note: str


@dataclass(frozen=True, kw_only=True)
class TransferRejected(Event):
    """Somebody found no money behind a buyer's word; the buyer reads the reason."""

    name = "transfer.rejected"
    subject_type = "transfer"

    reason: str


@dataclass(frozen=True, kw_only=True)
class TransferProofTaken(Event):
    """Somebody opened a buyer's proof."""

    name = "transfer.proof_taken"
    subject_type = "transfer"

    telling_id: UUID
    network: str
