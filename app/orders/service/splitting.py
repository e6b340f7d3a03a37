"""Splitting: an order paid by two tenders, of which one is met from a balance before the other comes.

Until the order is paid, what met the first is only held: whoever closes the order gives it back in the same unit, and
from then on the order takes no money at all, so that none is kept for an order which is half paid.
"""

from uuid import UUID

from sqlalchemy import update

from app.kit import db
from app.kit.ids import new_id
from app.kit.money import Money
from app.orders.errors import NotPayable
from app.orders.models import Order, Tender, TenderState

TENDER = Tender.__table__.c


def split_off(order: Order, part: Money, method_id: UUID) -> Tender:
    """Return a tender of its own for a part of an unpaid order; refuses with NotPayable once a payment was started."""
    whole = (
        TENDER.merchant_id == db.merchant_id(),
        TENDER.order_id == order.id,
        TENDER.state == TenderState.DUE,
        TENDER.method_id.is_(None),
        TENDER.amount > part.minor,
        TENDER.currency == part.currency,
    )
    less = update(Tender.__table__).where(*whole).values(amount=TENDER.amount - part.minor)  # type: ignore[arg-type]
    if part.minor <= 0 or db.changed(less) != 1:
        raise NotPayable
    known = {"amount": part.minor, "currency": part.currency, "state": TenderState.DUE, "method_id": method_id}
    tender = Tender(id=new_id(), order_id=order.id, **known)
    db.session().add(tender)
    db.session().flush()
    return tender


def end_parts(order_id: UUID) -> list[tuple[UUID, Money]]:
    """Let a closed order keep no part of its price, and return what met its tenders; it can be paid no more then.

    One of which no part was paid is left as it is: money that comes late opens it again.
    """
    mine = (TENDER.merchant_id == db.merchant_id(), TENDER.order_id == order_id)
    met = update(Tender.__table__).where(*mine, TENDER.state == TenderState.MET)  # type: ignore[arg-type]
    ended = met.values(state=TenderState.RETURNED).returning(TENDER.id, TENDER.amount, TENDER.currency)
    parts = [(row.id, Money(row.amount, row.currency)) for row in db.session().execute(ended)]
    if parts:
        due = update(Tender.__table__).where(*mine, TENDER.state == TenderState.DUE)  # type: ignore[arg-type]
        db.changed(due.values(state=TenderState.REPLACED))
    return sorted(parts)
