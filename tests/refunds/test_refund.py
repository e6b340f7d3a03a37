"""A whole order is taken back: what nobody has seen is set aside, the money goes back, the books are reversed."""

from collections.abc import Callable
from typing import Any

import pytest

from app.entitlements import service as entitlements
from app.entitlements.errors import CodesSeen, NothingToReveal
from app.entitlements.models import State
from app.entitlements.service import Proof
from app.inventory.errors import SoldOut
from app.kit import clock, effects
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.orders.models import Order, TenderState
from app.payments import service as payments
from app.payments.models import PaybackKind, PaybackState
from app.refunds import queries as refunded
from app.refunds import service as refunds
from app.refunds.errors import NotRefundable
from app.refunds.models import Refund, RefundState
from tests.make import Shop, at_once
from tests.payments.market import Market

REVOKED = State.REVOKED


def give_back(shop: Shop, order: Order) -> Refund:
    return shop.write(lambda: refunds.refund(order.id, reason="asked for", now=clock.now(), by=SYSTEM))


def reveal(shop: Shop, order: Order) -> int:
    """Look at the codes of an order, and return how many."""
    proof = Proof("device", SYSTEM, "192.0.2.0/24", "a browser")
    return len(shop.write(lambda: entitlements.reveal(order.id, proof=proof, now=clock.now())))


def the_refund(market: Market, order: Order) -> Refund:
    (refund,) = market.shop.read(lambda: refunded.list_of_order(order.id))
    return refund


@pytest.fixture
def bought(market: Market) -> Order:
    """An order of two codes, paid at the gateway and delivered; two more are in stock."""
    market.shop.codes(4)
    order = market.shop.place(2)
    market.buy(order)
    market.work()
    return order


def test_a_refunded_order_gives_back_codes_money_and_books(market: Market, bought: Order) -> None:
    give_back(market.shop, bought)
    assert (market.word(bought), market.owns(bought)) == ("refunded", [REVOKED] * 2)
    assert market.shop.stock()["quarantined"] == 2
    assert [tender.state for tender in market.shop.read(lambda: orders.list_tenders_of(bought.id))] == [
        TenderState.RETURNED
    ]
    assert the_refund(market, bought).state is RefundState.ASKED
    market.assert_books(owed=2 * 1999)

    market.work()

    refund, (payback,) = the_refund(market, bought), market.paybacks(bought)
    assert (refund.state, payback.state, payback.kind) == (RefundState.DONE, PaybackState.DONE, PaybackKind.REFUND)
    assert (market.kept, market.balance("income:sales"), market.balance("expense:goods")) == (0, 0, 0)
    assert market.balance("asset:stock") == 4 * 1000
    market.assert_books()
    assert [market.happened(bought).count(name) for name in ("order.refunded", "refund.done")] == [1, 1]


def test_what_was_taken_back_is_sold_to_nobody(market: Market, bought: Order) -> None:
    give_back(market.shop, bought)
    market.work()

    market.shop.place(2)
    with pytest.raises(SoldOut):
        market.shop.place()


def test_nobody_looks_at_what_was_taken_back(market: Market, bought: Order) -> None:
    give_back(market.shop, bought)

    with pytest.raises(NothingToReveal):
        reveal(market.shop, bought)


def test_an_order_of_which_a_code_was_seen_is_not_taken_back(market: Market, bought: Order) -> None:
    assert reveal(market.shop, bought) == 2

    with pytest.raises(CodesSeen):
        give_back(market.shop, bought)

    assert (market.word(bought), market.shop.stock()["sold"], market.paybacks()) == ("delivered", 2, [])
    market.assert_books()


def test_an_order_is_refunded_once_and_only_when_it_was_paid(market: Market, bought: Order) -> None:
    unpaid = market.shop.place()
    with pytest.raises(NotRefundable):
        give_back(market.shop, unpaid)
    give_back(market.shop, bought)

    with pytest.raises(NotRefundable):
        give_back(market.shop, bought)

    assert len(market.paybacks()) == 1


def test_an_order_that_waits_in_part_is_taken_back_as_a_whole(market: Market) -> None:
    market.shop.codes(3)
    order = market.shop.place(3)
    url = market.start(order)
    market.wait(minutes=16)
    taker = market.shop.place()
    market.bank.pay_late(url)
    market.bring()
    assert market.word(order) == "partially_delivered"

    give_back(market.shop, order)
    market.work()

    assert (market.word(order), market.owns(order)) == ("refunded", [REVOKED] * 3)
    assert (market.shop.stock()["quarantined"], market.kept) == (2, 0)
    market.shop.codes(1)
    assert market.owns(order) == [REVOKED] * 3
    assert market.shop.stock()["available"] == 1
    assert market.shop.pay(taker)


