"""Ordering for a company: placed and paid in one unit, so that nothing is held that the balance does not pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.companies import queries
from app.companies.service.balance import spend, top_up
from app.companies.service.members import lock
from app.kit import db
from app.kit.events import By
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order, Payment


@dataclass(frozen=True)
class Wanted:
    """What is ordered for a company: SKU codes with quantities, and the mark of the form."""

    lines: Sequence[tuple[str, int]]
    lang: str
    idem: str


def place(company_id: UUID, wanted: Wanted, *, transfer: str | None = None, now: datetime, by: By) -> Order:
    """Place an order for a company and pay it from its balance; the same form gives the same order, paid once.

    With the reference of a `transfer`, its money is booked first, exactly what the order costs. Raises what placing
    raises, KnownTransfer, InsufficientBalance, ClosedCompany; then there is no order and no hold.
    """
    company = lock(company_id)
    basket = ordering.Basket(
        lines=tuple(wanted.lines),
        contact=queries.contact_of(company).expose(),
        lang=wanted.lang,
        idem=f"company:{company.id}:{wanted.idem}",
    )
    (order,) = ordering.place_all([ordering.Wish(basket, None, by, company.id)], now=now)
    if order.payment is not Payment.PENDING:
        return order
    if transfer is not None and order.total.minor:
        top_up(company.id, order.total, transfer, now=now, by=by)
    spend(order, company.id, now=now, by=by)
    db.session().flush()
    return orders.reread(order.id)
