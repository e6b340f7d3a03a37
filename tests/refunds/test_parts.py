"""Some of an order is taken back: by what each piece brought, to each tender its share, ending at exactly zero."""

from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import update

from app.catalog.models import Kind, Source
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.errors import CodesSeen, CodesUsed, TakenBackBefore
from app.entitlements.models import Entitlement, State
from app.entitlements.service import Proof, Used
from app.finance import queries as finance
from app.inventory.models import Code, Status
from app.kit import clock, db
from app.kit.errors import Invalid, NotFound, Refusal
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.kit.money import Money, split
from app.ledger import queries as ledger
from app.merchants.models import Merchant
from app.merchants.queries import Returned
from app.orders import queries as orders
from app.orders.models import Order, TenderState
from app.refunds import queries as refunded
from app.refunds import service as refunds
from app.refunds.errors import NotRefundable
from app.refunds.models import Refund
from app.refunds.rules import due, worth
from app.refunds.service import Wish
from tests.inventory.goods import bundle, share, variant
from tests.make import Shop, fresh_code, make_product
from tests.payments.market import Market

READY, REVOKED, PROMISED = State.READY, State.REVOKED, State.PROMISED


def pieces(shop: Shop, order: Order) -> Sequence[Entitlement]:
    return shop.read(lambda: entitled.list_of_order(order.id))


def take(shop: Shop, order: Order, *items: Entitlement, **more: Any) -> Refund:
    wish = Wish(order.id, "asked for", [item.id for item in items] or None, **more)
    return shop.write(lambda: refunds.take_back(wish, now=clock.now(), by=SYSTEM))


def reveal(shop: Shop, order: Order, *items: Entitlement) -> None:
    proof = Proof("device", SYSTEM, "192.0.2.0/24", "a browser")
    only = [item.id for item in items]
    shop.write(lambda: entitlements.reveal(order.id, proof=proof, now=clock.now(), only=only))


def keep(shop: Shop, returned: Returned) -> None:
    """Let the shop do this with unseen codes that come back."""
    shop.write(lambda: db.changed(update(Merchant).values(returned=returned)))


def status_of(shop: Shop, code_id: UUID | None) -> Status:
    return shop.read(lambda: db.get(Code, code_id)).status


@pytest.fixture
def bought(market: Market) -> Order:
    """An order of three codes at 19.99, paid at the gateway and delivered; two more are in stock."""
    market.shop.codes(5)
    order = market.shop.place(3)
    market.buy(order)
    market.work()
    return order


# The rules ----------------------------------------------------------------------------------------------------------


@given(some.integers(0, 10**15), some.integers(1, 50))
def test_the_pieces_of_a_part_bring_just_its_share(share: int, quantity: int) -> None:
    prices = [worth(share, quantity, slot) for slot in range(quantity)]

    assert sum(prices) == share
    assert max(prices) - min(prices) <= 1


