"""Sorting out: people decide what money is for that came and was not what was due."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.kit import db
from app.kit.errors import Invalid, NotFound, Required
from app.kit.events import By, publish
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Purpose, Tender
from app.payments.errors import AlreadyDealtWith, DoesNotFit, NotShort
from app.payments.events import NoticeMatched, ShortAccepted
from app.payments.models import Notice, NoticeState
from app.payments.service.paybacks import clear_same, find_payback, has_paid

N = Notice.__table__.c


def match(notice_id: UUID, order_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Let authentic money that fitted nothing pay an order that waits for just this much, closed or not.

    Refuses with DoesNotFit, and with AlreadyDealtWith when the money went back or paid something.
    """
    notice = _misfit(notice_id)
    ordering.lock(orders.get(order_id).id)
    tender, came = orders.find_due(order_id), Money(notice.amount or 0, notice.currency)
    if tender is None or tender.due != came:
        raise DoesNotFit(came, tender.due if tender else None)
    _let_pay(notice, tender, now)
    facts = {"amount": came.minor, "currency": came.currency, "reason": reason}
    publish(NoticeMatched(subject_id=notice.id, order_id=order_id, at=now, by=by, **facts))  # type: ignore[arg-type]


def accept_short(notice_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Take what came for an order as the whole, though it is less; what is missing is a discount of the shop.

    Refuses with NotShort, Required, and with AlreadyDealtWith when the money went back or paid something.
    """
    notice = _misfit(notice_id)
    tender = orders.list_tenders([notice.tender_id]).get(notice.tender_id) if notice.tender_id else None
    if tender is None:
        raise NotShort
    if not reason:
        raise Invalid({"reason": Required()})
    ordering.lock(tender.order_id)
    came = Money(notice.amount or 0, notice.currency)
    is_sale = orders.get(tender.order_id).purpose is Purpose.SALE
    missing = tender.amount - came.minor if is_sale else 0
    if not ordering.forgive(tender, came):
        raise NotShort
    _let_pay(notice, tender, now)
    facts = {"amount": came.minor, "forgiven": missing, "currency": came.currency, "reason": reason}
    publish(ShortAccepted(subject_id=notice.id, order_id=tender.order_id, at=now, by=by, **facts))  # type: ignore[arg-type]


def _misfit(notice_id: UUID) -> Notice:
    notice = db.get(Notice, notice_id)
    if not notice.is_misfit:
        raise AlreadyDealtWith if notice.amount is not None else NotFound
    return notice


def _let_pay(notice: Notice, tender: Tender, now: datetime) -> None:
    """Count a notice for a tender; a gateway tells the same several times, and all those are dealt with together."""
    settled = find_payback(notice.method_id, notice.reported_no) or has_paid(notice)
    number, reported_no, method_id = notice.id, notice.reported_no, notice.method_id
    if number not in clear_same(notice, now=now) or settled:
        raise AlreadyDealtWith
    applied: dict[str, Any] = {"state": NoticeState.APPLIED, "trade_no": reported_no, "tender_id": tender.id}
    mine = (N.merchant_id == db.merchant_id(), N.id == number)
    db.changed(update(Notice.__table__).where(*mine).values(applied))  # type: ignore[arg-type]
    tender.method_id = method_id
    db.session().flush()
    if not ordering.meet([ordering.Paid(tender.id, notice.amount or 0, notice.currency, now)]):
        raise AlreadyDealtWith
    ordering.wait_no_longer(orders.get(tender.order_id))  # a transfer had more time than others
