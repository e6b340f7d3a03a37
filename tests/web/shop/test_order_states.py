"""What an order's page tells its buyer when things do not go by themselves: owed, refunded, paid twice."""

from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock
from app.kit.events import SYSTEM
from app.orders.models import Order
from app.payments.models import PaybackState
from app.refunds import queries as refunding
from app.refunds import service as refunds
from app.web.shop.placing import token_of
from tests.payments.market import Market
from tests.web.shop.test_check import words


def page(market: Market, order: Order) -> str:
    return words(answer(market, order))


def answer(market: Market, order: Order) -> Any:
    browser = market.shop.client()
    browser.client.set_cookie("lang", "en")
    return browser.get(f"/s/{market.shop.slug}/o/{token_of(order.id)}")


def resold(market: Market, quantity: int = 1, *, left: int = 0) -> Order:
    """Return an order paid when its time was long over and all but `left` codes had gone to somebody else."""
    market.shop.codes(quantity)
    order = market.shop.place(quantity)
    market.wait(minutes=20)
    if left < quantity:
        assert market.shop.pay(market.shop.place(quantity - left))
    assert market.shop.pay(order)
    return order


def shown(at: Any) -> str:
    """Return a moment as pages show it."""
    return (at + timedelta(hours=8)).strftime("%m-%d %H:%M")


@pytest.fixture
def refunded(market: Market) -> Order:
    """A delivered order that the shop has just taken back; the gateway was not asked yet."""
    market.shop.codes(1)
    order = market.shop.place()
    market.buy(order)
    take_back(market, order)
    return order


def take_back(market: Market, order: Order) -> None:
    market.shop.write(lambda: refunds.refund(order.id, reason="wrong one", now=clock.now(), by=SYSTEM))


def test_who_waits_for_stock_is_told_until_when(market: Market) -> None:
    order = resold(market)

    said = page(market, order)

    paid_at = market.shop.order(order).paid_at
    assert paid_at
    assert "Paid, waiting for stock" in said
    assert f"If it has not come by {shown(paid_at + timedelta(hours=24))} , you are refunded automatically." in said


def test_who_has_a_part_is_told_until_when_the_rest_may_come(market: Market) -> None:
    order = resold(market, 3, left=1)

    said = page(market, order)

    assert "Partly delivered" in said
    assert "and you have viewed no code, the whole order is refunded" in said


def test_a_refund_tells_how_far_it_is(market: Market, refunded: Order) -> None:
    under_way = page(market, refunded)
    assert "Refund under way" in under_way
    assert "CN¥19.99 goes back the way it was paid." in under_way

    market.work()

    (refund,) = market.shop.read(lambda: refunding.list_of_order(refunded.id))
    assert f"CN¥19.99 went back the way it was paid, {shown(refund.done_at)} ." in page(market, refunded)
    assert market.kept == 0


def test_a_refund_that_the_gateway_refuses_is_told_without_its_words(market: Market) -> None:
    market.shop.codes(1)
    order = market.shop.place()
    assert market.shop.pay(order)  # which the gateway knows nothing of
    take_back(market, order)
    market.work()

    said = page(market, order)

    assert [payback.state for payback in market.paybacks(order)] == [PaybackState.REFUSED]
    assert "Refund delayed" in said
    assert "The gateway has not given CN¥19.99 back yet. The shop sees this and is taking care of it." in said
    assert market.paybacks(order)[0].reason not in said


def test_what_was_taken_back_is_not_shown_as_on_its_way(market: Market, refunded: Order) -> None:
    said = page(market, refunded)

    assert "On its way" not in said
    assert "Show code" not in said
    assert "Codes open only" not in said


def test_who_paid_twice_is_told_that_the_second_goes_back(market: Market) -> None:
    market.shop.codes(1)
    order = market.shop.place()
    url = market.buy(order)
    assert "You paid twice" not in page(market, order)

    market.bank.pay_twice(url)
    market.work()

    said = page(market, order)
    assert "You paid twice CN¥19.99 more than was due; it goes back automatically, the way it was paid." in said
