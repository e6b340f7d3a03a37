"""Stock that somebody began to pay for goes to others only after the gateway said that nothing was paid (B1.6)."""

import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from app.inventory.errors import SoldOut
from app.kit import clock, effects
from app.kit.events import SYSTEM
from app.kit.http import Client
from app.kit.ids import base32
from app.orders import queries as orders
from app.orders.errors import NotCancellable, NotPayable
from app.orders.models import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Attempt, AttemptState, Notice, NoticeState
from app.payments.providers import Trade, provider
from tests.make import at_once
from tests.payments.market import Market, rows


@pytest.fixture
def order(market: Market) -> Order:
    """An order that holds the last code."""
    market.shop.codes(1)
    return market.shop.place()


def attempts(market: Market) -> list[AttemptState]:
    return [attempt.state for attempt in market.shop.read(lambda: rows(Attempt))]


def cancel(market: Market, order: Order) -> None:
    """Press the button on the order's page."""
    asked = market.shop.write(lambda: payments.cancel(orders.get(order.id), now=clock.now(), by=SYSTEM))
    effects.perform(market.shop.merchant_id, asked, within=5)


def check(market: Market, order: Order) -> int:
    """Say “I have paid”, and return how many gateways were asked."""
    asked = market.shop.write(lambda: payments.ask(order.id, now=clock.now()))
    effects.perform(market.shop.merchant_id, asked, within=5)
    return len(asked)


# When the time is up ------------------------------------------------------------------------------------------------


def test_what_the_gateway_says_is_unpaid_is_closed_there_and_its_stock_is_free(market: Market, order: Order) -> None:
    url = market.start(order)

    market.wait(minutes=14)
    assert (market.word(order), market.shop.stock()["held"]) == ("pending", 1)
    market.wait(minutes=2)

    assert (market.word(order), market.shop.stock()["available"]) == ("expired", 1)
    assert attempts(market) == [AttemptState.CLOSED]
    assert not market.pay(url)
    assert market.happened(order).count("order.expired") == 1


@pytest.mark.parametrize("fault", ["down", "lost", "forged"])
def test_a_gateway_that_does_not_say_keeps_the_stock_held_until_it_does(
    market: Market, order: Order, fault: str
) -> None:
    market.start(order)
    market.ill(fault)

    market.wait(hours=3)
    assert market.shop.order(order).closed.name == "OPEN"
    assert market.shop.stock()["held"] == 1
    with pytest.raises(SoldOut):
        market.shop.place()

    market.well()
    market.wait(hours=1, seconds=1)
    assert (market.word(order), market.shop.stock()["available"]) == ("expired", 1)


def test_a_gateway_that_is_silent_for_a_day_needs_a_person_who_has_it_asked_again(market: Market, order: Order) -> None:
    market.start(order)
    market.ill("down")
    for _ in range(5):
        market.wait(hours=6)
    (silent,) = market.shop.read(lambda: paying.list_silent_attempts(limit=9))
    assert market.shop.stock()["held"] == 1

    market.well()
    market.shop.write(lambda: payments.ask_again(silent, now=clock.now()))
    market.work()

    assert market.word(order) == "expired"
    assert market.shop.read(lambda: paying.list_silent_attempts(limit=9)) == {}


def test_a_payment_nobody_told_us_of_is_found_when_the_time_is_up(market: Market, order: Order) -> None:
    market.ill("silent", on="notice")
    market.buy(order)
    assert market.word(order) == "pending"

    market.wait(minutes=16)

    assert market.word(order) == "delivered"
    assert attempts(market) == [AttemptState.PAID]
    market.assert_books()


