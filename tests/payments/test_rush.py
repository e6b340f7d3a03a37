"""In a rush notices are kept and answered first, and count through the outbox, before all else that waits there."""

import time
from collections import Counter

from app.kit import clock, events
from app.kit.rounds import Turn
from app.orders.models import Fulfilment, Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import NoticeState
from app.payments.queries import Wire
from app.payments.service import Arrived
from app.payments.service.inbox import RUSH
from app.web.hooks.notices import take_all
from tests.make import Shop, at_once
from tests.payments.gate import SUCCESS, inbox, send

APPLIED, STORED = NoticeState.APPLIED, NoticeState.STORED


def placed(shop: Shop, count: int) -> list[Order]:
    shop.codes(count)
    return [shop.place() for _ in range(count)]


def arrived(shop: Shop, order: Order, **changes: str) -> Arrived:
    """Return the notice of an order as it is when it waits with others to be written down."""
    notice = shop.notice(order, **changes)
    channel = shop.read(lambda: paying.get_channel(shop.method_id))
    return payments.verify(channel, Wire(notice.headers(), notice.body), now=clock.now())


def done(shop: Shop, orders: list[Order]) -> Counter[Fulfilment]:
    return Counter(shop.order(order).fulfilment for order in orders)


def test_as_many_as_are_no_rush_count_before_they_are_answered(shop: Shop) -> None:
    orders = placed(shop, RUSH)

    take_all(shop.merchant_id, [arrived(shop, order) for order in orders])

    assert {notice.state for notice in inbox(shop)} == {APPLIED}
    assert done(shop, orders) == {Fulfilment.DONE: RUSH}


def test_more_at_once_are_kept_first_and_each_counts_once_when_a_worker_comes(shop: Shop) -> None:
    orders = placed(shop, RUSH + 1)

    take_all(shop.merchant_id, [arrived(shop, order) for order in orders])
    kept = Counter(notice.state for notice in inbox(shop))
    shop.drain()

    assert kept == {STORED: RUSH + 1}
    assert {notice.state for notice in inbox(shop)} == {APPLIED}
    assert done(shop, orders) == {Fulfilment.DONE: RUSH + 1}
    assert shop.stock()["sold"] == RUSH + 1


def test_one_payment_that_is_told_of_again_and_again_is_no_rush(shop: Shop) -> None:
    (order,) = placed(shop, 1)

    take_all(shop.merchant_id, [arrived(shop, order, trade_no=f"TG-{number}") for number in range(2 * RUSH)])

    assert done(shop, [order]) == {Fulfilment.DONE: 1}


def test_what_is_kept_counts_before_all_that_waits_longer(shop: Shop) -> None:
    """Letters of an hour must not come before money, nor its buyers wait for them."""
    orders = placed(shop, 2 * events.BATCH)  # each of them has something that waits to be told
    told = orders[-RUSH - 1 :]
    take_all(shop.merchant_id, [arrived(shop, order) for order in told])

    events._relay_one(Turn(shop.merchant_id, time.monotonic() + 60))

    assert done(shop, told) == {Fulfilment.DONE: RUSH + 1}


def test_whoever_is_told_twice_in_a_rush_and_after_it_pays_once(shop: Shop) -> None:
    orders = placed(shop, 4 * RUSH)
    notices = [shop.notice(order) for order in orders]

    answers = at_once([lambda notice=notice: send(notice) for notice in notices * 2])  # type: ignore[misc]
    shop.drain()
    again = [send(notice) for notice in notices]

    assert set(answers) == set(again) == {SUCCESS}
    assert done(shop, orders) == {Fulfilment.DONE: 4 * RUSH}
    assert (len(inbox(shop)), shop.stock()["sold"]) == (4 * RUSH, 4 * RUSH)
