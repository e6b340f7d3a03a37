"""Splitting: an order paid by two tenders, of which one is met from a balance before the other comes.

Until the order is paid, what met the first is only held: whoever closes the order gives it back in the same unit, and
from then on the order takes no money at all, so that none is kept for an order which is half paid.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update

from app.kit import db
from app.kit.ids import new_id
from app.kit.money import Money
from app.orders import queries
from app.orders.errors import NotPayable
from app.orders.models import Closed, Order, Payment, Purpose, Tender, TenderState

ORDER, TENDER = Order.__table__.c, Tender.__table__.c


def name_holder(order_id: UUID, holder_id: UUID, *, now: datetime) -> None:
    """Let a balance pay some of an unpaid order; refuses with NotPayable where it waits for none, or has another's."""
    waits = (
        ORDER.merchant_id == db.merchant_id(),
        ORDER.id == order_id,
        ORDER.purpose == Purpose.SALE,
        ORDER.payment == Payment.PENDING,
        ORDER.closed == Closed.OPEN,
        ORDER.expires_at > now,
        or_(ORDER.holder_id.is_(None), ORDER.holder_id == holder_id),
    )
    if db.changed(update(Order.__table__).where(*waits).values(holder_id=holder_id)) != 1:  # type: ignore[arg-type]
        raise NotPayable


def split_off(order: Order, part: Money, method_id: UUID) -> Tender:
    """Return a tender of its own for a part of an unpaid order, and leave the rest due; refuses with NotPayable.

    What a gateway was asked for already keeps its amount for good: it is replaced, and money for it is surplus.
    """
    due = queries.find_due(order.id)
    if due is None or part.currency != due.currency or not 0 < part.minor < due.price.minor:
        raise NotPayable
    rest = due.price.minor - part.minor
    mine = (TENDER.merchant_id == db.merchant_id(), TENDER.id == due.id, TENDER.state == TenderState.DUE)
    cutting = update(Tender.__table__).where(*mine, TENDER.amount == due.amount)  # type: ignore[arg-type]
    known = {"order_id": order.id, "currency": part.currency, "state": TenderState.DUE}
    if due.method_id is None:
        cutting = cutting.values(amount=rest)
    else:
        cutting = cutting.values(state=TenderState.REPLACED)
        db.session().add(Tender(id=new_id(), amount=rest, **known))
    if db.changed(cutting) != 1:
        raise NotPayable
    db.session().expire(due)
    tender = Tender(id=new_id(), amount=part.minor, method_id=method_id, **known)
    db.session().add(tender)
    db.session().flush()
    return tender


@dataclass(frozen=True)
class Part:
    """What met a tender of an order that is closed now, and by which way to pay."""

    tender_id: UUID
    method_id: UUID | None
    money: Money


def end_parts(order_id: UUID) -> list[Part]:
    """Let a closed order keep no part of its price, and return what met its tenders; it can be paid no more then.

    One of which no part was paid is left as it is: money that comes late opens it again.
    """
    mine = (TENDER.merchant_id == db.merchant_id(), TENDER.order_id == order_id)
    met = update(Tender.__table__).where(*mine, TENDER.state == TenderState.MET)  # type: ignore[arg-type]
    ended = met.values(state=TenderState.RETURNED).returning(
        TENDER.id, TENDER.method_id, TENDER.amount, TENDER.currency
    )
    rows = sorted(db.session().execute(ended), key=lambda row: row.id)
    parts = [Part(row.id, row.method_id, Money(row.amount, row.currency)) for row in rows]
    if parts:
        due = update(Tender.__table__).where(*mine, TENDER.state == TenderState.DUE)  # type: ignore[arg-type]
        db.changed(due.values(state=TenderState.REPLACED))
    return parts
