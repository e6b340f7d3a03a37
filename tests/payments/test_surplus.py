"""Money that pays nothing goes back the way it came, once, whatever the gateway answers; the books follow (B1.4)."""

from functools import partial

import pytest

from app.kit import clock, effects
from app.kit.events import SYSTEM
from app.orders.models import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.errors import AlreadyDealtWith
from app.payments.models import Notice, NoticeState, Payback, PaybackKind, PaybackState
from tests.make import at_once
from tests.payments.gate import SUCCESS, send
from tests.payments.market import Market, rows

ASKED, DONE, REFUSED, UNKNOWN = PaybackState.ASKED, PaybackState.DONE, PaybackState.REFUSED, PaybackState.UNKNOWN


@pytest.fixture
def order(market: Market) -> Order:
    market.shop.codes(3)
    return market.shop.place()


def pay_twice(market: Market, order: Order) -> None:
    """Let a buyer who has both pages open pay on both; nobody has worked off what that asks for."""
    other = market.second_method()
    urls = [market.start(order), market.start(order, other)]
    assert [market.pay(url) for url in urls] == [True, True]
    market.bring()


def the_payback(market: Market) -> Payback:
    (payback,) = market.paybacks()
    return payback


def asked(market: Market) -> list[effects.State]:
    """Return how the calls for the one payback stand."""
    return [effect.state for effect in market.effects(the_payback(market).id)]


def notices(market: Market) -> list[Notice]:
    return list(market.shop.read(lambda: rows(Notice)))


# Paid twice ---------------------------------------------------------------------------------------------------------


def test_what_was_paid_twice_goes_back_to_where_the_second_came_from(market: Market, order: Order) -> None:
    pay_twice(market, order)
    assert (the_payback(market).state, the_payback(market).kind) == (ASKED, PaybackKind.SURPLUS)
    assert market.kept == 2 * 1999
    market.assert_books(owed=1999)

    market.work()

    assert the_payback(market).state is DONE
    assert (market.kept_of(market.accounts[0]), market.kept, market.word(order)) == (0, 1999, "delivered")
    market.assert_books()
    assert all(notice.cleared_at or notice.state is NoticeState.APPLIED for notice in notices(market))


def test_a_second_notice_of_the_first_trade_is_no_second_payment(market: Market, order: Order) -> None:
    market.ill("twice", on="notice")
    market.buy(order)
    market.work()

    assert market.paybacks() == []
    market.assert_books()


def test_surplus_told_again_goes_back_once(market: Market, order: Order) -> None:
    market.buy(order)
    notice = market.shop.notice(order, trade_no="TG-again")

    assert [send(notice) for _ in range(3)] == [SUCCESS] * 3
    market.work()
    assert send(notice) == SUCCESS
    market.work()

    assert len(market.paybacks()) == 1


def test_money_for_an_order_that_ran_out_and_for_one_that_did_not_is_no_surplus(market: Market, order: Order) -> None:
    market.pass_time(days=3)

    assert send(market.shop.notice(order)) == SUCCESS

    assert market.word(order) == "delivered"
    assert market.paybacks() == []


# A gateway that is not well -----------------------------------------------------------------------------------------


def test_a_payback_whose_answer_is_lost_is_asked_about_and_not_made_again(market: Market, order: Order) -> None:
    pay_twice(market, order)
    market.ill("lost", on="refund", times=1)
    market.ill("down", on="refund_query", times=1)

    market.work()
    assert (the_payback(market).state, asked(market)) == (ASKED, [effects.State.UNKNOWN])
    market.ill("forged", on="refund")  # whoever calls again now learns nothing
    market.wait(seconds=9)
    market.wait(minutes=5)

    assert (the_payback(market).state, asked(market)) == (DONE, [effects.State.DONE])
    assert market.kept == 1999
    market.assert_books()


def test_a_payback_the_gateway_never_heard_of_is_asked_for_again(market: Market, order: Order) -> None:
    pay_twice(market, order)
    market.ill("down", on="refund", times=2)  # nobody knows what it did; it did nothing

    market.work()
    assert asked(market) == [effects.State.UNKNOWN]
    market.wait(seconds=9)
    market.wait(minutes=5)

    assert the_payback(market).state is DONE
    assert market.kept == 1999
    market.assert_books()


@pytest.mark.parametrize("fault", ["down", "lost", "forged"])
def test_however_ill_the_gateway_is_for_hours_the_money_goes_back_once(
    market: Market, order: Order, fault: str
) -> None:
    pay_twice(market, order)
    market.ill(fault)
    for _ in range(4):
        market.wait(hours=1)
    assert the_payback(market).state is ASKED
    assert -market.balance("liability:refunds") == 1999

    market.well()
    market.wait(hours=1, seconds=1)

    assert the_payback(market).state is DONE
    assert market.kept == 1999
    market.assert_books()


def test_two_workers_give_it_back_once(market: Market, order: Order) -> None:
    pay_twice(market, order)
    (effect,) = market.effects(the_payback(market).id)

    at_once([partial(effects.perform, market.shop.merchant_id, [effect.id], within=5)] * 6)

    assert (the_payback(market).state, market.kept) == (DONE, 1999)
    assert market.happened(order).count("payback.done") == 1
    market.assert_books()


