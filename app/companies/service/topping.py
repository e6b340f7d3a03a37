"""Topping up through a gateway: a company pays ahead as it would pay an order, and its balance follows the money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.companies import queries
from app.companies.errors import InsufficientBalance, MoreThanLeft, NothingToBook, TooMuch
from app.companies.events import BalancePaidIn, BalanceSentBack
from app.companies.models import MovementKind
from app.companies.rules import LONGEST_REFERENCE, MOST_TOP_UP
from app.companies.service.balance import Change, is_counted, move
from app.companies.service.members import lock
from app.kit.errors import Invalid, NotFound, Required, TooLong
from app.kit.events import SYSTEM, By, publish
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.events import TopUpPaid
from app.orders.queries import Order, Payment, Purpose
from app.refunds import service as refunds
from app.refunds.errors import NotRefundable


@dataclass(frozen=True)
class Ahead:
    """What a company wants to pay ahead, and the mark of the form."""

    money: Money
    lang: str
    idem: str


def ask_top_up(company_id: UUID, wish: Ahead, *, now: datetime, by: By) -> Order:
    """Place a top-up of a company's balance, to be paid at a cashier; the same form gives the same one again.

    Raises Invalid with NothingToBook or TooMuch; ClosedCompany, ShopIsClosed.
    """
    company = lock(company_id)
    most = Money(MOST_TOP_UP, wish.money.currency)
    if wish.money.minor <= 0 or wish.money.minor > most.minor:
        raise Invalid({"amount": NothingToBook() if wish.money.minor <= 0 else MoreThanLeft(most)})
    contact, idem = queries.contact_of(company).expose(), f"top-up:{company.id}:{wish.idem}"
    asked = ordering.TopUp(company.id, wish.money, contact, wish.lang, idem)
    return ordering.place_top_up(asked, now=now, by=by)


def credit(paid: Sequence[TopUpPaid]) -> None:
    """Put paid top-ups onto their balances, each once; a reaction, which never refuses.

    A company that was closed meanwhile has its money there all the same: it is paid out or sent back.
    """
    owners = orders.list_companies(event.subject_id for event in paid)
    for event in paid:
        money, source = Money(event.amount, event.currency), f"top-up:{event.subject_id}"
        change = Change(
            owners[event.subject_id], MovementKind.TOP_UP, money, source, event.at, SYSTEM, event.subject_id
        )
        if (moved := move(change)) is not None:
            publish(
                BalancePaidIn(
                    subject_id=change.company_id,
                    order_id=event.subject_id,
                    movement_id=moved.id,
                    amount=money.minor,
                    currency=money.currency,
                    at=event.at,
                )
            )
    ordering.finish_top_ups([event.subject_id for event in paid], now=max(event.at for event in paid))


def send_top_up_back(order_id: UUID, money: Money, reason: str, *, key: str, now: datetime, by: By) -> None:
    """Send money of a top-up back the way it was paid, as far as the balance covers it; the same `key` counts once.

    Refuses with NotRefundable, and with Invalid: NothingToBook, MoreThanLeft, TooMuch, Required or TooLong.
    """
    order, reason = _locked(order_id), reason.strip()
    assert order.company_id is not None  # a top-up is of a company
    source, kind = f"send-back:{order.id}:{key}", MovementKind.PAID_OUT
    change = Change(order.company_id, kind, -money, source, now, by, order.id, reason)
    if is_counted(change):
        return
    if order.payment not in (Payment.PAID, Payment.PARTIALLY_REFUNDED):
        raise NotRefundable
    if money.minor <= 0 or money.minor > order.kept.minor:
        raise Invalid({"amount": NothingToBook() if money.minor <= 0 else MoreThanLeft(order.kept)})
    if not reason or len(reason) > LONGEST_REFERENCE:
        raise Invalid({"reason": TooLong(LONGEST_REFERENCE) if reason else Required()})
    refunds.send_back(order, money, reason=reason, now=now, by=by)
    try:
        moved = move(change)
    except InsufficientBalance:
        raise Invalid({"amount": TooMuch(queries.balance(order.company_id))}) from None  # the unit goes as a whole
    assert moved is not None
    known = {"amount": money.minor, "currency": money.currency, "reason": reason, "at": now, "by": by}
    publish(BalanceSentBack(subject_id=order.company_id, order_id=order.id, movement_id=moved.id, **known))  # type: ignore[arg-type]


def _locked(order_id: UUID) -> Order:
    """Return a top-up as it stands, and let nobody else change its money until the unit ends."""
    if orders.get(order_id).purpose is not Purpose.TOP_UP:
        raise NotFound
    ordering.lock(order_id)
    return orders.reread(order_id)
