"""A letter that comes back tells of itself, and its buyer is told by another channel; nobody else can say so."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.delivery.models import Channel, Delivery, State
from app.kit import bounces, tokens
from app.kit.ids import new_id
from tests.delivery.bounced import bounce, report
from tests.delivery.routes import DORA, connect, learn, rows, sell, states
from tests.make import Shop
from tests.smtp import MailServer

DOMAIN = "bounces.example.com"


@pytest.fixture(autouse=True)
def domain(shop: Shop) -> Iterator[None]:
    bounces.configure(DOMAIN)
    yield
    bounces.configure("")


def told(shop: Shop, server: MailServer) -> tuple[Any, Delivery]:
    order = sell(shop, DORA)
    shop.drain()
    return order, rows(shop, order)[0]


def test_a_letter_says_where_it_comes_back_to(shop: Shop, server: MailServer) -> None:
    _, message = told(shop, server)

    back = bounces.address_for(shop.merchant_id, message.id)
    assert server.senders == [back]
    assert len(back.partition("@")[0]) <= 64


def test_what_comes_back_for_good_is_told_by_the_next_channel(shop: Shop, server: MailServer) -> None:
    connect(shop, Channel.SMS)
    learn(shop, DORA, Channel.SMS, "+8613800138000")
    order, message = told(shop, server)
    back = report(bounces.address_for(shop.merchant_id, message.id).upper())

    assert bounce(shop, back) == {"ok": True, "ours": True, "news": True}
    assert bounce(shop, back)["news"] is False
    shop.drain()

    assert states(shop, order) == [(Channel.EMAIL, State.PASSED), (Channel.SMS, State.ACCEPTED)]
    assert rows(shop, order)[0].note == "550 5.1.1 (address): unknown"


def test_what_is_only_late_is_noted(shop: Shop, server: MailServer) -> None:
    order, message = told(shop, server)
    late = report(bounces.address_for(shop.merchant_id, message.id), "delayed", "4.4.1", "no answer from host")
    bounce(shop, late)

    (message,) = rows(shop, order)
    assert (message.state, message.note) == (State.SENT, "4.4.1 no answer from host")


def test_nobody_can_say_of_a_letter_that_it_came_back_who_never_had_it(shop: Shop) -> None:
    number = new_id()
    real = bounces.address_for(shop.merchant_id, number)
    assert bounces.read(report(real))
    forged = real[:60] + ("a" if real[60] != "a" else "b") + real[61:]

    assert bounces.read(report(forged)) is None
    assert bounces.read(report("dora@example.com")) is None
    assert bounces.read(f"To: {real}\r\nSubject: I am on holiday\r\n\r\nback soon".encode()) is None
    assert bounces.read(report(real, "relayed")) is None
    assert bounces.read(b"\xff\x00 not a mail") is None


def test_a_mark_of_an_older_key_is_known_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_keys", ["old" * 20])
    address = bounces.address_for(7, new_id())
    monkeypatch.setattr(tokens, "_keys", ["old" * 20, "new" * 20])

    assert bounces.read(report(address))
