"""Buyers are told by mail what became of their order, once, in their language, and nothing that opens a code."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.delivery import queries, service
from app.delivery.effects import KINDS
from app.delivery.errors import AlreadySettled, NoAddress, NothingToOpen, OnItsWay
from app.delivery.models import About, Delivery, State
from app.kit import clock, db, effects, events
from app.kit.effects import Effect
from app.kit.errors import NotFound
from app.kit.events import SYSTEM, EventRow
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.passwords import password_of
from app.refunds import service as refunds
from tests.make import Shop
from tests.payments.market import Market
from tests.smtp import MailServer

DORA = "dora@example.com"


def sell(shop: Shop, contact: str = DORA, **more: Any) -> Order:
    shop.codes(1)
    order = shop.place(contact=contact, **more)
    assert shop.pay(order)
    return order


def messages(shop: Shop, order: Order) -> list[Delivery]:
    return list(shop.read(lambda: queries.list_of_order(order.id)))


# What is told ----------------------------------------------------------------------------------------------------


def test_a_buyer_is_told_that_the_codes_are_ready_and_where(shop: Shop, server: MailServer) -> None:
    order = sell(shop)
    shop.drain()

    (letter,) = server.letters
    assert letter.to == (DORA,)
    assert letter.message["From"] == "Alice's <shop@example.com>"
    assert letter.message["Subject"] == f"Your codes are ready: order {order.number}"
    (message,) = messages(shop, order)
    assert letter.message["Message-ID"] == f"<{message.id}@example.com>"
    assert (message.state, message.about, message.to_mask) == (State.SENT, About.READY, "do***@example.com")
    assert shop.order(order).notified_at == message.sent_at
    assert shop.client().get(path_of(shop, letter.text)).status_code == 200


def test_the_letter_holds_nothing_that_opens_a_code(shop: Shop, server: MailServer) -> None:
    shop.imports("CANARY-IN-MAIL-1")
    order = shop.place(contact=DORA)
    assert shop.pay(order)
    shop.drain()

    (letter,) = server.letters
    html = letter.message.get_body(("html",))
    assert html is not None
    words = f"{letter.message.items()} {letter.text} {html.get_content()}"
    password = shop.read(lambda: password_of(orders.get(order.id))).expose()
    for secret in ("CANARY-IN-MAIL", password, password.replace("-", "")):
        assert secret not in words
    assert order.number in words


def test_the_letter_is_in_the_language_of_the_order(shop: Shop, server: MailServer) -> None:
    order = sell(shop)
    shop.write(lambda: setattr(db.get(Order, order.id), "lang", "zh"))
    shop.drain()

    assert re.search("[\u4e00-\u9fff]", server.letters[0].message["Subject"])


def test_answers_go_to_the_shop_where_it_says_so(shop: Shop, server: MailServer) -> None:
    from app.merchants import queries as merchants
    from app.merchants.models import Merchant

    shop.write(lambda: setattr(db.session().scalars(select(Merchant)).one(), "reply_to", "alice@shop.example"))
    shop.write(merchants.forget)
    sell(shop)
    shop.drain()

    assert server.letters[0].message["Reply-To"] == "alice@shop.example"
    assert "reach the shop" in server.letters[0].text


def test_an_order_that_waits_for_stock_says_until_when_and_again_when_it_has_come(
    market: Market, server: MailServer
) -> None:
    order = late(market)
    market.shop.drain()
    assert "Paid, waiting for stock" in server.letters[0].message["Subject"]
    paid_at = market.shop.order(order).paid_at
    assert paid_at
    assert f"{paid_at + timedelta(hours=24, minutes=8 * 60):%Y-%m-%d %H:%M} CST" in server.letters[0].text

    market.shop.codes(1)
    market.shop.drain()

    assert [about for about, _ in told(market.shop, order)] == [About.QUEUED, About.READY]
    assert "Your codes are ready" in server.letters[-1].message["Subject"]


def test_a_refund_is_told_with_its_amount(market: Market, server: MailServer) -> None:
    order = late(market)
    market.shop.drain()
    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    market.shop.drain()

    assert "Your money is on its way back" in server.letters[-1].message["Subject"]
    assert "CN¥19.99" in server.letters[-1].text


@pytest.mark.parametrize("contact", ["13800138000", "wechat:dora", "dora@home", "a@b@c"])
def test_a_contact_that_is_no_address_is_told_nothing(shop: Shop, server: MailServer, contact: str) -> None:
    order = sell(shop, contact)
    shop.drain()

    assert messages(shop, order) == []
    assert server.letters == []


# Once, and only what is true -------------------------------------------------------------------------------------


def test_a_reaction_that_runs_twice_tells_once(shop: Shop, server: MailServer) -> None:
    order = sell(shop)
    happened = [row for row in shop.read(lambda: events.timeline(order_id=order.id)) if row.name == "order.delivered"]
    for _ in range(2):
        shop.write(lambda: service.tell_ready(happened))
    shop.drain()

    assert len(server.letters) == len(messages(shop, order)) == 1


def test_what_is_not_true_any_more_is_not_told(market: Market, server: MailServer) -> None:
    order = late(market)
    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    market.shop.drain()

    assert told(market.shop, order) == [(About.QUEUED, State.DROPPED), (About.REFUNDED, State.SENT)]
    assert len(server.letters) == 1


def test_a_link_that_was_revoked_before_its_letter_left_is_not_sent(shop: Shop, server: MailServer) -> None:
    order = sell(shop)
    relay(shop)
    shop.write(lambda: service.revoke_links(order.id, now=clock.now(), by=SYSTEM))
    shop.drain()

    assert told(shop, order) == [(About.READY, State.DROPPED)]
    assert server.letters == []


# By hand ---------------------------------------------------------------------------------------------------------


def test_the_link_is_sent_again_with_a_new_link(shop: Shop, server: MailServer) -> None:
    order = sell(shop)
    shop.drain()
    shop.write(lambda: service.send_link_again(order.id, now=clock.now(), by=SYSTEM))
    with pytest.raises(OnItsWay):
        shop.write(lambda: service.send_link_again(order.id, now=clock.now(), by=SYSTEM))
    shop.drain()

    first, second = server.letters
    assert path_of(shop, first.text) != path_of(shop, second.text)
    assert first.message["Message-ID"] != second.message["Message-ID"]


def test_who_asks_at_the_look_up_gets_the_link_once_more(shop: Shop, server: MailServer) -> None:
    order = sell(shop)
    shop.drain()
    where = service.tell_asked
    asked = EventRow(id=new_id(), order_id=order.id, name="link.asked")
    nobody = EventRow(id=new_id(), order_id=None, name="link.asked")
    shop.write(lambda: where([asked, nobody]))
    shop.drain()

    assert [letter.to for letter in server.letters] == [(DORA,), (DORA,)]


def test_nothing_is_sent_where_there_is_nothing_to_open_or_nowhere_to_send_it(shop: Shop, server: MailServer) -> None:
    shop.codes(1)
    unpaid, by_phone = shop.place(contact=DORA), sell(shop, "13800138000")

    with pytest.raises(NothingToOpen):
        shop.write(lambda: service.send_link_again(unpaid.id, now=clock.now(), by=SYSTEM))
    with pytest.raises(NoAddress):
        shop.write(lambda: service.send_link_again(by_phone.id, now=clock.now(), by=SYSTEM))


def test_a_message_that_failed_is_sent_again_under_its_old_name(shop: Shop, server: MailServer) -> None:
    order = failed(shop, server)
    (message,) = messages(shop, order)
    server.on_rcpt = lambda to: "250 OK"
    shop.write(lambda: service.send_again(message.id, now=clock.now(), by=SYSTEM))
    with pytest.raises(OnItsWay):
        shop.write(lambda: service.send_again(message.id, now=clock.now(), by=SYSTEM))
    shop.drain()

    assert told(shop, order) == [(About.READY, State.SENT)]
    assert server.letters[0].message["Message-ID"] == f"<{message.id}@example.com>"
    with pytest.raises(AlreadySettled):
        shop.write(lambda: service.send_again(message.id, now=clock.now(), by=SYSTEM))


def test_a_message_that_failed_is_left_at_that(shop: Shop, server: MailServer) -> None:
    order = failed(shop, server)
    (message,) = messages(shop, order)
    assert [row.id for row in shop.read(lambda: queries.list_stuck(50))] == [message.id]
    shop.write(lambda: service.drop(message.id, now=clock.now(), by=SYSTEM))

    assert told(shop, order) == [(About.READY, State.DROPPED)]
    assert shop.read(lambda: queries.list_stuck(50)) == []


def test_another_shops_message_is_not_there(shop: Shop, other: Shop, server: MailServer) -> None:
    (message,) = messages(shop, failed(shop, server))

    with pytest.raises(NotFound):
        other.write(lambda: service.send_again(message.id, now=clock.now(), by=SYSTEM))


# -----------------------------------------------------------------------------------------------------------------


def failed(shop: Shop, server: MailServer) -> Order:
    """Return an order whose letter was refused for good."""
    server.on_rcpt = lambda to: f"550 5.1.1 <{to}>: no such mailbox"
    order = sell(shop)
    shop.drain()
    (message,) = messages(shop, order)
    assert (message.state, message.note) == (State.FAILED, "550 5.1.1 (address): no such mailbox")
    return order


def late(market: Market) -> Order:
    """Return an order that was paid when its codes were gone."""
    market.shop.codes(1)
    order = market.shop.place(contact=DORA)
    market.wait(minutes=16)
    assert market.shop.pay(market.shop.place(contact="13800138000"))
    assert market.shop.pay(order)
    assert market.word(order) == "queued"
    return order


def told(shop: Shop, order: Order) -> list[tuple[About, State]]:
    return [(message.about, message.state) for message in messages(shop, order)]


def relay(shop: Shop) -> None:
    """Hand out what happened, and call nobody yet."""
    happened = shop.read(lambda: list(db.session().scalars(select(EventRow).order_by(EventRow.id))))
    shop.write(lambda: service.tell_ready([row for row in happened if row.name == "order.delivered"]))


def path_of(shop: Shop, text: str) -> str:
    found = re.search(rf"https?://[^/\s]+(/s/{shop.slug}/r/\S+)", text)
    assert found, text
    return found[1]


def effects_of(shop: Shop) -> list[Effect]:
    query = select(Effect).where(Effect.kind == KINDS[0].name).order_by(Effect.id)
    return shop.read(lambda: list(db.session().scalars(query)))


def test_no_effect_is_left_when_all_is_told(shop: Shop, server: MailServer) -> None:
    sell(shop)
    shop.drain()

    assert [row.state for row in effects_of(shop)] == [effects.State.DONE]
