"""The office sees what buyers were told, and mends what did not leave."""

from collections.abc import Iterator

import pytest

from app.delivery import queries
from app.delivery.models import State
from app.kit import mail
from app.kit.ids import public
from app.orders.models import Order
from tests import people, smtp
from tests.engines import on_one_engine
from tests.make import Browser, Shop
from tests.smtp import MailServer

pytestmark = on_one_engine


@pytest.fixture
def server() -> Iterator[MailServer]:
    before = mail._opener
    with smtp.running() as server:
        mail.configure(opener=server.line().opened)
        yield server
    mail.configure(opener=before)


@pytest.fixture
def refused(shop: Shop, server: MailServer) -> Order:
    """An order whose letter was refused for good."""
    server.on_rcpt = lambda to: "550 no such mailbox"
    order = sell(shop)
    server.on_rcpt = lambda to: "250 OK"
    return order


def sell(shop: Shop) -> Order:
    shop.codes(1)
    order = shop.place(contact="dora@example.com")
    assert shop.pay(order)
    shop.drain()
    return order


def test_the_list_says_what_was_told_to_whom(shop: Shop, server: MailServer) -> None:
    order = sell(shop)

    page = text(people.alice(shop), f"/office/{shop.slug}/messages?lang=en")

    for word in ("Codes are ready", "do***@example.com", "Sent", public("ord", order.id)):
        assert word in page
    assert "dora@example.com" not in page


def test_the_list_is_a_page_and_a_fragment_and_keeps_its_filter(shop: Shop, refused: Order) -> None:
    sell(shop)
    alice = people.alice(shop)
    stuck = alice.get(
        f"/office/{shop.slug}/messages?lang=en&state=stuck", headers={"HX-Request": "true", "HX-Target": "messages"}
    )

    fragment = stuck.get_data(as_text=True)
    assert fragment.lstrip().startswith("<section")
    assert fragment.count("<tr>") == 2  # the head and the one
    assert "550 no such mailbox" in fragment


def test_what_did_not_leave_is_listed_everywhere_and_sent_again(shop: Shop, server: MailServer, refused: Order) -> None:
    alice, home = people.alice(shop), f"/office/{shop.slug}"
    order = f"{home}/orders/{public('ord', refused.id)}"
    assert "1 buyer was not notified" in text(alice, f"{home}/?lang=en")
    for path in (f"{home}/exceptions", f"{home}/messages", order):
        assert "550 no such mailbox" in text(alice, path), path
    message = shop.read(lambda: queries.list_of_order(refused.id))[0]

    path = f"{home}/messages/{public('msg', message.id)}/again"
    answer = alice.post(path, {"order": public("ord", refused.id)}, page=order)
    shop.drain()

    assert answer.location == order
    assert len(server.letters) == 1
    assert "550" not in text(alice, f"{home}/exceptions")
    for word in ("The buyer was notified", "Message sent again", "The buyer was not notified"):
        assert word in text(alice, order)


def test_what_did_not_leave_is_left_at_that(shop: Shop, server: MailServer, refused: Order) -> None:
    alice, home = people.alice(shop), f"/office/{shop.slug}"
    message = shop.read(lambda: queries.list_of_order(refused.id))[0]

    alice.post(
        f"{home}/messages/{public('msg', message.id)}/dismissal", {"from": "exceptions"}, page=f"{home}/exceptions"
    )

    assert shop.read(lambda: queries.list_of_order(refused.id))[0].state is State.DROPPED
    assert "550" not in text(alice, f"{home}/exceptions")
    assert not server.letters


def test_the_link_is_sent_again_from_the_order(shop: Shop, server: MailServer) -> None:
    order, alice = sell(shop), people.alice(shop)
    page = f"/office/{shop.slug}/orders/{public('ord', order.id)}"

    assert alice.post(f"{page}/messages", {}, page=page).status_code == 303
    assert alice.post(f"{page}/messages", {}, page=page).status_code == 409  # it is on its way
    shop.drain()

    assert len(server.letters) == 2


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("support", True), ("operator", True)])
def test_who_may_send(shop: Shop, server: MailServer, refused: Order, role: str, may: bool) -> None:
    page = text(people.bob(shop, role), f"/office/{shop.slug}/messages?lang=en")

    assert ("Send again" in page) == may


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer
    found: str = answer.get_data(as_text=True)
    return found
