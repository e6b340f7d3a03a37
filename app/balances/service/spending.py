"""Spending: orders paid from a balance, wholly or in part, and what comes back of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.balances import queries
from app.balances.events import BalanceReturned, BalanceSpent
from app.balances.models import MovementKind
from app.balances.service.moving import Change, move, tell
from app.kit.events import SYSTEM, By
from app.kit.ids import base32
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.events import OrderCancelled, OrderExpired
from app.orders.queries import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.events import PaybackDone


def hold_part(order: Order, holder_id: UUID, *, now: datetime, by: By) -> bool:
    """Pay from a balance what it holds of an unpaid order; tells whether that was all of it.

    A part stays with the order until the rest is paid another way, and returns when it never is.
    """
    part = min(queries.balance(holder_id), order.total, key=lambda money: money.minor)
    if part == order.total:
        spend(order, holder_id, now=now, by=by)
        return True
    if part.minor:
        moved = move(Change(holder_id, MovementKind.SPENT, -part, f"order:{order.id}", now, by, order.id))
        assert moved is not None  # its form made this order just now
        tell(BalanceSpent, moved, part)
        payments.pay_part_from_balance(order, part, trade_no=base32(order.id), now=now)
    return False


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
        for tender_id, part in parts:
            assert event.holder_id is not None
            _return(event.holder_id, part, f"unpaid:{tender_id}", event)


def give_back(done: Sequence[PaybackDone]) -> None:
    """Put money back on the balance it came from; a reaction to paybacks, which never refuses."""
    holders = orders.list_holders(event.order_id for event in done if event.order_id)
    for event in done:
        holder_id = holders.get(event.order_id) if event.order_id else None
        if holder_id is None or event.by_hand or not paying.is_from_balance(paying.get_payback(event.subject_id)):
            continue
        _return(holder_id, Money(event.amount, event.currency), f"payback:{event.subject_id}", event)


def _return(holder_id: UUID, money: Money, source: str, event: OrderExpired | OrderCancelled | PaybackDone) -> None:
    change = Change(holder_id, MovementKind.RETURNED, money, source, event.at, SYSTEM, event.order_id)
    if (moved := move(change)) is not None:
        tell(BalanceReturned, moved, money)
