"""Hands that order: from which network, in which browser, paid from which account."""

import secrets
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.kit import clock
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.models import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.providers import Told
from app.payments.queries import Wire
from app.risk import queries as fences
from app.risk import service as risk
from app.risk.queries import Mode
from tests.make import Shop

HOME, OFFICE = "8.8.8.0/24", "9.9.9.0/24"


def set_rule(shop: Shop, name: str, mode: Mode, most: int, minutes: int | None = None) -> None:
    """Let one rule of a shop be set like this, and all others be off."""

    def change() -> None:
        rules = fences.read()
        off = {one: risk.Setting(Mode.OFF, rule.most, rule.minutes) for one, rule in rules.items()}
        mine = risk.Setting(mode, most, rules[name].minutes if minutes is None else minutes)
        risk.set_rules(off | {name: mine}, now=clock.now(), by=SYSTEM)

    shop.write(change)


def order(
    shop: Shop, *, contact: str = "", device: UUID | None = None, network: str = "", quantity: int = 1, at: Any = None
) -> Order:
    """Place an order by this hand."""
    someone = contact or f"{secrets.token_hex(6)}@example.com"
    basket = ordering.Basket(((shop.sku, quantity),), someone, "en", secrets.token_hex(8))
    known: dict[str, Any] = {"device_id": device, "network": network, "now": at or clock.now(), "by": SYSTEM}
    return shop.write(lambda: ordering.place(basket, **known))


def pay_from(shop: Shop, placed: Order, payer: str) -> bool:
    """Let money come from an account that the gateway names."""
    notice = shop.notice(placed)
    channel = shop.read(lambda: paying.get_channel(shop.method_id))
    arrived = payments.verify(channel, Wire(notice.headers(), notice.body), now=clock.now())
    assert isinstance(arrived.said, Told)
    told = replace(arrived, said=replace(arrived.said, payer=payer))
    return shop.write(lambda: payments.apply([told]))


def review_of(shop: Shop, placed: Order) -> Any:
    return shop.order(placed).review


def word(shop: Shop, placed: Order) -> str:
    return orders.status(shop.order(placed), now=clock.now())
