"""Who has paid and waits as long as the shop's policy allows gets the money back, without anybody asking (B1.6)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.entitlements import service as entitlements
from app.entitlements.models import State
from app.entitlements.service import Proof
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.merchants.models import Merchant
from app.orders import queries as orders
from app.orders.models import Order
from app.refunds import queries as refunded
from app.refunds import tasks as refunding
from app.refunds.models import RefundState
from tests.payments.market import Market

SOLD_OUT = "sold out"


@pytest.fixture(autouse=True)
def patience(market: Market) -> timedelta:
    """How long this shop lets a buyer wait."""
    market.shop.write(lambda: db.session().execute(update(Merchant).values(queue_hours=24)))
    return timedelta(hours=24)


def late(market: Market, *quantities: int, **apart: float) -> list[Order]:
    """Let money come late, at the gateway, for orders whose codes are sold; so much time `apart`."""
    market.shop.codes(sum(quantities))
    placed = [market.shop.place(quantity) for quantity in quantities]
    urls = [market.start(order) for order in placed]
    market.wait(minutes=16)
    assert market.shop.stock()["available"] == sum(quantities)
    taker = market.shop.place(sum(quantities))
    market.buy(taker)
    for place, url in enumerate(urls):
        market.wait(**apart if place else {"seconds": 1})
        market.bank.pay_late(url)
        market.bring()
    market.work()
    return placed


def test_late_money_that_finds_no_code_goes_back_by_itself(market: Market) -> None:
    (order,) = late(market, 2)
    assert market.word(order) == "queued"

    market.wait(hours=23)
    assert market.word(order) == "queued"
    market.wait(hours=1, minutes=1)

    assert (market.word(order), market.owns(order)) == ("refunded", [State.REVOKED] * 2)
    (refund,) = market.shop.read(lambda: refunded.list_of_order(order.id))
    assert (refund.reason, refund.state) == (SOLD_OUT, RefundState.DONE)
    assert market.kept == 2 * 1999  # of who bought the codes
    market.assert_books()


def test_an_order_served_in_time_is_not_refunded(market: Market) -> None:
    (order,) = late(market, 1)
    market.wait(hours=23)
    market.shop.codes(1)

    for _ in range(4):
        market.wait(hours=12)

    assert market.word(order) == "delivered"
    market.assert_books()


def test_each_order_waits_as_long_as_the_policy_says_and_not_longer(market: Market) -> None:
    placed = late(market, 1, 1, 1, hours=9)

    words: list[list[str]] = []
    for _ in placed:
        market.wait(hours=6 + 3 * bool(words), minutes=1)
        words.append([market.word(order) for order in placed])

    assert words == [
        ["refunded", "queued", "queued"],
        ["refunded", "refunded", "queued"],
        ["refunded"] * 3,
    ]
    market.assert_books()


def test_more_orders_than_one_step_takes_are_all_refunded(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refunding, "AT_ONCE", 2)
    placed = late(market, *[1] * 5)

    market.wait(hours=24, minutes=1)
    for _ in range(2):
        market.wait(seconds=2)

    assert [market.word(order) for order in placed] == ["refunded"] * 5
    market.assert_books()


def test_of_an_order_that_got_some_codes_all_goes_back_while_nobody_has_seen_them(market: Market) -> None:
    (order,) = late(market, 2)
    market.shop.codes(1)
    assert market.word(order) == "partially_delivered"

    market.wait(hours=24, minutes=1)

    assert market.word(order) == "refunded"
    assert market.shop.stock()["quarantined"] == 1
    market.assert_books()


def test_an_order_of_which_a_code_was_seen_waits_for_the_shops_own_decision(market: Market) -> None:
    seen, other = late(market, 2, 1)
    market.shop.codes(1)
    proof = Proof("device", SYSTEM, "192.0.2.0/24", "a browser")
    market.shop.write(lambda: entitlements.reveal(seen.id, proof=proof, now=clock.now()))

    market.wait(hours=24, minutes=1)
    market.wait(hours=24)

    assert (market.word(seen), market.word(other)) == ("partially_delivered", "refunded")
    owed = market.shop.read(lambda: [order.id for order in orders.list_owed(before=clock.now(), limit=9)])
    assert owed == [seen.id]
    market.shop.codes(1)
    assert market.word(seen) == "delivered"
    market.assert_books()


def test_a_gateway_that_is_away_then_gives_the_money_back_later(market: Market) -> None:
    (order,) = late(market, 1)
    market.ill("down")
    market.wait(hours=25)
    assert market.word(order) == "refunded"
    assert market.kept == 2 * 1999

    market.wait(hours=2)
    market.well()
    market.wait(hours=1, seconds=1)

    assert market.kept == 1999
    market.assert_books()


def test_refunded_orders_are_none_that_wait_or_were_delivered(market: Market) -> None:
    waiting, served = late(market, 1, 1)
    market.wait(hours=24, minutes=1)
    listed = {name: market.shop.read(lambda name=name: _listed(name)) for name in ("queued", "delivered")}  # type: ignore[misc]

    assert {waiting.id, served.id} & (listed["queued"] | listed["delivered"]) == set()
    assert market.shop.read(orders.count_owed) == 0


def _listed(status: str) -> set[object]:
    query = orders.ORDERS.filters["status"](orders.ORDERS.query(), status)
    return {order.id for order in db.session().scalars(query)}