@given(some.lists(some.integers(0, 10**9), min_size=1, max_size=20), some.randoms(), some.integers(0, 100))
def test_any_series_of_refunds_ends_at_just_what_was_paid(prices: list[int], chance: Random, percent: int) -> None:
    total = Money(sum(prices), "CNY")
    paid = Money(total.minor * percent // 100, "CNY")
    chance.shuffle(prices)

    back, goods = 0, 0
    for price in prices:
        goods += price
        step = due(Money(goods, "CNY"), of=total, paid=paid).minor - back
        assert 0 <= step <= price
        back += step

    assert back == paid.minor


@settings(max_examples=300)
@given(some.lists(some.integers(0, 10**6), min_size=1, max_size=5), some.randoms())
def test_no_tender_gives_more_back_than_it_brought_and_all_end_at_zero(amounts: list[int], chance: Random) -> None:
    left = dict(enumerate(amounts))
    while total := sum(left.values()):
        amount = chance.randint(1, total)
        shares = split(Money(amount, "CNY"), left)
        assert all(0 <= share.minor <= left[tender] for tender, share in shares.items())
        left = {tender: left[tender] - shares[tender].minor for tender in left}

    assert set(left.values()) == {0}


# One piece, several pieces ------------------------------------------------------------------------------------------


def test_one_of_three_is_taken_back_and_the_rest_stays(market: Market, bought: Order) -> None:
    shop = market.shop
    first, second, third = pieces(shop, bought)

    refund = take(shop, bought, second)
    market.work()

    assert (refund.amount, market.word(bought)) == (1999, "partially_refunded")
    assert [item.state for item in pieces(shop, bought)] == [READY, REVOKED, READY]
    assert (market.kept, market.balance("income:sales"), market.balance("expense:goods")) == (2 * 1999, -2 * 1999, 2000)
    order = shop.order(bought)
    assert (order.refunded_amount, order.kept.minor) == (1999, 2 * 1999)
    (tender,) = shop.read(lambda: orders.list_tenders_of(bought.id))
    assert (tender.refunded, tender.state) == (1999, TenderState.MET)
    reveal(shop, bought, first, third)
    market.assert_books()


def test_piece_by_piece_everything_goes_back(market: Market, bought: Order) -> None:
    words = []
    for item in pieces(market.shop, bought):
        take(market.shop, bought, item)
        market.work()
        words.append(market.word(bought))
        market.assert_books()

    assert words == ["partially_refunded", "partially_refunded", "refunded"]
    assert (market.kept, market.balance("income:sales"), market.balance("expense:goods")) == (0, 0, 0)
    assert [tender.state for tender in market.shop.read(lambda: orders.list_tenders_of(bought.id))] == [
        TenderState.RETURNED
    ]
    assert market.happened(bought).count("refund.done") == 3


def test_the_rest_of_a_partly_refunded_order_goes_back_as_a_whole(market: Market, bought: Order) -> None:
    take(market.shop, bought, pieces(market.shop, bought)[0])
    rest = take(market.shop, bought)
    market.work()

    assert (rest.amount, market.word(bought), market.kept) == (2 * 1999, "refunded", 0)
    with pytest.raises(NotRefundable):
        take(market.shop, bought)
    market.assert_books()


def test_what_was_taken_back_is_not_taken_back_again(market: Market, bought: Order) -> None:
    first, second, _ = pieces(market.shop, bought)
    take(market.shop, bought, first)

    with pytest.raises(TakenBackBefore):
        take(market.shop, bought, first, second)

    assert len(market.paybacks()) == 1
    assert pieces(market.shop, bought)[1].state is READY


def test_nothing_and_what_is_of_another_order_is_refused(market: Market, bought: Order) -> None:
    other = market.shop.place()
    assert market.shop.pay(other)
    (foreign,) = pieces(market.shop, other)

    for chosen, refusal in (((), Invalid), ((foreign.id,), NotFound), ((new_id(),), NotFound)):
        wish = Wish(bought.id, "", chosen)
        with pytest.raises(refusal):
            market.shop.write(lambda wish=wish: refunds.take_back(wish, now=clock.now(), by=SYSTEM))  # type: ignore[misc]

    assert market.word(bought) == "delivered"


# What waits ---------------------------------------------------------------------------------------------------------


def late(market: Market, quantity: int, there: int) -> Order:
    """Return a paid order of which only some codes were there."""
    shop = market.shop
    shop.codes(quantity)
    order = shop.place(quantity)
    market.wait(minutes=16)
    if quantity > there:
        assert shop.pay(shop.place(quantity - there))
    market.ahead -= market.ahead  # the notice was signed now
    assert shop.pay(order)
    return order


def test_a_piece_that_never_came_is_taken_back_and_the_order_is_complete(market: Market) -> None:
    order = late(market, 3, 2)
    assert market.word(order) == "partially_delivered"
    (owed,) = [item for item in pieces(market.shop, order) if item.state is PROMISED]

    take(market.shop, order, owed)

    assert market.word(order) == "partially_refunded"
    assert market.shop.order(order).fulfilment.name == "DONE"
    assert market.balance("expense:goods") == 3 * 1000  # two here, one of the taker
    market.shop.codes(1)
    assert market.shop.stock()["available"] == 1


def test_of_an_order_that_waits_some_go_back_and_the_others_are_served(market: Market) -> None:
    order = late(market, 2, 0)
    first, _ = pieces(market.shop, order)

    take(market.shop, order, first)
    assert market.word(order) == "queued"
    assert market.shop.read(lambda: [one.id for one in orders.list_owed(before=clock.now(), limit=5)]) == [order.id]
    market.shop.codes(1)

    assert market.word(order) == "partially_refunded"
    assert sorted(market.owns(order)) == [READY, REVOKED]


# Codes that were seen -----------------------------------------------------------------------------------------------


def test_a_seen_piece_stays_while_an_unseen_one_goes_back(market: Market, bought: Order) -> None:
    seen, unseen, _ = pieces(market.shop, bought)
    reveal(market.shop, bought, seen)

    with pytest.raises(CodesSeen):
        take(market.shop, bought, seen, unseen)
    take(market.shop, bought, unseen)

    assert [item.state for item in pieces(market.shop, bought)] == [READY, REVOKED, READY]


def test_a_seen_code_taken_back_on_purpose_is_void_and_a_loss(market: Market, bought: Order) -> None:
    seen, used, _ = pieces(market.shop, bought)
    reveal(market.shop, bought, seen, used)
    market.shop.write(lambda: entitlements.mark_used([Used(used.id, 1, 1)], at=clock.now()))
    keep(market.shop, Returned.STOCK)
    with pytest.raises(CodesUsed):
        take(market.shop, bought, used)

    take(market.shop, bought, seen, used, even_seen=True)
    market.work()

    assert {status_of(market.shop, item.code_id) for item in (seen, used)} == {Status.VOID}
    assert (market.balance("expense:lost"), market.balance("expense:goods")) == (2000, 1000)
    assert market.kept == 1999
    parts = market.shop.read(lambda: refunded.list_parts_of([refunded.list_of_order(bought.id)[0].id]))
    assert [part.seen for (some_parts) in parts.values() for part in some_parts] == [True, True]
    market.assert_books()


def test_taking_a_seen_code_back_needs_a_reason(market: Market, bought: Order) -> None:
    wish = Wish(bought.id, "", None, even_seen=True)

    with pytest.raises(Invalid):
        market.shop.write(lambda: refunds.take_back(wish, now=clock.now(), by=SYSTEM))


@pytest.mark.parametrize(
    ("returned", "status", "lost"),
    [(Returned.ASIDE, "quarantined", 0), (Returned.STOCK, "available", 0), (Returned.VOID, "void", 1000)],
    ids=str,
)
def test_an_unseen_code_goes_where_the_shop_wants_it(
    market: Market, bought: Order, returned: Returned, status: str, lost: int
) -> None:
    keep(market.shop, returned)
    item = pieces(market.shop, bought)[0]
    before = market.shop.stock()

    take(market.shop, bought, item)
    market.work()

    assert market.shop.stock()[status] == before[status] + 1
    assert market.balance("expense:lost") == lost
    market.assert_books()


def test_a_code_back_in_stock_goes_to_who_waits_and_is_sold_once(market: Market) -> None:
    shop = market.shop
    keep(shop, Returned.STOCK)
    shop.codes(2)
    order = shop.place(2)
    assert shop.pay(order)
    shop.codes(1)
    held = shop.place()
    assert shop.pay(held)

    take(shop, order, pieces(shop, order)[0])
    again = shop.place()
    assert shop.pay(again)

    assert market.word(again) == "delivered"
    market.assert_no_code_twice()
    assert market.balance("expense:goods") == 3000


# Bundles and prices of their own ------------------------------------------------------------------------------------


def test_two_products_each_go_back_at_what_they_cost(market: Market) -> None:
    shop = market.shop
    other = make_product(shop, kind=Kind.CODE, price=501)
    shop.codes(1)
    shop.imports("AAAAAAAAAAAAAAAA", sku=other, cost=7)
    order = shop.place_lines((shop.sku, 1), (other, 1))
    market.buy(order)
    amounts = sorted(take(shop, order, item).amount for item in pieces(shop, order))
    market.work()

    assert amounts == [501, 1999]
    assert (market.kept, market.word(order)) == (0, "refunded")
    market.assert_books()


def test_one_component_of_a_bundle_goes_back_at_its_share(market: Market) -> None:
    shop = market.shop
    one, two = (make_product(shop, kind=Kind.CODE, price=1) for _ in range(2))
    sku = bundle(shop, (one, 1, 2), (two, 2, 1), price=1000)
    for code in (one, two):
        shop.imports("\n".join(fresh_code() for _ in range(2)), sku=code, cost=10)
    order = shop.place(sku=sku)
    market.buy(order)
    first = pieces(shop, order)
    prices = {item.id: amount for item, amount in zip(first, _amounts(shop, order), strict=True)}
    assert sum(prices.values()) == 1000

    refund = take(shop, order, first[0])
    market.work()

    assert refund.amount == prices[first[0].id]
    assert (market.word(order), market.kept) == ("partially_refunded", 1000 - refund.amount)
    market.assert_books()


def test_a_bundle_of_which_the_missing_component_goes_back_is_shown(market: Market) -> None:
    shop = market.shop
    one, two = (make_product(shop, kind=Kind.CODE, price=1) for _ in range(2))
    sku = bundle(shop, (one, 1, 1), (two, 1, 1), price=1000)
    for code in (one, two):
        shop.imports(fresh_code(), sku=code, cost=10)
    order = shop.place(sku=sku)
    market.wait(minutes=16)
    assert shop.pay(shop.place(sku=two))
    assert shop.pay(order)
    assert market.owns(order) == [PROMISED, PROMISED]
    (missing,) = [item for item in pieces(shop, order) if item.code_id is None]

    take(shop, order, missing)

    assert sorted(market.owns(order)) == [READY, REVOKED]
    assert market.word(order) == "partially_refunded"


def test_a_use_of_a_shared_code_is_sold_again_unless_it_was_seen(market: Market) -> None:
    shop = market.shop
    sku = variant(shop, Source.SHARED)
    share(shop, sku, 2, cost=100)
    order = shop.place(2, sku=sku)
    market.buy(order)
    seen, unseen = pieces(shop, order)
    reveal(shop, order, seen)

    take(shop, order, unseen)
    assert shop.pay(shop.place(sku=sku))
    take(shop, order, seen, even_seen=True)
    market.work()

    assert market.word(order) == "refunded"
    with pytest.raises(Refusal):
        shop.place(sku=sku)
    assert (market.balance("expense:goods"), market.balance("expense:lost")) == (100, 100)
    assert shop.read(ledger.check) == shop.read(finance.check) == []


def _amounts(shop: Shop, order: Order) -> list[int]:
    owned = {item.id: (item.part_id, item.slot) for item in pieces(shop, order)}
    return list(shop.read(lambda: refunded.prices(order.id, owned)).values())
