"""One payment by a site of either version, whatever comes over the line (B1.4), and money that goes back."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

import pytest

from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import service as payments
from app.payments.errors import LiveOnly, SandboxOnly
from app.payments.models import Method, Payback, PaybackState
from tests.make import Shop, at_once, make_shop
from tests.payments.epay import Postbox, Trading, account, trading
from tests.payments.market import rows

OK, FAIL = (200, "success"), (200, "fail")


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def trade(shop: Shop, request: pytest.FixtureRequest) -> Iterator[Trading]:
    with trading(shop, request.param, refunds="yes") as trade:
        shop.codes(2)
        yield trade


@pytest.fixture
def order(trade: Trading) -> Order:
    order = trade.shop.place()
    trade.start(order)
    return order


def assert_sold_once(trade: Trading, order: Order) -> None:
    assert (trade.word(order), trade.shop.stock()["sold"]) == ("delivered", 1)
    assert [state for state, _ in trade.inbox()].count("APPLIED") == 1


def assert_nothing_sold(trade: Trading, order: Order) -> None:
    assert (trade.word(order), trade.shop.stock()["sold"]) == ("pending", 0)


@pytest.mark.parametrize("habit", ["post", "renames", "upper", "empty_param", "signs_empties", "string_code", "html"])
def test_a_payment_is_delivered_whatever_the_fork(trade: Trading, order: Order, habit: str) -> None:
    trade.stand.habit(habit)
    trade.buy(order)

    assert_sold_once(trade, order)


@pytest.mark.both_engines
def test_a_notice_twice_and_a_hundred_times_at_once_counts_once(trade: Trading, order: Order) -> None:
    trade.pay(order)
    assert isinstance(trade.site.post, Postbox)
    letter = trade.site.post.letters[0][1]

    assert set(at_once([lambda: trade.send(letter.fields)] * 20)) == {OK}
    trade.work()
    assert trade.send(letter.fields) == OK
    trade.wait(seconds=4)

    assert_sold_once(trade, order)


def test_a_late_notice_after_the_sweeper_found_the_payment_counts_no_second_time(trade: Trading, order: Order) -> None:
    trade.stand.ill("late", seconds=240)
    trade.pay(order)
    trade.wait(seconds=30)
    assert_sold_once(trade, order)

    trade.wait(minutes=4)

    assert len(trade.inbox()) == 2 - is_second(trade)
    assert_sold_once(trade, order)


def test_notices_of_two_orders_out_of_order(trade: Trading, order: Order) -> None:
    other = trade.shop.place()
    trade.start(other)
    trade.pay(order)
    trade.pay(other)
    assert isinstance(trade.site.post, Postbox)
    trade.site.post.letters.reverse()

    assert trade.bring() == [OK, OK]
    trade.work()

    assert {trade.word(order), trade.word(other)} == {"delivered"}
    assert trade.shop.stock()["sold"] == 2


@pytest.mark.parametrize(("fault", "reason"), [("wrong_sign", "wrong signature"), ("wrong_pid", "another merchant")])
def test_a_forged_notice_is_refused_and_the_sweeper_finds_the_payment(
    trade: Trading, order: Order, fault: str, reason: str
) -> None:
    trade.stand.ill(fault)
    trade.pay(order)

    assert trade.bring() == [FAIL]
    assert trade.inbox() == [("REFUSED", reason)]
    assert_nothing_sold(trade, order)
    trade.wait(seconds=25)
    assert_sold_once(trade, order)


def test_a_notice_of_another_amount_ships_nothing_by_itself(trade: Trading, order: Order) -> None:
    trade.stand.ill("wrong_money")
    trade.stand.ill("unpaid")
    trade.pay(order)

    assert trade.bring() == [OK]
    trade.work()

    assert_nothing_sold(trade, order)


def test_a_notice_that_reports_no_payment_ships_nothing(trade: Trading, order: Order) -> None:
    trade.stand.ill("wrong_status")
    trade.stand.ill("unpaid")
    trade.pay(order)
    trade.bring()
    trade.work()

    assert_nothing_sold(trade, order)


def test_a_clock_off_by_ten_minutes_ends_right(trade: Trading, order: Order) -> None:
    trade.site.clock = lambda: (clock.now() - timedelta(minutes=10)).timestamp()
    trade.pay(order)

    assert trade.bring() == [FAIL if is_second(trade) else OK]  # the first version tells no time
    trade.work()
    if is_second(trade):
        assert trade.inbox() == [("REFUSED", "too old")]
        assert_nothing_sold(trade, order)
        trade.wait(seconds=25)
        assert_nothing_sold(trade, order)  # nor is an answer believed
        trade.site.clock = lambda: clock.now().timestamp()
        trade.wait(minutes=16)
    assert_sold_once(trade, order)


@pytest.mark.parametrize("fault", ["down", "lost_before", "lost_after"])
def test_a_site_that_is_ill_while_the_time_runs_out_keeps_the_stock_held(
    trade: Trading, order: Order, fault: str
) -> None:
    trade.stand.ill(fault)
    trade.wait(minutes=16)
    assert trade.shop.stock()["held"] == 1

    trade.stand.well()
    trade.wait(hours=1)

    assert (trade.word(order), trade.shop.stock()["available"]) == ("expired", 2)


def test_a_paid_trade_whose_time_ran_out_unheard_is_delivered(trade: Trading, order: Order) -> None:
    trade.stand.ill("silent")
    trade.stand.ill("down")
    trade.pay(order)
    trade.wait(minutes=14)
    trade.stand.well()
    trade.wait(minutes=3)

    assert_sold_once(trade, order)


def test_money_by_two_gateways_is_surplus_and_goes_back(trade: Trading, order: Order) -> None:
    assert trade.shop.pay(order)  # by the test gateway
    trade.pay(order)
    assert trade.bring() == [OK]
    trade.work()
    trade.wait(seconds=4)

    assert ("SURPLUS", "tender was met before") in trade.inbox()
    assert [payback.state for payback in paybacks(trade)] == [PaybackState.DONE]
    assert trade.site.trades.kept == 0
    assert_sold_once(trade, order)


@pytest.mark.parametrize("fault", ["", "down", "lost_before", "lost_after"])
def test_money_goes_back_once_or_a_person_must_look(trade: Trading, order: Order, fault: str) -> None:
    trade.buy(order)
    if fault:
        trade.stand.ill(fault, on="refund", times=1)
    refund(trade, order)
    trade.work()
    for _ in range(3):
        trade.wait(minutes=30)

    (payback,) = paybacks(trade)
    if is_second(trade) or not fault:
        assert (payback.state, trade.site.trades.kept) == (PaybackState.DONE, 0)
    else:  # the first version tells nobody whether it went back, so it is never asked for again by itself
        assert (payback.state, trade.site.trades.kept) == (PaybackState.ASKED, 0 if fault == "lost_after" else 1999)
        for _ in range(4):
            trade.wait(days=1)
        assert [stuck.state for stuck in paybacks(trade)] == [PaybackState.UNKNOWN]


def is_second(trade: Trading) -> bool:
    """Tell whether the shop's account is one of the second version."""
    method: Method = trade.shop.read(lambda: db.get(Method, trade.method_id))
    return method.settings["version"] == "2"


def paybacks(trade: Trading) -> Sequence[Payback]:
    """List the money that goes back."""
    listed: Sequence[Payback] = trade.shop.read(lambda: rows(Payback))
    return listed


def refund(trade: Trading, order: Order) -> None:
    """Send back what an order paid."""

    def ask() -> None:
        shares = {tender.id: tender.due for tender in orders.list_tenders_of(order.id)}
        payments.send_back_payments(order.id, shares, refund_id=new_id(), now=clock.now(), by=SYSTEM)

    trade.shop.write(ask)


def test_a_simulator_is_for_sandboxes_and_real_sites_are_not(trade: Trading) -> None:
    live = make_shop(trade.shop.app, sandbox=False)
    wrong = ((live, trade.stand.url, SandboxOnly), (trade.shop, "https://pay.example.com", LiveOnly))
    for shop, url, refused in wrong:
        add = partial(payments.add_method, provider_name="epay", account=account(url), now=clock.now())
        with pytest.raises(refused):
            shop.write(add)