def test_a_gateway_silent_for_three_days_leaves_it_to_a_person(market: Market, order: Order) -> None:
    pay_twice(market, order)
    market.ill("down")
    for _ in range(13):
        market.wait(hours=6)
    assert the_payback(market).state is UNKNOWN
    assert market.shop.read(lambda: len(paying.list_stuck_paybacks(limit=9))) == 1

    market.well()
    retry(market)
    market.work()

    assert (the_payback(market).state, market.kept) == (DONE, 1999)
    assert market.shop.read(lambda: paying.list_stuck_paybacks(limit=9)) == []
    market.assert_books()


# Refused, and odd money ---------------------------------------------------------------------------------------------


def retry(market: Market) -> None:
    """Press “Ask again” on the office's page."""
    number = the_payback(market).id
    market.shop.write(lambda: payments.retry_payback(number, now=clock.now(), by=SYSTEM))


def test_a_payback_the_gateway_refuses_is_stuck_and_a_person_may_ask_again(market: Market, order: Order) -> None:
    market.buy(order)
    assert send(market.shop.notice(order, trade_no="TG-invented", amount=2000)) == SUCCESS
    market.work()
    stuck = the_payback(market)
    assert (stuck.state, stuck.reason.partition(":")[0]) == (REFUSED, "refund_too_large")
    assert market.happened(order).count("payback.stuck") == 1

    retry(market)
    assert the_payback(market).state is ASKED
    with pytest.raises(AlreadyDealtWith):
        retry(market)
    market.work()

    assert (the_payback(market).state, market.kept) == (REFUSED, 1999)
    assert asked(market) == [effects.State.REFUSED] * 2


def test_what_a_gateway_does_after_it_refused_it_does_once(market: Market, order: Order) -> None:
    url = market.start(order)
    for number in range(2):  # two notices of money that did not come yet
        assert send(market.shop.notice(order, trade_no=f"TG-{number}")) == SUCCESS
    market.work()
    assert (the_payback(market).state, the_payback(market).reason.partition(":")[0]) == (REFUSED, "not_paid")
    market.ill("silent", on="notice")
    assert market.pay(url)

    retry(market)
    market.ill("lost", on="refund", times=1)
    market.work()
    market.wait(minutes=1)

    assert (the_payback(market).state, market.kept) == (DONE, 0)
    with pytest.raises(AlreadyDealtWith):
        retry(market)


def test_money_that_fits_nothing_goes_back_once_however_often_it_is_told(market: Market, order: Order) -> None:
    market.ill("short", on="notice", times=1)
    url = market.start(order)
    assert market.pay(url)
    market.bring()
    (told,) = notices(market)
    again = market.shop.notice(order, amount=1998, trade_no=told.reported_no)
    assert [send(again) for _ in range(2)] == [SUCCESS] * 2
    assert [(notice.state, notice.reason) for notice in notices(market)] == [(NoticeState.REFUSED, "wrong amount")] * 3
    assert market.paybacks() == []

    jobs = [partial(send_back, market, notice) for notice in notices(market)]
    said = at_once(jobs)
    assert sorted(type(answer).__name__ for answer in said) == ["AlreadyDealtWith", "AlreadyDealtWith", "NoneType"]
    assert send(again) == SUCCESS
    assert market.shop.read(lambda: paying.list_refused_notices(limit=9)) == []
    with pytest.raises(AlreadyDealtWith):
        send_back(market, notices(market)[-1])
    market.work()

    assert (the_payback(market).state, the_payback(market).amount) == (DONE, 1998)
    assert market.kept == 1
    assert -market.balance("liability:refunds") == 0
    assert market.word(order) == "pending"


def test_money_that_was_told_wrong_and_then_right_is_not_sent_back(market: Market, order: Order) -> None:
    market.ill("short", on="notice", times=1)
    market.buy(order)
    (wrong,) = notices(market)
    assert send(market.shop.notice(order, trade_no=wrong.reported_no)) == SUCCESS
    assert market.word(order) == "delivered"

    with pytest.raises(AlreadyDealtWith):
        send_back(market, wrong)
    market.shop.write(lambda: payments.dismiss(wrong.id, now=clock.now(), by=SYSTEM))

    assert market.paybacks() == []
    assert market.shop.read(lambda: paying.list_refused_notices(limit=9)) == []
    market.assert_books()


def send_back(market: Market, notice: Notice) -> None:
    market.shop.write(lambda: payments.send_back_misfit(notice.id, now=clock.now(), by=SYSTEM))


@pytest.mark.parametrize("changes", [{"out_trade_no": "0" * 26}, {"currency": "USD"}], ids=str)
def test_money_for_nothing_we_know_is_sent_back_only_by_a_person_and_may_be_refused(
    market: Market, order: Order, changes: dict[str, str]
) -> None:
    assert send(market.shop.notice(order, **changes)) == SUCCESS
    market.work()
    assert market.paybacks() == []

    send_back(market, notices(market)[0])
    market.work()

    assert the_payback(market).state is REFUSED
    assert market.shop.read(lambda: paying.list_refused_notices(limit=9)) == []
