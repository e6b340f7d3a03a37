"""Money that was not what was due: somebody lets it pay an order, takes it for the whole, or gives it back by hand."""

from functools import partial

import pytest

from app.entitlements import queries as entitled
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.orders.models import Order
from app.payments import service as payments
from app.payments.errors import AlreadyDealtWith, DoesNotFit, NotShort
from app.payments.models import Notice, NoticeState, PaybackState
from app.refunds import queries as refunded
from app.refunds import service as refunds
from app.refunds.models import RefundState
from app.refunds.service import Wish
from tests.make import at_once
from tests.payments.gate import SUCCESS, send
from tests.payments.market import Market, rows


@pytest.fixture
def order(market: Market) -> Order:
    market.shop.codes(3)
    return market.shop.place()


def misfit(market: Market) -> Notice:
    (notice,) = [
        row
        for row in market.shop.read(lambda: rows(Notice))
        if row.state is NoticeState.REFUSED and row.cleared_at is None
    ]
    return notice


def match(market: Market, notice: Notice, order: Order) -> None:
    market.shop.write(lambda: payments.match(notice.id, order.id, reason="", now=clock.now(), by=SYSTEM))


def accept(market: Market, notice: Notice, reason: str = "a good customer") -> None:
    market.shop.write(lambda: payments.accept_short(notice.id, reason=reason, now=clock.now(), by=SYSTEM))


def test_money_that_named_no_payment_pays_the_order_somebody_chooses(market: Market, order: Order) -> None:
    assert send(market.shop.notice(order, out_trade_no="0" * 26)) == SUCCESS
    market.work()
    assert market.word(order) == "pending"

    match(market, misfit(market), order)
    market.work()

    assert market.word(order) == "delivered"
    assert market.balance("income:sales") == -1999
    with pytest.raises(AlreadyDealtWith):
        match(market, market.shop.read(lambda: rows(Notice))[0], market.shop.place())
    assert "notice.matched" in market.happened(order)


def test_an_order_that_ran_out_is_paid_by_matched_money_all_the_same(market: Market, order: Order) -> None:
    assert send(market.shop.notice(order, out_trade_no="0" * 26)) == SUCCESS
    market.wait(minutes=16)
    assert market.word(order) == "expired"

    match(market, misfit(market), order)

    assert market.word(order) == "delivered"


@pytest.mark.parametrize("amount", [1998, 2000])
def test_money_that_does_not_fit_pays_no_order(market: Market, order: Order, amount: int) -> None:
    assert send(market.shop.notice(order, out_trade_no="0" * 26, amount=amount)) == SUCCESS

    with pytest.raises(DoesNotFit):
        match(market, misfit(market), order)

    assert (market.word(order), misfit(market).amount) == ("pending", amount)


def test_money_pays_no_order_that_is_paid(market: Market, order: Order) -> None:
    assert send(market.shop.notice(order, out_trade_no="0" * 26, trade_no="TG-other")) == SUCCESS
    market.buy(order)

    with pytest.raises(DoesNotFit):
        match(market, misfit(market), order)


def test_matched_by_many_at_once_it_pays_one_order_once(market: Market, order: Order) -> None:
    orders = [order, market.shop.place(), market.shop.place()]
    assert send(market.shop.notice(order, out_trade_no="0" * 26)) == SUCCESS
    notice = misfit(market)

    said = at_once([partial(match, market, notice, each) for each in orders * 3])

    assert sum(answer is None for answer in said) == 1
    assert all(answer is None or isinstance(answer, AlreadyDealtWith | DoesNotFit) for answer in said), said
    assert sorted(market.word(each) for each in orders) == ["delivered", "pending", "pending"]


def test_too_little_taken_for_the_whole_delivers_and_is_a_discount_of_the_shop(market: Market, order: Order) -> None:
    assert send(market.shop.notice(order, amount=1500)) == SUCCESS
    notice = misfit(market)
    with pytest.raises(Invalid):
        accept(market, notice, "")

    accept(market, notice)
    market.work()

    paid = market.shop.order(order)
    assert (market.word(order), paid.forgiven_amount, paid.kept.minor) == ("delivered", 499, 1500)
    assert (market.balance("income:sales"), market.balance("income:discounts")) == (-1999, 499)
    assert market.balance("asset:gateway") == 1500
    with pytest.raises(AlreadyDealtWith):
        accept(market, notice)


