"""A member's wallet at the shop: topped up at the usual cashier, spent with one tap, each movement told."""

import re
from typing import Any

import pytest

from app.orders import queries as orders
from app.orders.models import Order
from app.web.shop.placing import read_token, token_of
from tests.balances.person import Person
from tests.make import Browser
from tests.payments.market import Market
from tests.payments.transferring import connect
from tests.web.shop.wallets import BOB, sign_in, sign_out

on_one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def browser(market: Market) -> Browser:
    return market.shop.client()


@pytest.fixture
def dora(market: Market, browser: Browser) -> Person:
    """A member who is signed in, in the browser."""
    return sign_in(market.shop, browser)


def text(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def home(market: Market) -> str:
    return f"/s/{market.shop.slug}/"


def send(market: Market, browser: Browser, path: str, form: dict[str, str] | None = None) -> Any:
    return browser.post(path, form or {}, page=home(market))


def top_up(market: Market, browser: Browser, **form: str) -> str:
    answer = send(market, browser, f"{home(market)}me/wallet/top-ups", {"idem": "form"} | form)
    assert answer.status_code == 303, answer.get_data(as_text=True)[-1500:]
    return str(answer.headers["Location"])


def order_at(market: Market, url: str) -> Order:
    with market.shop.app.app_context():
        number = read_token(url.rsplit("/o/", 1)[1].partition("?")[0])
    return market.shop.read(lambda: orders.get(number))


@on_one_engine
def test_a_member_tops_up_and_sees_it_arrive(market: Market, browser: Browser, dora: Person) -> None:
    assert "Nothing moved yet" in text(browser, f"{home(market)}me/wallet?lang=en")

    url = top_up(market, browser, quick="50.00")
    assert top_up(market, browser, quick="50.00") == url
    assert "Waiting for your payment" in text(browser, f"{url}?lang=en")
    assert "until" in text(browser, f"{home(market)}me/wallet?lang=en")
    market.buy(order_at(market, url))

    assert "has arrived" in text(browser, f"{url}?lang=en")
    said = text(browser, f"{home(market)}me/wallet?lang=en")
    assert "+CN¥50.00" in said
    assert "CN¥50.00 left" in said
    assert dora.balance == 5000


@on_one_engine
@pytest.mark.parametrize("amount", ["0", "0.99", "5000.01", "much", ""])
def test_an_amount_outside_of_the_limits_is_said_at_its_field(
    market: Market, browser: Browser, dora: Person, amount: str
) -> None:
    answer = send(market, browser, f"{home(market)}me/wallet/top-ups", {"idem": "form", "amount": amount})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


@on_one_engine
def test_a_top_up_can_be_a_bank_transfer_and_can_be_cancelled_by_who_asked_for_it(
    market: Market, browser: Browser, dora: Person
) -> None:
    method = connect(market.shop)
    url = top_up(market, browser, amount="20")
    market.shop.start(order_at(market, url), method)

    said = text(browser, f"{url}?lang=en")
    assert "Send the money so that it arrives by" in said
    assert "stock" not in said.lower()
    sign_in(market.shop, browser, BOB)
    assert send(market, browser, f"{url}/cancellation").status_code == 404
    sign_in(market.shop, browser)
    assert send(market, browser, f"{url}/cancellation").status_code == 303
    market.work()
    assert "can no longer be paid" in text(browser, f"{url}?lang=en")


@on_one_engine
def test_an_order_is_paid_from_the_wallet_with_one_tap(market: Market, browser: Browser, dora: Person) -> None:
    market.shop.codes(1)
    dora.has(5000)
    order = market.shop.place()
    with market.shop.app.app_context():
        url = f"{home(market)}o/{token_of(order.id)}"
    assert "Pay CN¥19.99 from your balance" in text(browser, f"{url}?lang=en")

    assert send(market, browser, f"{url}/wallet").status_code == 303

    assert market.word(order) == "delivered"
    assert send(market, browser, f"{url}/wallet").status_code == 409
    assert "Paid for an order" in text(browser, f"{home(market)}me/wallet?lang=en")
    assert dora.balance == 5000 - 1999


@on_one_engine
def test_a_part_from_the_wallet_and_the_rest_at_the_cashier(market: Market, browser: Browser, dora: Person) -> None:
    market.shop.codes(1)
    dora.has(1000)
    order = market.shop.place()
    market.start(order)  # and the buyer came back
    with market.shop.app.app_context():
        url = f"{home(market)}o/{token_of(order.id)}"
    said = text(browser, f"{url}?lang=en")
    assert "Take CN¥10.00 from your balance" in said
    assert "CN¥9.99 is left to pay another way" in said

    assert send(market, browser, f"{url}/wallet").status_code == 303
    said = text(browser, f"{url}?lang=en")
    assert "CN¥10.00 of CN¥19.99 is paid from your balance" in said
    assert "I have paid" not in said  # what was started was for another sum
    assert "CN¥9.99" in text(browser, f"{home(market)}me/wallet?lang=en")  # what is left of it to pay
    sign_in(market.shop, browser, BOB)
    assert "your balance" not in text(browser, f"{url}?lang=en").lower()
    sign_in(market.shop, browser)
    market.buy(order)
    market.work()

    assert market.word(order) == "delivered"
    assert market.kept == 999
    assert dora.balance == 0


@on_one_engine
def test_who_is_not_signed_in_has_no_wallet_and_is_offered_none(market: Market, browser: Browser, dora: Person) -> None:
    market.shop.codes(1)
    dora.has(5000)
    order = market.shop.place()
    sign_out(browser)
    with market.shop.app.app_context():
        url = f"{home(market)}o/{token_of(order.id)}"

    assert "your balance" not in text(browser, f"{url}?lang=en").lower()
