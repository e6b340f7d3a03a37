"""The money of an order as the office shows it: what was due, what gateways told, what goes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kit.errors import words
from app.kit.ids import base32
from app.kit.money import Money
from app.orders.queries import Tender, TenderState
from app.payments.queries import DISPUTES, Method, Notice, Payback, PaybackKind
from app.web.office.wording import PROVIDERS, REASONS, said

# What the reason of a notice says more truly than its state.
NAMED = dict.fromkeys(DISPUTES, "disputed") | {"counted with what came later": "counted"}

WHY: Mapping[PaybackKind, str] = {
    PaybackKind.SURPLUS: words("It came a second time"),
    PaybackKind.MISFIT: words("It fitted no payment of ours"),
    PaybackKind.REFUND: words("The order was refunded"),
}


@dataclass(frozen=True)
class NoticeShown:
    """One notice of a gateway, and what became of it."""

    at: datetime
    trade_no: str
    amount: Money | None
    state: str
    reason: str


@dataclass(frozen=True)
class TenderShown:
    """One way an order is paid, with all that its gateway told us."""

    due: Money
    fee: Money
    replaced: bool
    method: str
    number: str
    met_at: datetime | None
    notices: tuple[NoticeShown, ...]


def tenders_shown(
    tenders: Sequence[Tender], methods: Mapping[UUID, Method], notices: Sequence[Notice]
) -> list[TenderShown]:
    """Return how an order is paid, each way with its notices."""
    return [
        TenderShown(
            due=tender.due,
            fee=tender.surcharge,
            replaced=tender.state is TenderState.REPLACED,
            method=said(PROVIDERS, methods[tender.method_id].provider) if tender.method_id else "",
            number=base32(tender.id),
            met_at=tender.met_at,
            notices=tuple(notice_shown(notice) for notice in notices if notice.tender_id == tender.id),
        )
        for tender in tenders
    ]


def notice_shown(notice: Notice) -> NoticeShown:
    """Return what a gateway told us, and what became of it."""
    amount = Money(notice.amount, notice.currency) if notice.amount is not None else None
    reason = said(REASONS, notice.reason) if notice.reason else ""
    state = NAMED.get(notice.reason) or notice.state.name.lower()
    return NoticeShown(notice.at, notice.reported_no, amount, state, reason)


@dataclass(frozen=True)
class PaybackShown:
    """Money on its way back."""

    id: UUID
    amount: Money
    words: str
    state: str
    reason: str
    order_id: UUID | None
    number: str
    asked_at: datetime
    by_hand: bool


def payback_shown(row: Payback) -> PaybackShown:
    """Return money on its way back, as people read it."""
    return PaybackShown(
        row.id,
        row.money,
        said(WHY, row.kind),
        row.state.name.lower(),
        said(REASONS, row.reason) if row.reason else "",
        row.order_id,
        base32(row.id),
        row.asked_at,
        row.by_hand,
    )
