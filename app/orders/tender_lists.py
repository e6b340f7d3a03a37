"""Questions about tenders: how an order is paid, and what of it is a fee that its buyer bears."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.kit import db
from app.kit.money import Money
from app.orders.models import Order, Payment, Tender, TenderState
from app.orders.rules import returned_fee


def find_due(order_id: UUID) -> Tender | None:
    """Return the tender that an order still waits for."""
    return db.session().scalar(select(Tender).where(Tender.order_id == order_id, Tender.state == TenderState.DUE))


def list_tenders(ids: Sequence[UUID]) -> dict[UUID, Tender]:
    """Return tenders by id."""
    return {tender.id: tender for tender in db.session().scalars(select(Tender).where(Tender.id.in_(ids)))}


def list_tenders_of(order_id: UUID) -> Sequence[Tender]:
    """List how an order is paid."""
    found = db.session().scalars(select(Tender).where(Tender.order_id == order_id))
    return sorted(found, key=lambda tender: tender.id)  # not by the database, see part_lists


def reread_tenders(order_id: UUID) -> Sequence[Tender]:
    """List how an order is paid as the running unit has changed it."""
    query = select(Tender).where(Tender.order_id == order_id).execution_options(populate_existing=True)
    return sorted(db.session().scalars(query), key=lambda tender: tender.id)


def surcharge_of(order: Order) -> Money:
    """Return what the buyer bore of fees on top of the total of a paid order."""
    met = [tender.surcharge for tender in list_tenders_of(order.id) if tender.met_at] if order.paid_at else []
    return sum(met, Money(0, order.currency))


def fee_back(order_id: UUID, *, before: int, after: int) -> Money:
    """Return what goes back of the fees that the buyer bore, when what is refunded of the price grows so far.

    By difference, so that any series of refunds of the whole price gives back just the fees.
    """
    met = [tender for tender in list_tenders_of(order_id) if tender.met_at]
    fee, price = sum(tender.fee for tender in met), sum(tender.price.minor for tender in met)
    back = [returned_fee(fee, price=price, refunded=refunded) for refunded in (before, after)]
    return Money(back[1] - back[0], db.get(Order, order_id).currency)


def held_of(order_id: UUID) -> Money | None:
    """Return what is paid already of an order that is not paid yet, or None."""
    met = [tender.due for tender in list_tenders_of(order_id) if tender.state is TenderState.MET]
    return sum(met[1:], met[0]) if met else None


def list_methods_of(order_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return by order the way to pay that met its last tender."""
    query = select(Tender.order_id, Tender.method_id).where(Tender.order_id.in_(order_ids), Tender.met_at.is_not(None))
    return {row.order_id: row.method_id for row in db.session().execute(query.order_by(Tender.met_at)) if row.method_id}


def list_waiting_for(due: Money, *, limit: int) -> Sequence[Order]:
    """List the latest unpaid orders that wait for just this much, those that ran out included."""
    mine = (Tender.merchant_id == Order.merchant_id) & (Tender.order_id == Order.id)
    waits = (Tender.state == TenderState.DUE, Tender.amount == due.minor, Tender.currency == due.currency)
    query = select(Order).join(Tender, mine).where(Order.payment == Payment.PENDING, *waits)
    return db.session().scalars(query.order_by(Order.id.desc()).limit(limit)).all()
