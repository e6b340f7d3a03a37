"""Paying by what the shop keeps itself, a balance above all: the same notice as any gateway's, made by ourselves in the
same unit."""

from datetime import datetime
from uuid import UUID

from app.kit.ids import base32
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order
from app.payments.models import Method
from app.payments.providers import BALANCE, EXCHANGE, Told
from app.payments.service.inbox import Arrived
from app.payments.service.methods import own_method
from app.payments.service.notices import apply
from app.payments.service.starting import close_started


def pay_from_balance(order: Order, *, trade_no: str, now: datetime) -> None:
    """Pay an unpaid order by a notice of the shop's own; whoever calls has taken the money in this unit.

    Refuses with NotPayable when the order waits for no payment.
    """
    pay_whole(order, own_method(BALANCE, now), trade_no=trade_no, now=now)


def pay_part_from_balance(order: Order, part: Money, *, now: datetime) -> UUID:
    """Pay a part of an unpaid order likewise, leave the rest due, and return the tender of the part; see NotPayable."""
    return pay_part_of(order, part, own_method(BALANCE, now), now=now)


def pay_by_exchange(order: Order, part: Money, *, now: datetime) -> UUID:
    """Pay of an unpaid order what an exchanged piece is worth for it, all or a part; returns the tender; NotPayable."""
    due, method = orders.find_due(order.id), own_method(EXCHANGE, now)
    if due is not None and part == due.price:
        pay_whole(order, method, trade_no=base32(due.id), now=now)
        return due.id
    return pay_part_of(order, part, method, now=now)


def pay_whole(order: Order, method: Method, *, trade_no: str, now: datetime) -> None:
    """Pay all that is due of an order by one of the shop's own ways, and close at gateways what was started."""
    was_started = order.started_at is not None
    tender = ordering.start_paying(order, method.id, now=now)
    told = Told(base32(tender.id), trade_no, method.account, tender.due)
    apply([Arrived(method.id, told, "", now)])
    assert orders.find_due(order.id) is None, "the money was taken, so the order is paid"
    if was_started:
        close_started(order.id, now=now)


def pay_part_of(order: Order, part: Money, method: Method, *, now: datetime) -> UUID:
    """Pay a part of an order by one of the shop's own ways."""
    tender = ordering.split_off(order, part, method.id)
    number = base32(tender.id)
    apply([Arrived(method.id, Told(number, number, method.account, part), "", now)])
    return tender.id
