"""What the tests of routing share: a shop that reaches buyers by several channels, its plan, and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.delivery import queries, service
from app.delivery.models import Channel, Delivery, State
from app.delivery.plan import Plan
from app.kit import clock, effects
from app.kit.effects import Answer
from app.kit.effects.kinds import wired
from app.kit.events import SYSTEM, publish
from app.kit.secret import Secret
from app.messages.events import MessageReceipt
from app.messages.providers.fake import Fake
from app.orders import queries as orders
from app.orders.models import Order
from tests.make import Shop
from tests.messages.carriers import connect_fake

PHONE = "13800138000"
DORA = "dora@example.com"


def sell(shop: Shop, contact: str = PHONE) -> Order:
    """Sell one code, and call nobody yet."""
    shop.codes(1)
    order = shop.place(contact=contact)
    assert shop.pay(order)
    return order


def rows(shop: Shop, order: Order) -> list[Delivery]:
    return list(shop.read(lambda: queries.list_of_order(order.id)))


def states(shop: Shop, order: Order) -> list[tuple[Channel, State]]:
    return [(row.channel, row.state) for row in rows(shop, order)]


def plan(shop: Shop, **changes: Any) -> None:
    """Let the shop tell its buyers so."""
    shop.write(lambda: service.set_plan(Plan(**changes), now=clock.now(), by=SYSTEM))


def learn(shop: Shop, contact: str, channel: Channel, address: str = "openid-of-dora") -> None:
    """Let the owner of a contact be reached by a further channel."""
    index = shop.write(lambda: orders.contact_index(contact))
    known = {"mask": "op***", "now": clock.now()}
    shop.write(lambda: service.learn_way(index, channel, Secret(address), **known))  # type: ignore[arg-type]


def connect(shop: Shop, channel: Channel) -> Fake:
    return connect_fake(shop, channel, f"{channel.name.lower()}-{shop.slug}")


def receipt(shop: Shop, message: Delivery, arrived: bool, *, number: str = "", reason: str = "") -> None:
    """Let the carrier of a message tell what became of it."""
    assert message.carrier_id
    told = {"number": number or message.number, "arrived": arrived, "reason": reason, "at": clock.now()}
    one = MessageReceipt(subject_id=message.carrier_id, **told)  # type: ignore[arg-type]
    shop.write(lambda: publish(one))


def later(now: datetime | None = None, **passed: float) -> Any:
    """Let time be later by so much, or let it be a moment, and run on."""
    ahead = (now - clock._system()) if now else clock.now() - clock._system() + timedelta(**passed)
    return clock.running(lambda: clock._system() + ahead)


@contextmanager
def answering(kind: str, answer: Answer) -> Iterator[None]:
    """Let every call of one kind end so."""
    known = dict(wired())
    effects.wire(
        replace(each, call=lambda _value, _client: answer) if each.name == kind else each for each in known.values()
    )
    try:
        yield
    finally:
        effects.wire(known.values())


def drain() -> None:
    """Do what is due, as a worker does."""
    effects.drain()