def test_an_order_paid_through_two_gateways_gets_each_its_own(market: Market) -> None:
    market.shop.codes(1)
    order, other = market.shop.place(), market.second_method()
    urls = [market.start(order), market.start(order, other)]
    assert [market.pay(url) for url in urls] == [True, True]
    market.work()

    give_back(market.shop, order)
    market.work()

    assert [payback.kind for payback in market.paybacks(order)] == [PaybackKind.SURPLUS, PaybackKind.REFUND]
    assert market.kept == 0
    market.assert_books()


# A gateway that is not well -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [{"name": "lost"}, {"name": "down"}, {"name": "lost", "on": "refund", "times": 1}], ids=str
)
def test_the_money_goes_back_once_whatever_becomes_of_the_answers(
    market: Market, bought: Order, fault: dict[str, Any]
) -> None:
    give_back(market.shop, bought)
    market.ill(**fault)

    market.work()
    assert the_refund(market, bought).state is RefundState.ASKED
    market.wait(minutes=10)
    market.well()
    market.wait(hours=1, seconds=1)

    assert the_refund(market, bought).state is RefundState.DONE
    assert market.kept == 0
    market.assert_books()


def test_what_the_gateway_refuses_is_stuck_and_done_when_asked_again(market: Market) -> None:
    """The gateway told of money it did not have; when it has it, somebody asks once more."""
    market.shop.codes(1)
    order = market.shop.place()
    url = market.start(order)
    assert market.shop.pay(order)
    give_back(market.shop, order)
    market.work()
    (payback,) = market.paybacks(order)
    assert (the_refund(market, order).state, payback.state) == (RefundState.STUCK, PaybackState.REFUSED)
    assert market.happened(order).count("refund.stuck") == 1
    assert -market.balance("liability:refunds") == 1999

    market.ill("silent", on="notice")
    assert market.pay(url)
    market.shop.write(lambda: payments.retry_payback(payback.id, now=clock.now(), by=SYSTEM))
    market.work()

    assert the_refund(market, order).state is RefundState.DONE
    assert market.kept == 0
    market.assert_books()


# At once ------------------------------------------------------------------------------------------------------------


def test_of_a_refund_and_a_look_at_the_codes_one_wins(market: Market) -> None:
    shop = market.shop
    shop.codes(12)
    for _ in range(6):
        order = shop.place(2)
        assert shop.pay(order)

        jobs: list[Callable[[], object]] = [lambda: give_back(shop, order), lambda: reveal(shop, order)]  # noqa: B023
        said = at_once(jobs)

        if isinstance(said[0], CodesSeen):
            assert (said[1], market.word(order)) == (2, "delivered")
        else:
            assert isinstance(said[1], NothingToReveal)
            assert (market.word(order), market.owns(order)) == ("refunded", [REVOKED] * 2)
    market.assert_no_code_twice()


def test_refunded_ten_times_at_once_it_is_refunded_once(market: Market, bought: Order) -> None:
    said = at_once([lambda: give_back(market.shop, bought)] * 10)

    assert sum(isinstance(answer, Refund) for answer in said) == 1
    assert sum(isinstance(answer, NotRefundable) for answer in said) == 9
    market.work()
    assert len(market.paybacks()) == 1
    assert market.kept == 0
    market.assert_books()


def test_a_refund_while_codes_come_for_the_order_takes_them_too_or_leaves_them(market: Market) -> None:
    shop = market.shop
    for _ in range(3):
        shop.codes(2)
        order = shop.place(2)
        market.wait(minutes=16)
        assert shop.pay(shop.place(2))
        assert shop.pay(order)
        before = shop.stock()

        said = at_once([lambda: give_back(shop, order), lambda: shop.codes(2)])  # noqa: B023

        assert isinstance(said[0], Refund), said
        assert not isinstance(said[1], BaseException), said
        after = shop.stock()
        assert (market.word(order), market.owns(order)) == ("refunded", [REVOKED] * 2)
        moved = after["available"] - before["available"], after["quarantined"] - before["quarantined"]
        assert moved in {(2, 0), (0, 2)}
        assert after["sold"] == before["sold"]
        if after["available"]:
            assert shop.pay(shop.place(2))
    market.assert_no_code_twice()
    assert market.balance("expense:goods") == 1000 * shop.stock()["sold"]


def test_two_workers_at_once_finish_a_refund_once(market: Market, bought: Order) -> None:
    give_back(market.shop, bought)
    (payback,) = market.paybacks(bought)
    (effect,) = market.effects(payback.id)

    at_once([lambda: effects.perform(market.shop.merchant_id, [effect.id], within=5)] * 5)

    assert the_refund(market, bought).state is RefundState.DONE
    assert market.happened(bought).count("refund.done") == 1
    assert market.kept == 0
