"""Spending: orders paid from a balance, wholly or in part, and what comes back of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.balances.errors import InsufficientBalance
from app.balances.events import BalanceReturned, BalanceSpent
from app.balances.models import MovementKind
from app.balances.service.moving import Change, lock, move, tell
from app.kit.events import SYSTEM, By
from app.kit.ids import base32
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.errors import NotPayable
from app.orders.events import OrderCancelled, OrderExpired
from app.orders.queries import Order, Tender
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.events import PaybackDone
from app.payments.queries import Payback


def pay_part(order_id: UUID, holder_id: UUID, *, now: datetime, by: By) -> Money:
    """Pay of what is due of an unpaid order as much as a balance has, all of it at most, and return how much that was.

    A part stays with the order until the rest is paid another way, and returns when it never is. Raises NotPayable, and
    InsufficientBalance when there is nothing to pay with.
    """
    tender = _claim(order_id, holder_id, now)
    price, here = tender.price, lock(holder_id)
    if here.currency != price.currency or not here.minor:
        raise InsufficientBalance(price)
    part = min(here, price, key=lambda money: money.minor)
    if part == price:
        pay_rest(order_id, holder_id, now=now, by=by)
    else:
        number = payments.pay_part_from_balance(orders.get(order_id), part, now=now)
        _take(order_id, number, part, holder_id, now, by)
    return part


def pay_rest(order_id: UUID, holder_id: UUID, *, now: datetime, by: By) -> None:
    """Pay all that is still due of an unpaid order from a balance, whatever payment of it was started elsewhere.

    Raises NotPayable, and InsufficientBalance with what is missing; then the unit goes as a whole.
    """
    tender = _claim(order_id, holder_id, now)
    if tender.price.minor:
        _take(order_id, tender.id, tender.price, holder_id, now, by)
    payments.pay_from_balance(orders.reread(order_id), trade_no=base32(tender.id), now=now)


def _claim(order_id: UUID, holder_id: UUID, now: datetime) -> Tender:
    """Return what is due of an order that nobody else pays, closes or starts to pay until the unit ends."""
    ordering.lock(order_id)
    ordering.name_holder(order_id, holder_id, now=now)
    tender = orders.find_due(order_id)
    if tender is None:
        raise NotPayable
    return tender


def _take(order_id: UUID, tender_id: UUID, money: Money, holder_id: UUID, now: datetime, by: By) -> None:
    moved = move(Change(holder_id, MovementKind.SPENT, -money, f"tender:{tender_id}", now, by, order_id))
    assert moved is not None  # it was due until now, and is locked
    tell(BalanceSpent, moved, money)


def spend(order: Order, holder_id: UUID, *, now: datetime, by: By) -> None:
    """Pay an order at once from a balance, as a notice of a gateway of ours would.

    Raises InsufficientBalance with what is missing; then the unit goes as a whole.
    """
    total = order.total
    if total.minor:
        moved = move(Change(holder_id, MovementKind.SPENT, -total, f"order:{order.id}", now, by, order.id))
        assert moved is not None  # an order that is paid is not paid again
        tell(BalanceSpent, moved, total)
    payments.pay_from_balance(order, trade_no=base32(order.id), now=now)


def release(closed: Sequence[OrderExpired | OrderCancelled]) -> None:
    """Put back on the balance what it held for orders that were closed unpaid; a reaction, which never refuses."""
    for event in closed:
        parts = ordering.end_parts(event.subject_id) if event.holder_id else []
        for part in parts:
            assert event.holder_id is not None
            if paying.is_of_balance(part.method_id):  # else it was no money: a piece that is exchanged
                _return(event.holder_id, part.money, f"unpaid:{part.tender_id}", event)


def give_back(done: Sequence[PaybackDone]) -> None:
    """Put money back on the balance it came from; a reaction to paybacks, which never refuses."""
    for event in done:
        payback = paying.get_payback(event.subject_id)
        holder_id = _holder(payback) if paying.is_from_balance(payback) and not event.by_hand else None
        if holder_id is not None:
            _return(holder_id, Money(event.amount, event.currency), f"payback:{event.subject_id}", event)


def _holder(payback: Payback) -> UUID | None:
    """Return whose balance money goes back to: that which paid it, maybe for what was exchanged for something else."""
    paid = orders.list_tenders([payback.tender_id]) if payback.tender_id else {}
    first = [tender.order_id for tender in paid.values()]
    wanted = [*first, *([payback.order_id] if payback.order_id else [])]
    holders = orders.list_holders(wanted)
    return next((holders[order_id] for order_id in wanted if order_id in holders), None)


def _return(holder_id: UUID, money: Money, source: str, event: OrderExpired | OrderCancelled | PaybackDone) -> None:
    change = Change(holder_id, MovementKind.RETURNED, money, source, event.at, SYSTEM, event.order_id)
    if (moved := move(change)) is not None:
        tell(BalanceReturned, moved, money)
