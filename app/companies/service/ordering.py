"""Ordering for a company: placed and paid in one unit, so that nothing is held that the balance does not pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.balances import queries as ahead
from app.balances import service as balances
from app.companies import queries
from app.companies.service.members import lock
from app.companies.service.paying import top_up
from app.kit import db
from app.kit.events import By
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Closed, Order, Payment, TenderState


@dataclass(frozen=True)
class Wanted:
    """What is ordered for a company: SKU codes with quantities, and the mark of the form."""

    lines: Sequence[tuple[str, int]]
    lang: str
    idem: str
    rest: bool = False  # what the balance does not hold may be paid another way


def place(company_id: UUID, wanted: Wanted, *, transfer: str | None = None, now: datetime, by: By) -> Order:
    """Place an order for a company and pay it from its balance; the same form gives the same order, paid once.

    With the reference of a `transfer`, its money is booked first, exactly what the order costs. Raises what placing
    raises, KnownTransfer, InsufficientBalance, ClosedCompany; then there is no order and no hold. Where the rest may be
    paid another way the order waits for it, and so does the part that the balance pays.
    """
    company = lock(company_id)
    basket = ordering.Basket(
        lines=tuple(wanted.lines),
        contact=queries.contact_of(company).expose(),
        lang=wanted.lang,
        idem=f"company:{company.id}:{wanted.idem}",
    )
    (order,) = ordering.place_all([ordering.Wish(basket, None, by, company.id)], now=now)
    if order.payment is not Payment.PENDING or order.closed is not Closed.OPEN or _is_begun(order):
        return order
    if wanted.rest and transfer is None and order.total.minor:
        if ahead.balance(company.id).minor:
            balances.pay_part(order.id, company.id, now=now, by=by)
        db.session().flush()
        return orders.reread(order.id)
    if transfer is not None and order.total.minor:
        top_up(company.id, order.total, transfer, now=now, by=by)
    balances.spend(order, company.id, now=now, by=by)
    db.session().flush()
    return orders.reread(order.id)


def _is_begun(order: Order) -> bool:
    """Tell whether this order was here before: a part of it is paid, or its payment was started."""
    tenders = orders.list_tenders_of(order.id)
    return any(tender.state is not TenderState.DUE or tender.method_id for tender in tenders)
