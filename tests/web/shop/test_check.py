"""“I have paid”: the gateway is asked at once, and whatever it answers, nothing is lost."""

import html
import re
from dataclasses import dataclass
from typing import Any

import pytest

from app.kit import effects
from app.orders.models import Order
from app.payments import queries as paying
from tests.make import Browser, Shop
from tests.payments.market import Market
from tests.web.shop.test_purchase import latest, order_of

UNPAID = "Not paid yet"
SILENT = "The payment gateway does not answer right now."


@dataclass
class Purchase:
    """Dora's order in her browser, on its way to the gateway and back."""

    market: Market
    dora: Browser
    page: str
    url: str = ""

    @property
    def order(self) -> Order:
        return latest(self.market.shop)

    def look(self, **more: Any) -> str:
        """Return what the order's page says, without its tags."""
        return words(self.dora.get(self.page, **more))

    def check(self, **more: Any) -> Any:
        """Press “I have paid”."""
        return self.dora.post(f"{self.page}/check", {}, page=self.page, **more)

    def checked(self) -> str:
        """Press “I have paid”, and return what the page says that comes then."""
        answer = self.check()
        assert (answer.status_code, answer.location) == (303, self.page)
        return self.look()


@pytest.fixture
def purchase(market: Market) -> Purchase:
    """An order of the last code whose payment Dora has started; the gateway's page stands open."""
    found = placed(market)
    method = re.search(r'name="method" value="(pay_\w+)"', found.dora.get(found.page).get_data(as_text=True))
    assert method
    started = found.dora.post(f"{found.page}/payments", {"method": method[1]}, page=found.page)
    assert started.status_code == 303
    found.url = started.location
    market.bank.visit(found.url)
    return found


def placed(market: Market) -> Purchase:
    """Let Dora, who reads English, order the last code."""
    market.shop.codes(1)
    dora = market.shop.client()
    dora.client.set_cookie("lang", "en")
    return Purchase(market, dora, order_of(market.shop, dora).location)


def words(answer: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))).split())


def questions(purchase: Purchase) -> list[effects.State]:
    """Return how the questions to the gateway stand that Dora asked for."""
    order_id = purchase.order.id
    attempt = purchase.market.shop.read(lambda: paying.find_attempt(order_id))
    assert attempt
    return [effect.state for effect in purchase.market.effects(attempt.id) if effect.kind == "payment.query"]


# Paid --------------------------------------------------------------------------------------------------------------


def test_who_paid_and_whose_notice_is_lost_gets_the_codes_by_asking(market: Market, purchase: Purchase) -> None:
    assert market.pay(purchase.url)  # and no notice comes

    said = purchase.checked()

    assert "It has arrived" in said
    assert UNPAID not in said
    assert market.word(purchase.order) == "delivered"
    market.assert_books()


def test_the_notice_that_comes_afterwards_changes_nothing(market: Market, purchase: Purchase) -> None:
    assert market.pay(purchase.url)
    purchase.check()
    before = market.happened(purchase.order)

    market.work()

    assert [name for name in market.happened(purchase.order) if name != "delivery.sent"] == before
    assert before.count("order.paid") == 1
    assert market.paybacks() == []
    market.assert_books()


def test_a_payment_of_the_last_minute_is_found_after_the_time(market: Market, purchase: Purchase) -> None:
    assert market.pay(purchase.url)
    market.pass_time(minutes=20)

    said = purchase.look()
    assert "Time is up, we are asking the gateway" in said
    assert "Nothing is lost" in said
    assert "It has arrived" in purchase.checked()


# Not paid ----------------------------------------------------------------------------------------------------------


def test_who_has_not_paid_is_told_so_and_keeps_the_stock(market: Market, purchase: Purchase) -> None:
    said = purchase.checked()

    assert UNPAID in said
    assert "Waiting for the payment to arrive" in said
    assert (market.word(purchase.order), market.shop.stock()["held"]) == ("pending", 1)
    assert questions(purchase) == [effects.State.DONE]


