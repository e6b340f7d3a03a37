"""From placement to the code in the buyer's hands."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest

from app.entitlements import queries as entitled
from app.entitlements.models import State
from app.inventory.errors import OutOfStock, SoldOut
from app.kit import clock, events
from app.kit.errors import Invalid
from app.ledger import queries as ledger
from app.orders.errors import NotForSale
from app.orders.models import Closed, Fulfilment, Payment
from app.orders.rules import status
from tests.make import Shop, at_once


def test_a_paid_order_owns_its_codes(shop: Shop) -> None:
    shop.codes(3)
    order = shop.place(2)
    assert shop.stock()["held"] == 2

    assert shop.pay(order)

    order = shop.order(order)
    assert (order.payment, order.fulfilment) == (Payment.PAID, Fulfilment.DONE)
    assert status(order, now=clock.now()) == "delivered"
    owned = shop.read(lambda: entitled.list_of_order(order.id))
    assert [item.state for item in owned] == [State.READY, State.READY]
    assert len({item.code_id for item in owned}) == 2
    assert shop.stock() == {
        "available": 1,
        "held": 0,
        "sold": 2,
        "expired": 0,
        "frozen": 0,
        "quarantined": 0,
        "void": 0,
    }


def test_a_sale_posts_revenue_and_cost_and_sums_to_zero(shop: Shop) -> None:
    shop.codes(2)
    order = shop.place(2)
    shop.pay(order)

    entries = shop.read(lambda: ledger.list_entries("sale", order.id))
    assert {entry.account: entry.amount for entry in entries} == {
        "asset:gateway": 3998,
        "income:sales": -3998,
        "expense:goods": 2000,
        "asset:stock": -2000,
    }
    balances = shop.read(ledger.balances)
    assert sum(balance.minor for balance in balances.values()) == 0
    assert balances["asset:stock CNY"].minor == 0  # both bought codes are sold


def test_the_timeline_tells_what_happened_in_order(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    shop.pay(order)

    names = [row.name for row in shop.read(lambda: events.timeline(order_id=order.id))]
    assert names[0] == "order.placed"
    assert set(names[1:]) == {"order.paid", "order.delivered"}


def test_an_order_takes_all_its_codes_or_none(shop: Shop) -> None:
    shop.codes(2)

    with pytest.raises(OutOfStock, match="Only 2 left"):
        shop.place(3)

    assert shop.stock()["available"] == 2
    assert shop.stock()["held"] == 0


def test_nothing_left_is_said_as_sold_out(shop: Shop) -> None:
    with pytest.raises(SoldOut):
        shop.place()


def test_the_same_form_twice_makes_one_order(shop: Shop) -> None:
    shop.codes(5)

    first, second = shop.place(idem="form"), shop.place(idem="form")

    assert first.id == second.id
    assert shop.stock()["held"] == 1


def test_a_double_click_makes_one_order(shop: Shop) -> None:
    shop.codes(20)

    placed = at_once([lambda: shop.place(idem="click")] * 6)

    assert len({order.id for order in placed}) == 1  # type: ignore[union-attr]
    assert shop.stock()["held"] == 1


def test_ten_buyers_of_the_last_code_have_one_winner(shop: Shop) -> None:
    shop.codes(1)

    results = at_once([shop.place] * 10)

    winners = [result for result in results if not isinstance(result, BaseException)]
    assert len(winners) == 1
    assert all(isinstance(result, OutOfStock) for result in results if isinstance(result, BaseException))
    assert shop.stock()["held"] == 1


def test_what_another_shop_sells_is_not_for_sale_here(shop: Shop, other: Shop) -> None:
    other.codes(1)

    with pytest.raises(Invalid) as refused:
        shop.place(sku=other.sku)

    assert isinstance(refused.value.fields["sku"], NotForSale)
    assert other.stock()["available"] == 1


def test_an_unpaid_hold_that_ran_out_goes_to_the_next_buyer(shop: Shop) -> None:
    shop.codes(1)
    late = shop.place(at=clock.now() - timedelta(minutes=30))

    order = shop.place()

    assert shop.stock()["held"] == 1
    assert shop.order(late).closed is Closed.EXPIRED
    assert shop.order(order).closed is Closed.OPEN


def test_late_money_takes_another_code(shop: Shop) -> None:
    shop.codes(1)
    late = shop.place(at=clock.now() - timedelta(minutes=30))
    shop.place()
    shop.codes(1)

    assert shop.pay(late)

    order = shop.order(late)
    assert (order.payment, order.fulfilment, order.closed) == (Payment.PAID, Fulfilment.DONE, Closed.OPEN)


def test_late_money_posts_the_cost_of_the_code_it_took(shop: Shop) -> None:
    shop.codes(1, cost=1000)
    late = shop.place(at=clock.now() - timedelta(minutes=30))
    shop.place()
    shop.codes(1, cost=700)

    shop.pay(late)

    sale = shop.read(lambda: ledger.list_entries("sale", late.id))
    assert {entry.account: entry.amount for entry in sale}["expense:goods"] == 700


def test_late_money_without_stock_is_queued_never_lost(shop: Shop) -> None:
    shop.codes(1)
    late = shop.place(at=clock.now() - timedelta(minutes=30))
    shop.place()

    assert shop.pay(late)

    order = shop.order(late)
    assert status(order, now=clock.now()) == "queued"
    owned = shop.read(lambda: entitled.list_of_order(order.id))
    assert [(item.state, item.code_id) for item in owned] == [(State.PROMISED, None)]
    sale = shop.read(lambda: ledger.list_entries("sale", order.id))
    assert {entry.account for entry in sale} == {"asset:gateway", "income:sales"}


@pytest.mark.parametrize("quantity", [0, -1, 10**9])
def test_an_absurd_quantity_is_refused_by_its_field(shop: Shop, quantity: int) -> None:
    shop.codes(1)

    with pytest.raises(Invalid) as refused:
        shop.place(quantity)

    assert list(refused.value.fields) == ["quantity"]
    assert shop.stock()["available"] == 1


def test_who_paid_first_and_waits_is_served_before_who_paid_later(shop: Shop) -> None:
    now = clock.now()
    with at_minute(now, 0):
        shop.codes(2)
        first, second = shop.place(), shop.place()
    with at_minute(now, 16):
        shop.place(2)  # takes both codes, and lets them lapse in its turn
        shop.pay(first)

    with at_minute(now, 33):
        shop.pay(second)

    assert [status(shop.order(order), now=now) for order in (first, second)] == ["delivered", "delivered"]
    assert shop.stock()["sold"] == 2


def at_minute(start: datetime, minute: int) -> AbstractContextManager[None]:
    return clock.running(lambda: start + timedelta(minutes=minute))
