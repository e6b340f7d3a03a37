"""A person's wallet: paid ahead through any gateway, spent wholly or in part, never below nothing."""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from app.balances.errors import InsufficientBalance, MoreThanLeft, NothingToBook, TooLittle, TooManyWaiting, TooMuch
from app.balances.rules import MOST_OF_MEMBER, MOST_WAITING
from app.entitlements.models import State
from app.finance import queries as finance
from app.kit import clock, events
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.errors import NotPayable
from app.orders.models import Closed, Order, Payment, Tender, TenderState
from app.orders.service import close_unpaid
from app.payments import service as payments
from app.payments.models import FeePayer
from app.payments.service.methods import Terms
from app.refunds import service as refunds
from tests.balances.person import Person
from tests.make import at_once
from tests.payments.market import Market

PRICE = 1999


def tenders(market: Market, order: Order, *states: TenderState) -> list[Tender]:
    found = market.shop.read(lambda: orders.list_tenders_of(order.id))
    return sorted((one for one in found if not states or one.state in states), key=lambda one: one.amount)


def test_a_top_up_is_on_the_wallet_in_the_unit_of_its_notice_and_in_one_account_of_the_books(
    market: Market, dora: Person
) -> None:
    other = Person(market.shop)
    for person, amount in ((dora, 5000), (other, 700)):
        market.buy(person.ask(amount))

    assert (dora.balance, dora.moved) == (5000, [("TOP_UP", 5000)])
    assert market.balance("liability:balance:members") == -5700
    assert market.balance("income:sales") == 0
    told = market.shop.read(lambda: events.timeline(subject=("member", dora.id)))
    assert [row.name for row in told] == ["balance.paid_in"]
    market.assert_books()


@pytest.mark.parametrize(
    ("amount", "fault"), [(0, TooLittle), (-500, TooLittle), (99, TooLittle), (MOST_OF_MEMBER + 1, MoreThanLeft)]
)
def test_a_top_up_within_limits_only(dora: Person, amount: int, fault: type[Exception]) -> None:
    with pytest.raises(Invalid) as refused:
        dora.ask(amount)

    assert isinstance(refused.value.fields["amount"], fault)


def test_who_leaves_many_top_ups_unpaid_is_stopped_and_the_same_form_is_one(dora: Person) -> None:
    first = dora.ask(500, "form")
    assert dora.ask(500, "form").id == first.id
    for _ in range(MOST_WAITING - 1):
        dora.ask(500)

    with pytest.raises(TooManyWaiting):
        dora.ask(500)
    assert dora.shop.pay(first)
    dora.ask(500)


def test_a_whole_order_is_paid_from_the_wallet(market: Market, dora: Person) -> None:
    market.shop.codes(1)
    market.buy(dora.ask(5000))
    order = market.shop.place()

    dora.pay_rest(order)
    market.work()

    assert market.owns(order) == [State.READY]
    assert (dora.balance, dora.moved[0]) == (5000 - PRICE, ("SPENT", -PRICE))
    market.assert_books()


def test_too_little_says_what_is_missing_and_leaves_the_order_as_it_was(market: Market, dora: Person) -> None:
    market.shop.codes(1)
    dora.top_up(500)
    order = market.shop.place()

    with pytest.raises(InsufficientBalance, match=r"14\.99 CNY short"):
        dora.pay_rest(order)

    assert market.shop.order(order).holder_id is None
    assert (dora.balance, market.word(order)) == (500, "pending")
    with pytest.raises(InsufficientBalance):
        Person(market.shop).pay_part(order)


def test_a_part_from_the_wallet_and_the_rest_at_a_gateway(market: Market, dora: Person) -> None:
    market.shop.codes(1)
    market.buy(dora.ask(1000))
    order = market.shop.place()

    assert dora.pay_part(order).minor == 1000
    assert (market.word(order), dora.balance) == ("pending", 0)
    market.buy(order)
    market.work()

    assert market.owns(order) == [State.READY]
    assert market.kept == 1000 + PRICE - 1000
    market.assert_books()
    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    market.work()
    assert (dora.balance, market.kept) == (1000, 1000)
    market.assert_books()


def test_a_part_is_taken_of_a_payment_that_was_started_too_and_the_old_page_pays_nothing(
    market: Market, dora: Person
) -> None:
    """The fee the first way would have cost is gone with it."""
    with_fee = Terms(fee_rate=100, fee_payer=FeePayer.BUYER)
    market.shop.write(lambda: payments.change_terms(market.shop.method_id, with_fee, now=clock.now(), by=SYSTEM))
    market.shop.codes(1)
    dora.has(1000)
    order = market.shop.place()
    first = market.start(order)

    dora.pay_part(order)
    second = market.start(order)
    market.work()

    assert not market.pay(first)
    assert market.pay(second)
    market.work()
    assert market.word(order) == "delivered"
    assert [(one.amount, one.fee) for one in tenders(market, order, TenderState.MET)] == [(1000, 0), (1009, 10)]
    assert market.shop.read(lambda: [*ledger.check(), *finance.check()]) == []


