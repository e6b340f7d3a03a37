"""Questions about fees: what goes back of those that buyers bore, and whether the books say so."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select

from app.finance.postings import FEES
from app.kit import db
from app.kit.money import Money
from app.ledger.queries import MOST, Entry, Transaction
from app.orders import queries as orders
from app.orders.queries import Tender
from app.refunds.queries import Refund


def given_back(order_id: UUID, refund_id: UUID, amount: int) -> Money:
    """Return what a refund of so much of the price gives back of the fees that the buyer bore."""
    others = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.order_id == order_id, Refund.id != refund_id
    )
    before = int(db.session().scalar(others) or 0)
    return orders.fee_back(order_id, before=before, after=before + amount)


def misgiven() -> Iterator[tuple[UUID, str, int, int]]:
    """Yield orders whose refunds gave back another part of the buyer's fees than they had to; at most MOST.

    With its currency, what it should be and what the books say.
    """
    t, r = Tender.__table__.c, Refund.__table__.c
    borne = (
        select(t.order_id, t.currency)
        .where(t.merchant_id == db.merchant_id(), t.fee > 0, t.met_at.is_not(None))
        .distinct()
        .subquery()
    )
    refunded = (
        select(r.order_id, borne.c.currency, func.sum(r.amount))
        .join(borne, borne.c.order_id == r.order_id)
        .where(r.merchant_id == db.merchant_id())
        .group_by(r.order_id, borne.c.currency)
        .order_by(r.order_id)
    )
    told = 0
    for order_id, currency, amount in db.session().execute(refunded).all():
        expected, found = orders.fee_back(order_id, before=0, after=int(amount)).minor, _booked(order_id)
        if expected != found and (told := told + 1) <= MOST:
            yield order_id, currency, expected, found


def _booked(order_id: UUID) -> int:
    """Return what the books gave back of the buyer's fees with the refunds of an order."""
    query = (
        select(func.coalesce(func.sum(Entry.amount), 0))
        .join(Transaction, (Transaction.merchant_id == Entry.merchant_id) & (Transaction.id == Entry.tx_id))
        .join(Refund, (Refund.merchant_id == Transaction.merchant_id) & (Refund.id == Transaction.subject_id))
        .where(Transaction.kind == "fee_back", Entry.account == FEES, Refund.order_id == order_id)
    )
    return int(db.session().scalar(query) or 0)
