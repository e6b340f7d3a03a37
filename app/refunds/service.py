"""What can be done with refunds. It reads like the process: entitlements, codes, money, books."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from app.entitlements import service as entitlements
from app.kit import db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order
from app.payments import queries as paybacks
from app.payments import service as payments
from app.payments.events import PaybackDone, PaybackStuck
from app.payments.queries import PaybackState
from app.refunds.errors import NotRefundable
from app.refunds.events import OrderRefunded, RefundDone, RefundStuck
from app.refunds.models import Refund, RefundState

SOLD_OUT = "sold out"


def refund(order_id: UUID, *, reason: str, now: datetime, by: By) -> Refund:
    """Give the money of a whole paid order back and take back what nobody has seen.

    Refuses with NotRefundable, or with CodesSeen or CodesUsed when a code was looked at or redeemed; nothing changes
    then.
    """
    order = orders.get(order_id)
    if not ordering.mark_refunded(order_id, now=now):
        raise NotRefundable
    entitlements.revoke(order_id, now=now, by=by, reason="refund")
    number = new_id()
    tenders = [tender.id for tender in orders.list_tenders_of(order_id)]
    sent = payments.send_back_payments(order_id, tenders, refund_id=number, now=now, by=by)
    row = _row(number, order, reason, done_at=None if sent else now, now=now)
    db.session().execute(insert(Refund.__table__), [row])  # type: ignore[arg-type]
    publish(
        OrderRefunded(
            subject_id=number,
            order_id=order_id,
            amount=order.total_amount,
            currency=order.currency,
            reason=reason,
            at=now,
            by=by,
        )
    )
    return Refund(**row)


def _row(number: UUID, order: Order, reason: str, *, done_at: datetime | None, now: datetime) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "order_id": order.id,
        "amount": order.total_amount,
        "currency": order.currency,
        "reason": reason,
        "state": RefundState.DONE if done_at else RefundState.ASKED,
        "created_at": now,
        "done_at": done_at,
    }


def follow(events: Sequence[PaybackDone | PaybackStuck]) -> None:
    """Bring refunds up to date with what became of their paybacks."""
    for event in events:
        told = paybacks.list_paybacks_of(event.source_id)
        if not told or told[0].kind is not paybacks.PaybackKind.REFUND:
            continue
        stuck = any(payback.state in (PaybackState.REFUSED, PaybackState.UNKNOWN) for payback in told)
        done = all(payback.state is PaybackState.DONE for payback in told)
        _restate(event, RefundState.STUCK if stuck else RefundState.DONE if done else RefundState.ASKED)


def _restate(event: PaybackDone | PaybackStuck, state: RefundState) -> None:
    r = Refund.__table__.c
    mine = (r.merchant_id == db.merchant_id(), r.id == event.source_id, r.state != RefundState.DONE, r.state != state)
    changes = {"state": state, "done_at": event.at if state is RefundState.DONE else None}
    if db.changed(update(Refund.__table__).where(*mine).values(changes)) == 0:  # type: ignore[arg-type]
        return
    if state is RefundState.DONE:
        publish(RefundDone(subject_id=event.source_id, order_id=event.order_id, at=event.at))
    elif state is RefundState.STUCK:
        stuck = RefundStuck(subject_id=event.source_id, order_id=event.order_id, reason=event.reason, at=event.at)
        publish(stuck)