def test_the_rest_comes_from_the_wallet_after_a_split_and_the_gateway_is_closed(market: Market, dora: Person) -> None:
    market.shop.codes(1)
    dora.has(1000)
    order = market.shop.place()
    dora.pay_part(order)
    page = market.start(order)
    dora.correct(300)
    assert dora.pay_part(order).minor == 300
    dora.correct(5000)

    dora.pay_rest(order)
    market.work()

    assert not market.pay(page)
    assert market.word(order) == "delivered"
    assert dora.balance == 6300 - PRICE
    market.assert_books()


def test_money_that_comes_all_the_same_goes_back_to_its_own_source(market: Market, dora: Person) -> None:
    market.shop.codes(1)
    dora.has(5000)
    order = market.shop.place()
    page = market.start(order)
    assert market.pay(page)

    dora.pay_rest(order)
    market.work()

    assert (dora.balance, market.kept) == (5000 - PRICE, 0)
    assert [one.kind.name for one in market.paybacks(order)] == ["SURPLUS"]
    market.assert_books()


@pytest.mark.parametrize("how", ["expired", "cancelled"])
def test_a_part_is_back_on_the_wallet_when_the_rest_never_comes(market: Market, dora: Person, how: str) -> None:
    market.shop.codes(1)
    dora.has(1000)
    order = market.shop.place()
    dora.pay_part(order)

    if how == "expired":
        market.wait(minutes=16)
    else:
        market.shop.write(lambda: close_unpaid([order.id], how=Closed.CANCELLED, now=clock.now()))

    assert (dora.balance, dora.moved[0]) == (1000, ("RETURNED", 1000))
    with pytest.raises(NotPayable):
        dora.pay_rest(order)
    assert market.shop.stock()["available"] == 1
    market.assert_books()


def test_two_people_do_not_pay_parts_of_one_order_and_nobody_pays_a_top_up_from_a_wallet(
    market: Market, dora: Person
) -> None:
    market.shop.codes(1)
    dora.has(1000)
    other = Person(market.shop)
    other.has(1000)
    order = market.shop.place()
    dora.pay_part(order)

    with pytest.raises(NotPayable):
        other.pay_part(order)
    with pytest.raises(NotPayable):
        dora.pay_rest(dora.ask(500))
    assert (dora.balance, other.balance) == (0, 1000)


def test_staff_correct_a_wallet_either_way_once_and_never_below_nothing(market: Market, dora: Person) -> None:
    dora.has(1000)
    dora.correct(-400, key="form")
    dora.correct(-400, key="form")

    assert (dora.balance, dora.moved) == (600, [("CORRECTED", -400), ("CORRECTED", 1000)])
    for amount, reason, field, fault in ((0, "so", "amount", NothingToBook), (-601, "so", "amount", TooMuch)):
        with pytest.raises(Invalid) as refused:
            dora.correct(amount, reason)
        assert isinstance(refused.value.fields[field], fault)
    with pytest.raises(Invalid):
        dora.correct(5, " ")
    assert market.balance("expense:goodwill") == 600
    market.assert_books()


def test_thirty_two_orders_at_once_never_take_a_wallet_below_nothing(market: Market, dora: Person) -> None:
    market.shop.codes(32)
    dora.has(5 * PRICE + 7)
    placed = [market.shop.place() for _ in range(32)]

    said = at_once([partial(dora.pay_rest, order) for order in placed])

    refused = [one for one in said if isinstance(one, BaseException)]
    assert len(refused) == 27
    assert {type(one) for one in refused} == {InsufficientBalance}
    assert dora.balance == 7
    assert sum(market.shop.order(order).payment is Payment.PAID for order in placed) == 5
    market.assert_books()


def test_parts_of_many_orders_at_once_add_up_to_what_was_there(market: Market, dora: Person) -> None:
    market.shop.codes(8)
    dora.has(2 * PRICE + 500)
    placed = [market.shop.place() for _ in range(8)]

    said = at_once([partial(dora.pay_part, order) for order in placed])

    taken = sorted(one.minor for one in said if not isinstance(one, BaseException))
    assert taken == [500, PRICE, PRICE]
    assert {type(one) for one in said if isinstance(one, BaseException)} == {InsufficientBalance}
    assert dora.balance == 0
    assert market.shop.read(lambda: [*ledger.check(), *finance.check()]) == []


def test_the_wallet_and_a_notice_at_once_pay_an_order_once(market: Market, dora: Person) -> None:
    for _ in range(4):
        market.shop.codes(1)
        dora.has(PRICE)
        order = market.shop.place()
        market.start(order)
        before, notice = dora.balance, market.shop.notice(order, trade_no=secrets.token_hex(4))
        jobs: list[Callable[[], Any]] = [notice.arrive, partial(dora.pay_rest, order)]

        at_once(jobs)

        by_wallet = dora.balance == before - PRICE
        assert market.shop.order(order).payment is Payment.PAID
        assert len(market.paybacks(order)) == (1 if by_wallet else 0)
