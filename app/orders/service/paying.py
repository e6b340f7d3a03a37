"""Paying: a payment starts, money comes, the order is paid once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, update
from sqlalchemy.sql.dml import ReturningUpdate

from app.inventory import service as inventory
from app.kit import db
from app.kit.columns import Moment
from app.kit.events import publish
from app.kit.ids import Id, new_id
from app.kit.inline import among, inline, spread
from app.kit.money import Money
from app.orders import queries
from app.orders.errors import NotPayable
from app.orders.events import FeeTaken, OrderPaid, TopUpPaid
from app.orders.models import Closed, Order, Payment, Purpose, Review, Tender, TenderState
from app.orders.service.reviewing import find_suspects, put_in_review

ORDER, TENDER = Order.__table__.c, Tender.__table__.c
KINDS = {"id": Id(), "amount": TENDER.amount.type, "currency": TENDER.currency.type, "at": Moment()}


@dataclass(frozen=True)
class Paid:
    """Money that arrived for a tender."""

    tender_id: UUID
    amount: int
    currency: str
    at: datetime
    payer: bytes | None = None  # blind: whose account paid, where the gateway says so


@dataclass(frozen=True)
class Fees:
    """What paying one way costs, in minor units: the buyer bears `added` on top of the price, the gateway keeps."""

    added: int = 0
    kept: int = 0


NO_FEES = Fees()


def start_paying(order: Order, method_id: UUID, *, now: datetime, fees: Fees = NO_FEES) -> Tender:
    """Let an unpaid order be paid by this method and return the tender that is due; refuses with NotPayable.

    From now on its stock is kept until somebody closes the order.
    """
    waiting = (
        ORDER.merchant_id == db.merchant_id(),
        ORDER.id == order.id,
        ORDER.payment == Payment.PENDING,
        ORDER.closed == Closed.OPEN,
        ORDER.expires_at > now,
    )
    starting = update(Order.__table__).where(*waiting)  # type: ignore[arg-type]
    if db.changed(starting.values(started_at=func.coalesce(ORDER.started_at, bindparam("at", now, Moment())))) == 0:
        raise NotPayable
    tender = queries.find_due(order.id)
    if tender is None:
        raise NotPayable
    parts = queries.list_parts([order.id])
    inventory.keep([part.id for part in parts], {part.source for part in parts})
    return _reckoned(tender, method_id, fees)


def _reckoned(tender: Tender, method_id: UUID, fees: Fees) -> Tender:
    """Return what is due by this way to pay: the tender itself, or a new one where money may come for another sum.

    A gateway knows a tender's number by one amount for good, so money that still comes for the old one is surplus.
    """
    amount = tender.price.minor + fees.added
    if tender.method_id is not None and amount != tender.amount:
        mine = (TENDER.merchant_id == db.merchant_id(), TENDER.id == tender.id, TENDER.state == TenderState.DUE)
        replacing = update(Tender.__table__).where(*mine)  # type: ignore[arg-type]
        if db.changed(replacing.values(state=TenderState.REPLACED)) == 0:
            raise NotPayable
        tender = Tender(id=new_id(), order_id=tender.order_id, currency=tender.currency, state=TenderState.DUE)
        db.session().add(tender)
    tender.amount, tender.fee, tender.kept, tender.method_id = amount, fees.added, fees.kept, method_id
    db.session().flush()
    return tender


def meet(payments: Sequence[Paid]) -> dict[UUID, Money]:
    """Mark tenders met where amount and currency are just what is due, and orders paid whose tenders all are.

    Returns the tenders that this call met, each with what it took; one statement for all tenders, one for all orders.
    """
    if not payments:
        return {}
    binds: dict[str, Any] = {"merchant": db.merchant_id()}
    for place, payment in enumerate(payments):
        values = (payment.tender_id, payment.amount, payment.currency, payment.at)
        binds |= {f"came_{place}_{name}": value for name, value in zip(KINDS, values, strict=True)}
    met = db.session().execute(_meeting(len(payments)), binds).all()
    if met:
        publish(*(_fee_taken(row) for row in met if row.fee or row.kept))
        came = {payment.tender_id: payment.payer for payment in payments if payment.payer}
        payers = {row.order_id: came[row.id] for row in met if row.id in came}
        _mark_paid(sorted({row.order_id for row in met}), max(payment.at for payment in payments), payers)
    return {row.id: Money(row.amount, row.currency) for row in met}


def _fee_taken(met: Any) -> FeeTaken:
    return FeeTaken(
        subject_id=met.id, order_id=met.order_id, fee=met.fee, kept=met.kept, currency=met.currency, at=met.met_at
    )


@cache
def _meeting(count: int) -> ReturningUpdate[Any]:
    """Return the statement that meets tenders with so many payments; what came is bound when it runs."""
    came = inline("came", KINDS, [(None,) * len(KINDS)] * count)
    return (
        update(Tender.__table__)  # type: ignore[arg-type]
        .where(
            TENDER.merchant_id == bindparam("merchant"),
            TENDER.id == came.c.id,
            TENDER.state == TenderState.DUE,
            TENDER.amount == came.c.amount,
            TENDER.currency == came.c.currency,
        )
        .values(state=TenderState.MET, met_at=came.c.at)
        .returning(TENDER.id, TENDER.order_id, TENDER.amount, TENDER.currency, TENDER.fee, TENDER.kept, TENDER.met_at)
    )


@cache
def _paying(count: int) -> ReturningUpdate[Any]:
    owing = exists().where(
        TENDER.merchant_id == ORDER.merchant_id, TENDER.order_id == ORDER.id, TENDER.state == TenderState.DUE
    )
    return (
        update(Order.__table__)  # type: ignore[arg-type]
        .where(
            ORDER.merchant_id == bindparam("merchant"),
            among(ORDER.id, "order", count),
            ORDER.payment == Payment.PENDING,
            ~owing,
        )
        .values(payment=Payment.PAID, paid_at=bindparam("at", type_=Moment), closed=Closed.OPEN)
        .returning(ORDER.id, ORDER.total_amount, ORDER.currency, ORDER.review, ORDER.purpose, ORDER.exchange_id)
    )


def _mark_paid(order_ids: Sequence[UUID], at: datetime, payers: Mapping[UUID, bytes]) -> None:
    """Mark orders paid that owe nothing any more; an order that was closed opens again, since the money is there.

    Who paid may send one to review: its money is recorded all the same, and nothing is delivered so far.
    """
    binds = {"merchant": db.merchant_id(), "at": at} | spread("order", order_ids)
    paid = db.session().execute(_paying(len(order_ids)), binds).all()
    suspects = find_suspects(payers, now=at) if payers else set()
    if suspects:
        put_in_review(sorted(suspects))
    publish(*(_paid(row, at, in_review=row.review is Review.WAITING or row.id in suspects) for row in paid))


def _paid(row: Any, at: datetime, *, in_review: bool) -> OrderPaid | TopUpPaid:
    money = {"amount": row.total_amount, "currency": row.currency}
    if row.purpose is Purpose.TOP_UP:
        return TopUpPaid(subject_id=row.id, order_id=row.id, **money, at=at)
    more = {"given_away": row.purpose is Purpose.GIFT, "exchange_id": row.exchange_id, "in_review": in_review}
    return OrderPaid(subject_id=row.id, order_id=row.id, **money, **more, at=at)
