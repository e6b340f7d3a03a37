"""One order, two tenders: a part from the balance, the rest at a gateway. All of it is paid, or all of it goes home."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from app.companies import service as companies
from app.entitlements.models import State
from app.finance import queries as finance
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import base32
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.models import Closed, Order, Payment, Tender
from app.payments import service as payments
from app.payments.models import FeePayer
from app.payments.service.methods import Terms
from app.refunds import service as refunds
from app.refunds.models import Refund
from tests.companies.firm import Firm
from tests.make import at_once
from tests.payments.market import Market
from tests.payments.market import market as market
from tests.refunds.test_parts import pieces, take

PRICE, HELD = 1999, 1000


def split(firm: Firm, quantity: int = 3, idem: str = "") -> Order:
    """Order with what the balance has, and the rest to be paid another way."""
    wanted = companies.Wanted([(firm.shop.sku, quantity)], "en", idem or secrets.token_hex(8), rest=True)
    return firm.shop.write(lambda: companies.place(firm.id, wanted, now=clock.now(), by=SYSTEM))


def tenders(firm: Firm, order: Order) -> list[Tender]:
    """Return the tender at the gateway, and the one of the balance."""
    found = firm.shop.read(lambda: orders.list_tenders_of(order.id))
    return sorted(found, key=lambda tender: -tender.due.minor)


def assert_whole(market: Market) -> None:
    assert market.shop.read(lambda: [*ledger.check(), *finance.check()]) == []


@pytest.fixture
def ours(market: Market, firm: Firm) -> Firm:
    """A company with a little money, at a shop with some codes."""
    firm.shop.codes(6)
    firm.top_up(HELD)
    return firm


def test_it_is_paid_once_both_are_met(market: Market, ours: Firm) -> None:
    order = split(ours, idem="form")
    again = split(ours, idem="form")

    assert again.id == order.id
    assert (order.payment, ours.balance()) == (Payment.PENDING, 0)
    assert [tender.amount for tender in tenders(ours, order)] == [3 * PRICE - HELD, HELD]
    assert_whole(market)
    market.buy(order)
    market.work()

    assert market.owns(order) == [State.READY] * 3
    assert (market.kept, ours.balance()) == (3 * PRICE - HELD, 0)
    assert market.balance("income:sales") == -3 * PRICE
    assert_whole(market)


def test_the_fee_is_of_the_rest_and_a_change_of_mind_makes_it_another(market: Market, ours: Firm) -> None:
    with_fee = Terms(fee_rate=100, fee_payer=FeePayer.BUYER)
    other = market.second_method()
    ours.shop.write(lambda: payments.change_terms(ours.shop.method_id, with_fee, now=clock.now(), by=SYSTEM))
    order = split(ours)

    first = market.start(order)
    assert tenders(ours, order)[0].amount == 4997 + 50
    second = market.start(order, other)
    market.work()  # what was started first is closed at its gateway
    assert not market.pay(first)
    assert market.pay(second)
    market.work()

    assert market.word(order) == "delivered"
    assert [(tender.amount, tender.fee) for tender in tenders(ours, order) if tender.state.name == "MET"] == [
        (4997, 0),
        (HELD, 0),
    ]
    assert_whole(market)


def test_a_balance_that_suffices_pays_all_and_an_empty_one_nothing(market: Market, ours: Firm) -> None:
    ours.top_up(2 * PRICE)

    whole, nothing = split(ours, 1), split(ours, 4)
    ours.top_up(10)
    none = split(ours, 1)

    assert whole.payment is Payment.PAID
    assert [tender.amount for tender in tenders(ours, nothing)] == [4 * PRICE - (HELD + PRICE), HELD + PRICE]
    assert [tender.amount for tender in tenders(ours, none)] == [PRICE - 10, 10]


def nobody_pays(market: Market, order: Order) -> None:
    market.wait(minutes=16)


def a_page_was_opened(market: Market, order: Order) -> None:
    market.start(order)
    market.wait(minutes=16)


def changed_their_mind(market: Market, order: Order) -> None:
    market.start(order)
    market.shop.write(lambda: payments.cancel(orders.get(order.id), now=clock.now(), by=SYSTEM))
    market.work()


def cancelled_at_once(market: Market, order: Order) -> None:
    market.shop.write(lambda: payments.cancel(orders.get(order.id), now=clock.now(), by=SYSTEM))


@pytest.mark.parametrize("story", [nobody_pays, a_page_was_opened, changed_their_mind, cancelled_at_once])
def test_what_is_never_paid_whole_goes_home(market: Market, ours: Firm, story: Callable[[Market, Order], None]) -> None:
    order = split(ours)
    notice = tenders(ours, order)[0]

    story(market, order)

    assert ours.shop.order(order).closed is not Closed.OPEN
    assert ours.balance() == HELD
    assert ours.shop.stock()["available"] == 6
    assert_whole(market)
    assert ours.shop.pay(order, out_trade_no=_number(notice), amount=notice.amount)  # and still the money comes
    sent = market.paybacks(order)
    assert [(payback.kind.name, payback.amount) for payback in sent] == [("SURPLUS", notice.amount)]
    assert (ours.shop.order(order).payment, ours.balance()) == (Payment.PENDING, HELD)
    assert_whole(market)


def _number(tender: Tender) -> str:
    return base32(tender.id)


def test_what_comes_twice_goes_back_to_where_it_came_from(market: Market, ours: Firm) -> None:
    order = split(ours)
    due = tenders(ours, order)[0]
    for trade_no in ("TG-1", "TG-2"):
        assert ours.shop.pay(order, out_trade_no=_number(due), amount=due.amount, trade_no=trade_no)

    assert [(payback.kind.name, payback.amount) for payback in market.paybacks(order)] == [("SURPLUS", due.amount)]
    assert ours.balance() == 0
    assert_whole(market)


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_refunds_give_each_its_share_and_both_end_at_zero(market: Market, ours: Firm, at_a_time: int) -> None:
    order = split(ours)
    market.buy(order)
    market.work()

    for done, item in enumerate(pieces(ours.shop, order), 1):
        if done == 2:
            said = at_once([lambda item=item: take(ours.shop, order, item)] * 4)  # type: ignore[misc]
            assert sum(isinstance(answer, Refund) for answer in said) == 1
        elif at_a_time == 2 and done == 3:
            ours.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
        else:
            take(ours.shop, order, item)
        market.work()
        rest, held = tenders(ours, order)
        assert rest.refunded + held.refunded == PRICE * done
        assert abs(held.refunded * 3 - held.amount * done) <= 6
        assert market.kept == 3 * PRICE - HELD - rest.refunded
        assert ours.balance() == held.refunded

    assert ours.shop.order(order).payment is Payment.REFUNDED
    assert (market.kept, ours.balance()) == (0, HELD)
    market.assert_books()


def test_two_browsers_hold_one_balance_once(market: Market, ours: Firm) -> None:
    said = at_once([lambda: split(ours, 1), lambda: split(ours, 1), lambda: split(ours, 1)])

    assert all(isinstance(order, Order) for order in said)
    held = [tender.amount for order in said if isinstance(order, Order) for tender in tenders(ours, order)]
    assert sorted(held) == [PRICE - HELD, HELD, PRICE, PRICE]
    assert ours.balance() == 0
    assert_whole(market)


@pytest.mark.parametrize("started", [False, True])
def test_closing_and_the_notice_at_once_leave_no_money_between(market: Market, ours: Firm, started: bool) -> None:
    """Whoever is first decides; the order is paid whole, or each part is at home."""
    for _ in range(3):
        order, before = split(ours, 1), ours.balance()
        if started:
            market.start(order)
        due = tenders(ours, order)[0]
        notice = ours.shop.notice(order, out_trade_no=_number(due), amount=due.amount, trade_no=secrets.token_hex(4))
        close = lambda order=order: ours.shop.write(lambda: _close(order))  # noqa: E731
        jobs: list[Callable[[], Any]] = [close, notice.arrive] if started else [notice.arrive, close]
        at_once(jobs)

        paid = ours.shop.order(order).payment is Payment.PAID
        assert ours.balance() == (before if paid else before + HELD)
        assert len(market.paybacks(order)) == (0 if paid else 1)
        assert market.owns(order) == ([State.READY] if paid else [])
        assert_whole(market)
        if paid:
            ours.top_up(HELD)


def _close(order: Order) -> None:
    ordering.close_unpaid([order.id], how=Closed.CANCELLED, now=clock.now())
