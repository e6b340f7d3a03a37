"""Paying from a balance that the shop keeps: the same notice as any gateway's, made by ourselves in the same unit."""

from datetime import datetime
from uuid import UUID

from app.kit.ids import base32
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order
from app.payments.providers import Told
from app.payments.service.inbox import Arrived
from app.payments.service.methods import balance_method
from app.payments.service.notices import apply
from app.payments.service.starting import close_started


def pay_from_balance(order: Order, *, trade_no: str, now: datetime) -> None:
    """Pay an unpaid order by a notice of the shop's own; whoever calls has taken the money in this unit.

    Refuses with NotPayable when the order waits for no payment.
    """
    method, was_started = balance_method(now), order.started_at is not None
    tender = ordering.start_paying(order, method.id, now=now)
    told = Told(base32(tender.id), trade_no, method.account, tender.due)
    apply([Arrived(method.id, told, "", now)])
    assert orders.find_due(order.id) is None, "the money was taken, so the order is paid"
    if was_started:
        close_started(order.id, now=now)


def pay_part_from_balance(order: Order, part: Money, *, now: datetime) -> UUID:
    """Pay a part of an unpaid order likewise, leave the rest due, and return the tender of the part; see NotPayable."""
    method = balance_method(now)
    tender = ordering.split_off(order, part, method.id)
    number = base32(tender.id)
    apply([Arrived(method.id, Told(number, number, method.account, part), "", now)])
    return tender.id
