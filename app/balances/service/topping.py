"""Topping up through a gateway: paid ahead as an order would be paid, and the balance follows the money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.balances import queries
from app.balances.errors import InsufficientBalance, MoreThanLeft, NothingToBook, TooLittle, TooManyWaiting, TooMuch
from app.balances.events import BalancePaidIn, BalanceSentBack
from app.balances.models import HolderKind, MovementKind
from app.balances.rules import LEAST_OF_MEMBER, LONGEST_REFERENCE, MOST_OF_MEMBER, MOST_WAITING
from app.balances.service.moving import Change, is_counted, lock, move, open_account, tell
from app.kit.errors import Invalid, NotFound, Required, TooLong
from app.kit.events import SYSTEM, By
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.events import TopUpPaid
from app.orders.queries import Order, Payment, Purpose
from app.refunds import service as refunds
from app.refunds.errors import NotRefundable


@dataclass(frozen=True)
class Ahead:
    """What somebody wants to pay ahead, and the mark of the form."""

    money: Money
    lang: str
    idem: str


def place_top_up(asked: ordering.TopUp, *, most: Money, now: datetime, by: By) -> Order:
    """Place a top-up of a balance, to be paid at a cashier; the same form gives the same one again.

    Raises Invalid with NothingToBook or MoreThanLeft; ShopIsClosed.
    """
    if asked.money.minor <= 0 or asked.money.minor > most.minor:
        raise Invalid({"amount": NothingToBook() if asked.money.minor <= 0 else MoreThanLeft(most)})
    return ordering.place_top_up(asked, now=now, by=by)


def ask_top_up(holder_id: UUID, wish: Ahead, contact: str, *, now: datetime, by: By) -> Order:
    """Place a top-up of a member's balance, to be paid at a cashier; the same form gives the same one again.

    Raises Invalid with TooLittle or MoreThanLeft; TooManyWaiting, ShopIsClosed.
    """
    least, most = (Money(limit, wish.money.currency) for limit in (LEAST_OF_MEMBER, MOST_OF_MEMBER))
    if wish.money.minor < least.minor:
        raise Invalid({"amount": TooLittle(least)})
    open_account(holder_id, HolderKind.MEMBER)
    lock(holder_id)
    asked = ordering.TopUp(holder_id, wish.money, contact, wish.lang, f"top-up:{holder_id}:{wish.idem}")
    placed = place_top_up(asked, most=most, now=now, by=by)
    if len(orders.list_waiting_of(holder_id, now=now, limit=MOST_WAITING + 1)) > MOST_WAITING:
        raise TooManyWaiting(MOST_WAITING)
    return placed


def credit(paid: Sequence[TopUpPaid]) -> None:
    """Put paid top-ups onto their balances, each once; a reaction, which never refuses.

    A holder that was closed meanwhile has its money there all the same: it is paid out or sent back.
    """
    holders = orders.list_holders(event.subject_id for event in paid)
    for event in paid:
        number, money = event.subject_id, Money(event.amount, event.currency)
        change = Change(holders[number], MovementKind.TOP_UP, money, f"top-up:{number}", event.at, SYSTEM, number)
        if (moved := move(change)) is not None:
            tell(BalancePaidIn, moved, money)
    ordering.finish_top_ups([event.subject_id for event in paid], now=max(event.at for event in paid))


def send_top_up_back(order_id: UUID, money: Money, reason: str, *, key: str, now: datetime, by: By) -> None:
    """Send money of a top-up back the way it was paid, as far as the balance covers it; the same `key` counts once.

    Refuses with NotRefundable, and with Invalid: NothingToBook, MoreThanLeft, TooMuch, Required or TooLong.
    """
    order, reason = _locked(order_id), reason.strip()
    assert order.holder_id is not None  # a top-up has a balance to go to
    source, kind = f"send-back:{order.id}:{key}", MovementKind.PAID_OUT
    change = Change(order.holder_id, kind, -money, source, now, by, order.id, reason)
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
        raise Invalid({"amount": TooMuch(queries.balance(order.holder_id))}) from None  # the unit goes as a whole
    assert moved is not None
    tell(BalanceSentBack, moved, money, reason=reason)


def _locked(order_id: UUID) -> Order:
    """Return a top-up as it stands, and let nobody else change its money until the unit ends."""
    if orders.get(order_id).purpose is not Purpose.TOP_UP:
        raise NotFound
    ordering.lock(order_id)
    return orders.reread(order_id)
