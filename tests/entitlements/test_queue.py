"""Who has paid and got no code is next: codes that come go to the queue, the longest waiting first (B1.6)."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest

from app import wiring
from app.catalog.models import Kind
from app.entitlements.models import State
from app.entitlements.service import serving
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.events import CodesStocked
from app.kit import clock, events
from app.kit.events import SYSTEM, Event
from app.orders import service as ordering
from app.orders.events import OrderQueued
from app.orders.models import Order
from tests.make import at_once, make_product
from tests.payments.market import Market

READY, PROMISED = State.READY, State.PROMISED


def late(market: Market, *quantities: int) -> list[Order]:
    """Place orders whose codes somebody else has bought when their time was up."""
    market.shop.codes(sum(quantities))
    placed = [market.shop.place(quantity) for quantity in quantities]
    market.wait(minutes=16)
    assert market.shop.pay(market.shop.place(sum(quantities)))
    return placed


def queued(market: Market, *quantities: int) -> list[Order]:
    """Return orders that were paid too late, one after the other, and wait for their codes."""
    orders = late(market, *quantities)
    for order in orders:
        market.pass_time(seconds=1)
        assert market.shop.pay(order)
    assert {market.word(order) for order in orders} == {"queued"}
    market.pass_time(seconds=1)
    return orders


# Late money ---------------------------------------------------------------------------------------------------------


def test_late_money_buys_another_code(market: Market) -> None:
    (order,) = late(market, 1)
    market.shop.codes(1)

    assert market.shop.pay(order)

    assert (market.word(order), market.owns(order)) == ("delivered", [READY])
    assert market.shop.stock()["sold"] == 2


def test_late_money_buys_what_is_left_and_waits_for_the_rest(market: Market) -> None:
    (order,) = late(market, 3)
    market.shop.codes(2)

    assert market.shop.pay(order)

    assert market.word(order) == "partially_delivered"
    assert Counter(market.owns(order)) == {READY: 2, PROMISED: 1}
    market.shop.codes(1)
    assert (market.word(order), market.owns(order)) == ("delivered", [READY] * 3)
    assert market.happened(order).count("order.delivered") == 1


def test_a_late_order_takes_no_code_that_another_holds(market: Market) -> None:
    (order,) = late(market, 1)
    market.shop.codes(1)
    other = market.shop.place()

    assert market.shop.pay(order)

    assert market.word(order) == "queued"
    assert market.shop.pay(other)
    assert market.word(other) == "delivered"


# Serving ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [1, 500])
def test_the_queue_is_served_in_the_order_of_payment(
    market: Market, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    monkeypatch.setattr(serving, "AT_ONCE", look)
    placed = late(market, 1, 1, 1)
    for order in reversed(placed):  # who placed last pays first
        market.pass_time(seconds=1)
        assert market.shop.pay(order)

    words = []
    for _ in placed:
        market.shop.codes(1)
        words.append([market.word(order) for order in reversed(placed)])

    assert words == [
        ["delivered", "queued", "queued"],
        ["delivered", "delivered", "queued"],
        ["delivered"] * 3,
    ]


def test_a_big_order_at_the_head_gets_what_comes_before_a_small_one_behind(market: Market) -> None:
    big, small = queued(market, 3, 1)

    market.shop.codes(2)
    assert (Counter(market.owns(big)), market.word(small)) == ({READY: 2, PROMISED: 1}, "queued")
    market.shop.codes(2)
    assert (market.word(big), market.word(small)) == ("delivered", "delivered")
    market.assert_no_code_twice()


def test_a_queue_longer_than_one_look_is_served_at_once(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "AT_ONCE", 2)
    orders = queued(market, 3, 1, 1)

    market.shop.codes(5)

    assert [market.word(order) for order in orders] == ["delivered"] * 3
    assert market.shop.stock()["available"] == 0


def test_codes_of_one_kind_serve_nobody_who_waits_for_another(market: Market) -> None:
    other = make_product(market.shop, kind=Kind.CODE)
    market.shop.codes(1)
    market.shop.codes(2, sku=other)
    both = market.shop.place_lines((market.shop.sku, 1), (other, 2))
    market.wait(minutes=16)
    for line in ((market.shop.sku, 1), (other, 2)):
        assert market.shop.pay(market.shop.place_lines(line))
    assert market.shop.pay(both)
    assert market.word(both) == "queued"

    market.shop.codes(1)
    assert (market.word(both), Counter(market.owns(both))) == ("partially_delivered", {READY: 1, PROMISED: 2})
    market.shop.codes(1, sku=other)
    assert Counter(market.owns(both)) == {READY: 2, PROMISED: 1}
    market.shop.codes(1, sku=other)

    assert market.word(both) == "delivered"
    assert market.happened(both).count("order.partly_delivered") == 1


def test_a_code_that_a_cancelled_order_gives_back_goes_to_the_queue(market: Market) -> None:
    (waiting,) = late(market, 1)
    market.shop.codes(1)
    holder = market.shop.place()
    assert market.shop.pay(waiting)

    market.shop.write(lambda: ordering.cancel(holder.id, now=clock.now(), by=SYSTEM))

    assert market.word(waiting) == "delivered"
    with pytest.raises(SoldOut):
        market.shop.place()


def test_a_code_whose_hold_ran_out_goes_to_the_queue(market: Market) -> None:
    (waiting,) = late(market, 1)
    market.shop.codes(1)
    holder = market.shop.place()
    market.start(holder)
    assert market.shop.pay(waiting)

    market.wait(minutes=16)

    assert (market.word(waiting), market.word(holder)) == ("delivered", "expired")


# Nobody gets in between ---------------------------------------------------------------------------------------------


def test_who_places_while_codes_come_finds_none_that_the_queue_waits_for(market: Market) -> None:
    waiting = queued(market, 2, 1)

    def place() -> bool:
        try:
            market.shop.place()
        except OutOfStock:
            return False
        return True

    jobs: list[Callable[[], object]] = [partial(market.shop.codes, 3), *[place] * 6]
    said: list[object] = list(at_once(jobs))

    assert said[1:] == [False] * 6
    assert [market.word(order) for order in waiting] == ["delivered"] * 2


def test_of_a_cancelled_hold_and_a_new_buyer_the_queue_comes_first(market: Market) -> None:
    (waiting,) = late(market, 1)
    market.shop.codes(1)
    holder = market.shop.place()
    assert market.shop.pay(waiting)

    def cancel() -> None:
        market.shop.write(lambda: ordering.cancel(holder.id, now=clock.now(), by=SYSTEM))

    jobs: list[Callable[[], object]] = [cancel, *[market.shop.place] * 4]
    said = at_once(jobs)

    assert said[0] is None
    assert all(isinstance(answer, OutOfStock) for answer in said[1:])
    assert market.word(waiting) == "delivered"


def test_codes_that_come_from_two_sides_at_once_are_given_once(market: Market) -> None:
    waiting = queued(market, 2, 2)

    at_once([partial(market.shop.codes, 1)] * 5)

    assert [market.word(order) for order in waiting] == ["delivered"] * 2
    assert market.shop.stock()["available"] == 1
    market.assert_no_code_twice()


def test_late_payments_and_codes_at_once_leave_no_code_beside_one_who_waits(market: Market) -> None:
    placed = late(market, 1, 1, 1, 1)

    pays: list[Callable[[], object]] = [partial(market.shop.pay, order) for order in placed]
    comes: list[Callable[[], object]] = [partial(market.shop.codes, 1) for _ in range(3)]
    assert all(not isinstance(answer, BaseException) for answer in at_once(pays + comes))
    market.work()

    words = Counter(market.word(order) for order in placed)
    assert words == {"delivered": 3, "queued": 1}
    assert market.shop.stock()["available"] == 0
    market.assert_no_code_twice()


@dataclass
class Meeting:
    """Two units at once: the one lingers before its commit until the other is committed, or waits for it."""

    inside: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    over: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))

    begun: bool = False

    def linger(self, _: object) -> None:
        if self.begun:
            wait(self.inside, 5)
            wait(self.over, 1)

    def meanwhile(self, job: Callable[[], object]) -> None:
        wait(self.inside, 5)
        job()
        wait(self.over, 1)


def wait(barrier: threading.Barrier, seconds: float) -> None:
    with suppress(threading.BrokenBarrierError):
        barrier.wait(seconds)


@pytest.fixture(params=[OrderQueued, CodesStocked], ids=["promise", "codes"])
def slow(request: pytest.FixtureRequest) -> Iterator[tuple[type[Event], Meeting]]:
    """Let the unit that promises, or the one that brings codes, linger when all its own reactions have run."""
    kind, meeting = request.param, Meeting()
    events.wire({**wiring.NOW, kind: (*wiring.NOW.get(kind, ()), meeting.linger)}, wiring.LATER)
    yield kind, meeting
    events.wire(wiring.NOW, wiring.LATER)


def test_a_promise_and_a_code_that_did_not_see_each_other_find_together(
    market: Market, slow: tuple[type[Event], Meeting]
) -> None:
    (order,) = late(market, 1)
    market.shop.drain()
    kind, meeting = slow
    pay, bring = partial(market.shop.pay, order), partial(market.shop.codes, 1)
    first, second = (pay, bring) if kind is OrderQueued else (bring, pay)

    def other() -> None:
        second()
        market.shop.drain()

    meeting.begun = True
    jobs: list[Callable[[], object]] = [first, partial(meeting.meanwhile, other)]
    assert not any(isinstance(answer, BaseException) for answer in at_once(jobs))
    market.work()

    assert (market.word(order), market.shop.stock()["available"]) == ("delivered", 0)


def test_what_waited_is_in_the_books_with_what_its_codes_cost(market: Market) -> None:
    (order,) = queued(market, 2)
    market.shop.codes(2, cost=700)

    assert market.balance("expense:goods") == 2 * 1000 + 2 * 700
    assert market.balance("asset:stock") == 0
    assert market.word(order) == "delivered"
    assert market.shop.order(order).delivered_at - market.shop.order(order).paid_at >= timedelta(seconds=1)  # type: ignore[operator]
