"""Paying ahead: what an open company may put on its balance, through a gateway or by a bank transfer."""

from datetime import datetime
from uuid import UUID

from app.balances import service as balances
from app.balances.queries import MOST_TOP_UP
from app.companies import queries
from app.companies.service.members import lock
from app.kit.events import By
from app.kit.money import Money
from app.orders import service as ordering
from app.orders.queries import Order


def top_up(company_id: UUID, money: Money, reference: str, *, now: datetime, by: By) -> None:
    """Book a bank transfer of a company; the same reference counts once.

    Raises ClosedCompany, and what booking it raises.
    """
    balances.top_up(lock(company_id).id, money, reference, now=now, by=by)


def pay_due(company_id: UUID, order_id: UUID, *, now: datetime, by: By) -> Money:
    """Pay of what is due of an order as much as the company's balance has, and return how much that was.

    Raises ClosedCompany, NotPayable and InsufficientBalance.
    """
    return balances.pay_part(order_id, lock(company_id).id, now=now, by=by)


def ask_top_up(company_id: UUID, wish: balances.Ahead, *, now: datetime, by: By) -> Order:
    """Place a top-up of a company's balance, to be paid at a cashier; the same form gives the same one again.

    Raises ClosedCompany, and what placing it raises.
    """
    company = lock(company_id)
    contact, idem = queries.contact_of(company).expose(), f"top-up:{company.id}:{wish.idem}"
    asked = ordering.TopUp(company.id, wish.money, contact, wish.lang, idem, company_id=company.id)
    return balances.place_top_up(asked, most=Money(MOST_TOP_UP, wish.money.currency), now=now, by=by)