def test_only_too_little_of_what_is_still_due_is_taken_for_the_whole(market: Market, order: Order) -> None:
    assert send(market.shop.notice(order, amount=2500)) == SUCCESS
    with pytest.raises(NotShort):
        accept(market, misfit(market))

    notice = misfit(market)
    market.shop.write(lambda: payments.dismiss(notice.id, now=clock.now(), by=SYSTEM))
    assert send(market.shop.notice(order, amount=5, trade_no="TG-little")) == SUCCESS
    market.buy(order)
    with pytest.raises(NotShort):
        accept(market, misfit(market))


def test_of_a_forgiven_order_just_what_was_paid_goes_back_piece_by_piece(market: Market) -> None:
    shop = market.shop
    shop.codes(3)
    order = shop.place(3)
    assert send(shop.notice(order, amount=1000)) == SUCCESS
    accept(market, misfit(market))

    amounts = []
    for item in shop.read(lambda: entitled.list_of_order(order.id)):
        wish = Wish(order.id, "asked for", [item.id])
        amounts.append(shop.write(lambda wish=wish: refunds.take_back(wish, now=clock.now(), by=SYSTEM)).amount)  # type: ignore[misc]

    assert amounts == [333, 333, 334]
    assert market.word(order) == "refunded"
    assert [market.balance(name) for name in ("income:sales", "income:discounts", "expense:goods")] == [0, 0, 0]
    assert -market.balance("liability:refunds") == 1000


def test_money_given_back_by_hand_is_asked_for_no_more(market: Market, order: Order) -> None:
    market.shop.codes(1)
    assert market.shop.pay(order)  # told of, but the gateway has no such money
    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    market.work()
    (payback,) = market.paybacks(order)
    assert payback.state is PaybackState.REFUSED
    by_hand = partial(payments.give_back_by_hand, payback.id, now=clock.now(), by=SYSTEM)
    with pytest.raises(Invalid):
        market.shop.write(lambda: by_hand(note=""))

    said = at_once([lambda: market.shop.write(lambda: by_hand(note="cash"))] * 5)

    assert sum(answer is None for answer in said) == 1
    assert sum(isinstance(answer, AlreadyDealtWith) for answer in said) == 4
    (refund,) = market.shop.read(lambda: refunded.list_of_order(order.id))
    (payback,) = market.paybacks(order)
    assert (refund.state, payback.state, payback.by_hand, payback.reason) == (
        RefundState.DONE,
        PaybackState.DONE,
        True,
        "cash",
    )
    assert (market.balance("liability:refunds"), market.balance("asset:bank")) == (0, -1999)
    with pytest.raises(AlreadyDealtWith):
        market.shop.write(lambda: payments.retry_payback(payback.id, now=clock.now(), by=SYSTEM))


def test_what_may_still_go_back_by_itself_is_not_given_back_by_hand(market: Market, order: Order) -> None:
    market.buy(order)
    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    (payback,) = market.paybacks(order)

    with pytest.raises(AlreadyDealtWith):
        market.shop.write(lambda: payments.give_back_by_hand(payback.id, note="cash", now=clock.now(), by=SYSTEM))


# Money after the time to pay (re-allocate, queue, refund) -----------------------------------------------------------


def too_late(market: Market, order: Order) -> None:
    url = market.start(order)
    market.wait(minutes=16)
    assert market.word(order) == "expired"
    market.bank.pay_late(url)
    market.bring()


def test_late_money_finds_other_codes_and_delivers(market: Market, order: Order) -> None:
    too_late(market, order)

    assert market.word(order) == "delivered"
    market.assert_books()


def test_late_money_without_stock_waits_and_is_served(market: Market) -> None:
    market.shop.codes(1)
    order = market.shop.place()
    url = market.start(order)
    market.wait(minutes=16)
    market.buy(market.shop.place())
    market.bank.pay_late(url)
    market.bring()
    assert market.word(order) == "queued"

    market.shop.codes(1)

    assert market.word(order) == "delivered"
    market.assert_books()


def test_late_money_that_waits_too_long_goes_back_by_itself(market: Market) -> None:
    market.shop.codes(1)
    order = market.shop.place()
    url = market.start(order)
    market.wait(minutes=16)
    market.buy(market.shop.place())
    market.bank.pay_late(url)
    market.bring()

    market.wait(hours=25)

    assert (market.word(order), market.kept) == ("refunded", 1999)
    market.assert_books()
