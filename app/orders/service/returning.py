"""Returning: money of an order goes back, at most what was paid, whoever asks for it at the same moment."""

from uuid import UUID

from sqlalchemy import ColumnElement, case, update

from app.kit import db
from app.kit.money import Money, split
from app.orders import queries
from app.orders.models import Order, Payment, Purpose, Tender, TenderState

ORDER, TENDER = Order.__table__.c, Tender.__table__.c
HAS_MONEY = (Payment.PAID, Payment.PARTIALLY_REFUNDED)


def give_back(order: Order, amount: Money, *, whole: bool) -> dict[UUID, Money] | None:
    """Note that so much of an order's money goes back; returns how much of each tender, in proportion to what is left.

    None when the order was not paid, or has not so much left; nothing has changed then. The amount is of the price; its
    share of the fee that the buyer bore goes back on top, by difference. `whole` says that nothing is left of it.
    """
    state = Payment.REFUNDED if whole else Payment.PARTIALLY_REFUNDED
    left = ORDER.total_amount - ORDER.forgiven_amount - ORDER.refunded_amount
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.id == order.id, ORDER.payment.in_(HAS_MONEY))
    taking = update(Order.__table__).where(*mine, left >= amount.minor)  # type: ignore[arg-type]
    values = {"refunded_amount": ORDER.refunded_amount + amount.minor, "payment": state}
    if amount.minor < 0 or db.changed(taking.values(**values)) == 0:
        return None
    shares = _of_tenders(order.id, amount, whole=whole)
    before = order.refunded_amount
    return _with_fee(shares, queries.fee_back(order.id, before=before, after=before + amount.minor), order.id)


def _of_tenders(order_id: UUID, amount: Money, *, whole: bool) -> dict[UUID, Money]:
    """Take the amount from the tenders that were met; the order is locked, so nobody does the same meanwhile."""
    met = [tender for tender in queries.reread_tenders(order_id) if tender.state is TenderState.MET]
    left = {tender.id: tender.amount - tender.fee - tender.refunded for tender in met}
    if sum(left.values()) < amount.minor:
        raise RuntimeError(f"the tenders of order {order_id} do not hold {amount.minor}")
    shares = split(amount, left) if amount.minor else {}
    for number in left:
        share = shares[number].minor if number in shares else 0
        state = TenderState.RETURNED if whole or 0 < left[number] == share else TenderState.MET
        _take(number, TENDER.amount - TENDER.refunded >= share, refunded=TENDER.refunded + share, state=state)
    return {number: share for number, share in shares.items() if share.minor}


def _with_fee(shares: dict[UUID, Money], fee: Money, order_id: UUID) -> dict[UUID, Money]:
    """Add what goes back of the buyer's fee to what goes back of the tender that bore it."""
    if not fee.minor:
        return shares
    bearer = next(tender.id for tender in queries.reread_tenders(order_id) if tender.met_at and tender.fee)
    return shares | {bearer: shares.get(bearer, Money(0, fee.currency)) + fee}


def _take(tender_id: UUID, guard: ColumnElement[bool], **values: object) -> None:
    mine = (TENDER.merchant_id == db.merchant_id(), TENDER.id == tender_id, TENDER.state == TenderState.MET)
    if db.changed(update(Tender.__table__).where(*mine, guard).values(**values)) != 1:  # type: ignore[arg-type]
        raise RuntimeError(f"tender {tender_id} holds less than goes back")


def forgive(tender: Tender, came: Money) -> bool:
    """Let a tender that is due be less, since the shop takes what came for the whole; tells whether it is."""
    less = tender.amount - came.minor
    if less <= 0 or came.minor <= 0 or came.currency != tender.currency:
        return False
    due = (
        TENDER.merchant_id == db.merchant_id(),
        TENDER.id == tender.id,
        TENDER.state == TenderState.DUE,
        TENDER.amount == tender.amount,
    )
    if db.changed(update(Tender.__table__).where(*due).values(amount=came.minor)) == 0:  # type: ignore[arg-type]
        return False
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.id == tender.order_id, ORDER.payment == Payment.PENDING)
    forgiving = update(Order.__table__).where(*mine)  # type: ignore[arg-type]
    is_sale = ORDER.purpose == Purpose.SALE  # a top-up is of what came: nothing is let off
    values = {
        "forgiven_amount": case((is_sale, ORDER.forgiven_amount + less), else_=ORDER.forgiven_amount),
        "total_amount": case((is_sale, ORDER.total_amount), else_=ORDER.total_amount - less),
    }
    return db.changed(forgiving.values(**values)) == 1