def test_asking_over_and_over_asks_the_gateway_once_in_three_seconds(market: Market, purchase: Purchase) -> None:
    for _ in range(5):
        assert purchase.check().status_code == 303
    assert len(questions(purchase)) == 1

    market.pass_time(seconds=3)
    purchase.check()
    assert len(questions(purchase)) == 2


def test_the_page_of_a_started_order_tells_when_the_gateway_is_asked(purchase: Purchase) -> None:
    said = purchase.look()

    assert re.search(r"At \d\d-\d\d \d\d:\d\d at the latest we ask the gateway whether you paid", said)


def test_what_the_gateway_says_is_unpaid_ends_as_expired(market: Market, purchase: Purchase) -> None:
    market.wait(minutes=20)

    said = purchase.look()

    assert "This order has expired" in said
    assert "Order again" in said
    assert market.shop.stock()["available"] == 1


def test_the_waiting_page_follows_the_order_past_its_time(market: Market, purchase: Purchase) -> None:
    part = {"HX-Request": "true", "HX-Target": "order"}
    assert purchase.dora.get(f"{purchase.page}/status?v=started", headers=part).status_code == 204

    market.pass_time(minutes=20)
    over = purchase.dora.get(f"{purchase.page}/status?v=started", headers=part)

    assert 'status?v=asking"' in over.get_data(as_text=True)
    assert purchase.dora.get(f"{purchase.page}/status?v=asking", headers=part).status_code == 204
    assert over.status_code == 286
    market.work()
    ended = purchase.dora.get(f"{purchase.page}/status?v=asking", headers=part)
    assert "data-follow" not in ended.get_data(as_text=True)


def test_before_any_payment_there_is_nothing_to_ask(market: Market) -> None:
    purchase = placed(market)

    said = purchase.look()

    assert "I have paid" not in said
    assert purchase.check().status_code == 303
    assert market.word(purchase.order) == "pending"


# The gateway is away -----------------------------------------------------------------------------------------------


def test_a_gateway_that_is_down_is_told_of_in_words_and_asked_again_by_itself(
    market: Market, purchase: Purchase
) -> None:
    assert market.pay(purchase.url)
    market.ill("down")

    answer = purchase.check()

    assert answer.status_code == 503
    assert SILENT in words(answer)
    assert "Nothing is lost: we keep asking automatically." in words(answer)
    assert "I have paid, look again" in words(answer)
    assert (market.word(purchase.order), market.shop.stock()["held"]) == ("pending", 1)
    market.well()
    market.shop.drain()
    market.pass_time(seconds=30)
    market.shop.drain()
    assert "It has arrived" in purchase.look()
    market.assert_books()


def test_while_the_gateway_is_down_the_stock_is_held_past_its_time(market: Market, purchase: Purchase) -> None:
    assert market.pay(purchase.url)
    market.ill("down")
    market.pass_time(minutes=20)
    market.shop.drain()

    assert purchase.check().status_code == 503
    assert market.shop.stock()["held"] == 1
    market.well()
    market.pass_time(minutes=5)
    assert "It has arrived" in purchase.checked()


# Who may -----------------------------------------------------------------------------------------------------------


def test_anyone_with_the_address_may_ask_but_sees_no_code(market: Market, purchase: Purchase) -> None:
    friend = Purchase(market, market.shop.client(), purchase.page)
    friend.dora.client.set_cookie("lang", "en")
    assert market.pay(purchase.url)

    said = friend.checked()

    assert "Order password" in said
    assert "data-field" not in said


def test_an_order_of_another_shop_is_not_asked_about_here(market: Market, purchase: Purchase, other: Shop) -> None:
    assert market.pay(purchase.url)
    path = purchase.page.replace(market.shop.slug, other.slug)

    answer = other.client().post(f"{path}/check", {}, page=f"/s/{other.slug}/p/{other.sku.lower()}")

    assert answer.status_code == 404
    assert market.word(purchase.order) == "pending"


def test_a_form_from_a_strange_page_asks_nothing(market: Market, purchase: Purchase) -> None:
    assert market.pay(purchase.url)

    assert purchase.dora.client.post(f"{purchase.page}/check").status_code == 409
    assert questions(purchase) == []
