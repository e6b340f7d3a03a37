"""Paying ahead through a gateway: the balance has the money once, whatever happens, and no book calls it a sale."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from app.balances import queries
from app.balances import service as balances
from app.balances.errors import MoreThanLeft, NothingToBook, TooMuch
from app.companies import queries as firms
from app.companies import service as companies
from app.finance import queries as finance
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.listing import listed
from app.kit.money import Money
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import service as payments
from app.payments.models import FeePayer, NoticeState
from app.payments.models import Notice as Stored
from app.payments.service.methods import Terms
from app.refunds import service as refunds
from app.refunds.errors import NotRefundable
from tests.companies.firm import Firm
from tests.make import at_once
from tests.payments.market import Market, rows
from tests.payments.market import market as market

YUAN = partial(Money, currency="CNY")


def ask(firm: Firm, amount: int, idem: str = "form") -> Order:
    wish = balances.Ahead(YUAN(amount), "en", idem)
    return firm.shop.write(lambda: companies.ask_top_up(firm.id, wish, now=clock.now(), by=SYSTEM))


def send_back(firm: Firm, order: Order, amount: int, key: str = "") -> None:
    known = {"key": key or secrets.token_hex(4), "now": clock.now(), "by": SYSTEM}
    firm.shop.write(lambda: balances.send_top_up_back(order.id, YUAN(amount), "asked for", **known))  # type: ignore[arg-type]


def moved(firm: Firm) -> list[tuple[str, int]]:
    found = firm.shop.read(lambda: listed(queries.movements_of(firm.id), {})).page.rows
    return [(row.kind.name, row.amount) for row in found]


def test_a_top_up_is_on_the_balance_in_the_unit_of_its_notice(market: Market, firm: Firm) -> None:
    order, again = ask(firm, 5000), ask(firm, 5000)

    market.buy(order)

    assert again.id == order.id
    assert (firm.balance(), moved(firm)) == (5000, [("TOP_UP", 5000)])
    found = firm.shop.read(lambda: orders.figures(since=clock.now() - timedelta(days=1), currency="CNY"))
    assert (found.paid, found.sales.minor) == (0, 0)
    assert firm.shop.read(orders.count_owed) == 0
    assert firm.shop.read(lambda: listed(firms.batches_of(firm.id), {})).page.rows == ()
    assert market.balance("income:sales") == 0
    assert market.word(order) == "delivered"
    market.work()
    market.assert_books()


def test_only_a_sum_that_can_be_paid_is_a_top_up(firm: Firm) -> None:
    for amount, fault in ((0, NothingToBook), (-1, NothingToBook), (100_000_001, MoreThanLeft)):
        with pytest.raises(Invalid) as refused:
            ask(firm, amount)
        assert isinstance(refused.value.fields["amount"], fault)


def late(market: Market, order: Order) -> int:
    """Nothing comes before the time is up; then it does."""
    notice = market.shop.notice(order)
    market.wait(minutes=16)
    assert market.word(order) == "expired"
    assert notice.arrive()
    return 5000


def twice(market: Market, order: Order) -> int:
    assert market.shop.pay(order)
    assert market.shop.pay(order, trade_no="TG-again")
    return 5000


def told_twice(market: Market, order: Order) -> int:
    notice = market.shop.notice(order)
    assert notice.arrive()
    assert notice.arrive()
    return 5000


def short(market: Market, order: Order) -> int:
    """Less comes than was asked for, and somebody takes it for the whole."""
    market.shop.pay(order, amount=4000)
    (odd,) = [row for row in market.shop.read(lambda: rows(Stored)) if row.state is NoticeState.REFUSED]
    market.shop.write(lambda: payments.accept_short(odd.id, reason="take it", now=clock.now(), by=SYSTEM))
    return 4000


@pytest.mark.parametrize("story", [late, twice, told_twice, short])
def test_what_came_is_on_the_balance_once(market: Market, firm: Firm, story: Callable[[Market, Order], int]) -> None:
    came = story(market, ask(firm, 5000))

    assert firm.balance() == came
    assert moved(firm) == [("TOP_UP", came)]
    assert faults(market) == []


def faults(market: Market) -> list[object]:
    return market.shop.read(lambda: [*ledger.check(), *finance.check()])


def test_a_top_up_goes_back_as_far_as_the_balance_covers_it(market: Market, firm: Firm) -> None:
    firm.shop.codes(1)
    with_fee = Terms(fee_rate=100, fee_payer=FeePayer.BUYER)
    firm.shop.write(lambda: payments.change_terms(firm.shop.method_id, with_fee, now=clock.now(), by=SYSTEM))
    order = ask(firm, 5000)
    market.buy(order)
    firm.order(1)  # 19.99 of it is spent

    for amount, fault in ((5001, MoreThanLeft), (3002, TooMuch), (0, NothingToBook)):
        with pytest.raises(Invalid) as refused:
            send_back(firm, order, amount)
        assert isinstance(refused.value.fields["amount"], fault)
    with pytest.raises(NotRefundable):
        firm.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    said = at_once([lambda: send_back(firm, order, 2000)] * 4)
    market.work()

    assert sum(not isinstance(answer, Exception) for answer in said) == 1
    assert firm.balance() == 3001 - 2000
    assert [payback.amount for payback in market.paybacks(order)] == [2020]
    assert market.word(order) == "partially_refunded"
    firm.top_up(1999, "TT-2")
    send_back(firm, order, 3000, "form")
    send_back(firm, order, 3000, "form")
    market.work()
    assert market.word(order) == "refunded"
    assert (market.kept, firm.balance()) == (0, 0)
    assert faults(market) == []