def test_a_payment_made_between_question_and_closing_is_delivered(
    market: Market, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = market.start(order)
    market.ill("silent", on="notice")
    gateway = provider("test")
    close = gateway.close

    def just_then(*asked: object) -> object:
        assert market.pay(url)
        return close(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(gateway, "close", just_then)
    market.wait(minutes=16)

    assert market.word(order) == "delivered"
    market.assert_books()


def test_the_notice_after_the_answer_of_the_same_payment_counts_no_second_time(market: Market, order: Order) -> None:
    market.ill("late", on="notice", seconds=3000)
    market.buy(order)
    market.wait(minutes=16)
    assert market.word(order) == "delivered"

    market.wait(hours=1)

    assert [notice.state for notice in market.shop.read(lambda: rows(Notice))] == [NoticeState.APPLIED]
    market.assert_books()


def test_money_that_is_not_what_was_due_keeps_no_stock_from_others(market: Market, order: Order) -> None:
    """The gateway keeps saying that too little was paid: that fits nothing, so the order ends and the money is odd."""
    market.ill("short")
    market.buy(order)
    market.wait(minutes=5)
    check(market, order)

    market.wait(minutes=16)

    assert (market.word(order), market.shop.stock()["available"]) == ("expired", 1)
    assert {notice.reason for notice in market.shop.read(lambda: rows(Notice))} == {"wrong amount"}


# “I have paid” ------------------------------------------------------------------------------------------------------


def test_i_have_paid_asks_the_gateway_at_once_and_not_again_for_a_moment(market: Market, order: Order) -> None:
    market.ill("silent", on="notice")
    url = market.start(order)
    assert check(market, order) == 1
    assert check(market, order) == 0
    assert market.word(order) == "pending"

    assert market.pay(url)
    market.pass_time(seconds=4)
    assert check(market, order) == 1

    assert market.word(order) == "delivered"
    assert check(market, order) == 0
    market.assert_books()


# Again, and otherwise -----------------------------------------------------------------------------------------------


def test_a_payment_started_again_is_the_same_trade_and_closed_once(market: Market, order: Order) -> None:
    trades = {market.start(order).partition("out_trade_no=")[2].partition("&")[0] for _ in range(3)}

    (attempt,) = market.shop.read(lambda: rows(Attempt))
    assert len(trades) == 1
    closing = [effect for effect in market.effects(attempt.id) if effect.kind == paying.CLOSE]
    assert [effect.state for effect in closing] == [effects.State.WAITING]
    market.wait(minutes=16)
    assert market.word(order) == "expired"


def test_a_started_order_is_cancelled_as_soon_as_its_gateway_has_closed_the_trade(market: Market, order: Order) -> None:
    url = market.start(order)

    cancel(market, order)

    assert (market.word(order), market.shop.stock()["available"]) == ("cancelled", 1)
    assert not market.pay(url)
    with pytest.raises(NotPayable):
        market.shop.start(order)
    with pytest.raises(NotCancellable):
        cancel(market, order)


def test_cancelling_what_was_paid_meanwhile_delivers_it(market: Market, order: Order) -> None:
    market.ill("silent", on="notice")
    market.buy(order)

    cancel(market, order)

    assert market.word(order) == "delivered"
    market.assert_books()


def test_cancelling_while_the_gateway_is_away_happens_when_it_is_back(market: Market, order: Order) -> None:
    market.start(order)
    market.ill("down")

    cancel(market, order)
    assert (market.word(order), market.shop.stock()["held"]) == ("pending", 1)

    market.well()
    market.wait(minutes=1)
    assert (market.word(order), market.shop.stock()["available"]) == ("cancelled", 1)


def test_of_two_ways_to_pay_the_open_one_keeps_the_stock(market: Market, order: Order) -> None:
    other = market.second_method()
    market.start(order)
    second = market.start(order, other)
    close_at_gateway(market, order, market.shop.method_id)

    assert check(market, order) == 2
    assert sorted(attempts(market)) == [AttemptState.OPEN, AttemptState.CLOSED]
    assert (market.word(order), market.shop.stock()["held"]) == ("pending", 1)

    assert market.pay(second)
    market.work()
    assert market.word(order) == "delivered"
    market.wait(minutes=16)
    assert market.word(order) == "delivered"
    market.assert_books()


def test_of_two_ways_to_pay_both_are_closed_when_the_time_is_up(market: Market, order: Order) -> None:
    other = market.second_method()
    urls = [market.start(order), market.start(order, other)]

    market.wait(minutes=16)

    assert (market.word(order), market.shop.stock()["available"]) == ("expired", 1)
    assert [market.pay(url) for url in urls] == [False, False]


def test_two_payments_closed_at_once_close_the_order(market: Market, order: Order) -> None:
    """Neither answer may leave the order to the other, each seeing a payment that is open still."""
    other = market.second_method()
    market.start(order)
    market.start(order, other)
    numbers = [attempt.id for attempt in market.shop.read(lambda: rows(Attempt))]
    said = threading.Barrier(2)

    def close(number: UUID) -> None:
        payments.settle_closed(number, now=clock.now())
        linger(said)

    jobs: list[Callable[[], object]] = [partial(market.shop.write, partial(close, number)) for number in numbers]
    assert at_once(jobs) == [None, None]

    assert (market.word(order), market.shop.stock()["available"]) == ("cancelled", 1)


def test_a_payment_started_while_the_other_is_closed_keeps_the_stock(market: Market, order: Order) -> None:
    other = market.second_method()
    market.start(order)
    (attempt,) = market.shop.read(lambda: rows(Attempt))
    started = threading.Barrier(2)

    def start() -> None:
        pages = payments.Pages("http://127.0.0.1:1/hooks/", "http://127.0.0.1:1/o/x")
        payments.start(orders.get(order.id), other, pages, subject="Card", now=clock.now(), by=SYSTEM)
        linger(started)
        linger(started)

    def close() -> None:
        linger(started)
        market.shop.write(lambda: payments.settle_closed(attempt.id, now=clock.now()))

    jobs: list[Callable[[], object]] = [partial(market.shop.write, start), close]
    assert at_once(jobs) == [None, None]

    assert (market.word(order), market.shop.stock()["held"]) == ("pending", 1)


def linger(barrier: threading.Barrier) -> None:
    """Stay here until the other comes, or long enough to see that it waits for us."""
    try:
        barrier.wait(0.4)
    except threading.BrokenBarrierError:
        return


def close_at_gateway(market: Market, order: Order, method_id: UUID) -> None:
    """Have the gateway close one trade of an order by itself."""
    (attempt,) = [a for a in market.shop.read(lambda: rows(Attempt)) if a.method_id == method_id]
    channel = market.shop.read(lambda: paying.get_channel(method_id))
    with Client() as http:
        provider("test").close(Trade(base32(attempt.tender_id)), channel.account, http)
