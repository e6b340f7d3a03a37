"""Fees: reckoned at the start, said before paying, booked with the sale, given back with refunds."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest

from app.entitlements import queries as entitled
from app.finance import queries as finance
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import base32
from app.kit.money import Money
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.models import Order, Tender, TenderState
from app.payments import service as payments
from app.payments.models import FeePayer, Method, NoticeState
from app.payments.providers import Told
from app.payments.rules import fees_of
from app.payments.service import Arrived, Terms
from app.refunds import service as refunds
from tests.make import Shop
from tests.payments.gate import inbox
from tests.payments.market import Market

BUYER, SHOP = FeePayer.BUYER, FeePayer.SHOP


def terms(shop: Shop, rate: int, fixed: int = 0, payer: FeePayer = SHOP, method: UUID | None = None) -> None:
    asked = Terms(fee_rate=rate, fee_fixed=fixed, fee_payer=payer)
    number = method or shop.method_id
    shop.write(lambda: payments.change_terms(number, asked, now=clock.now(), by=SYSTEM))


def tenders(shop: Shop, order: Order) -> list[Tender]:
    return list(shop.read(lambda: orders.list_tenders_of(order.id)))


def due(shop: Shop, order: Order) -> Tender:
    found = shop.read(lambda: orders.find_due(order.id))
    assert found is not None
    return found


def faults(shop: Shop) -> list[Any]:
    return shop.read(finance.check) + shop.read(ledger.check)


def refund(shop: Shop, order: Order) -> None:
    shop.write(lambda: refunds.refund(order.id, reason="test", now=clock.now(), by=SYSTEM))


def tell(shop: Shop, tender: Tender, trade_no: str, fee: int | None = None, amount: int | None = None) -> None:
    """Let a gateway tell of a payment, and what it keeps of it."""
    paid = Money(tender.amount if amount is None else amount, tender.currency)
    told = Told(base32(tender.id), trade_no, shop.slug, paid, fee=fee)
    shop.write(lambda: payments.apply([Arrived(shop.method_id, told, "", clock.now())]))


@pytest.mark.parametrize(
    ("price", "rate", "fixed", "payer", "added", "kept"),
    [
        (1999, 60, 0, SHOP, 0, 12),  # 11.994
        (1990, 60, 0, BUYER, 12, 12),  # 11.94, and of 2002: 12.012
        (25, 200, 0, SHOP, 0, 1),  # 0.5 is rounded up
        (24, 200, 0, SHOP, 0, 0),
        (1000, 290, 30, BUYER, 59, 61),  # 29 + 30, and of 1059: 30.711 + 30
        (0, 290, 30, BUYER, 0, 0),
        (10**14, 9999, 0, SHOP, 0, 99990000000000),
    ],
)
def test_a_fee_is_rounded_half_up_to_the_minor_unit(
    price: int, rate: int, fixed: int, payer: FeePayer, added: int, kept: int
) -> None:
    method = Method(fee_rate=rate, fee_fixed=fixed, fee_payer=payer)

    assert fees_of(method, Money(price, "CNY")) == (added, kept)


def test_what_the_shop_bears_is_booked_in_the_unit_of_the_sale(market: Market) -> None:
    terms(market.shop, 60)
    market.shop.codes(1)
    order = market.shop.place()
    market.buy(order)

    assert market.word(order) == "delivered"
    assert (market.balance("expense:fees"), market.balance("income:fees")) == (12, 0)
    assert market.balance("asset:gateway") == market.kept - 12
    assert "tender.fee_taken" in market.happened(order)
    assert faults(market.shop) == []


def test_what_the_buyer_bears_is_due_on_top_and_income_of_its_own(market: Market) -> None:
    terms(market.shop, 60, payer=BUYER)
    market.shop.codes(1)
    order = market.shop.place()
    market.buy(order)

    (tender,) = tenders(market.shop, order)
    assert (tender.amount, tender.fee, tender.price.minor) == (2011, 12, 1999)
    assert market.kept == 2011
    assert market.balance("income:sales") == -1999
    assert market.balance("income:fees") == -12
    assert market.balance("asset:gateway") == 2011 - 12
    assert faults(market.shop) == []


def test_a_whole_refund_gives_the_buyers_fee_back_as_well(market: Market) -> None:
    terms(market.shop, 60, payer=BUYER)
    market.shop.codes(1)
    order = market.shop.place()
    market.buy(order)
    refund(market.shop, order)
    market.work()

    assert market.kept == 0
    assert (market.balance("income:fees"), market.balance("liability:refunds")) == (0, 0)
    assert market.balance("asset:gateway") == -12  # what a gateway kept it keeps, until its bill says otherwise
    assert faults(market.shop) == []


def test_refunds_piece_by_piece_give_back_just_what_the_buyer_paid(market: Market) -> None:
    terms(market.shop, 60, fixed=7, payer=BUYER)
    market.shop.codes(3)
    order = market.shop.place(quantity=3)
    market.buy(order)
    paid = market.kept

    for item in market.shop.read(lambda: entitled.list_of_order(order.id)):
        wish = refunds.Wish(order.id, "a test", only=[item.id])
        market.shop.write(partial(refunds.take_back, wish, now=clock.now(), by=SYSTEM))
        market.work()
        assert faults(market.shop) == []

    assert paid == 3 * 1999 + 43  # 0.6 % of the price, rounded, and 7
    assert (market.kept, market.balance("income:fees"), market.balance("liability:refunds")) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_any_series_of_partial_refunds_gives_back_just_the_fee(shop: Shop, seed: int) -> None:
    chance = Random(seed)
    terms(shop, chance.randrange(1, 999), chance.randrange(50), BUYER)
    shop.codes(1)
    order = shop.place()
    shop.start(order)
    tell(shop, due(shop, order), "T1")
    (tender,) = tenders(shop, order)

    cuts = sorted({0, order.total_amount, *(chance.randrange(order.total_amount) for _ in range(chance.randrange(9)))})
    steps = list(pairwise(cuts))
    back = shop.read(lambda: [orders.fee_back(order.id, before=a, after=b).minor for a, b in steps])

    assert sum(back) == tender.fee
    assert all(fee >= 0 for fee in back)
    assert all(
        abs(fee - tender.fee * (b - a) / order.total_amount) <= 1 for fee, (a, b) in zip(back, steps, strict=True)
    )


def test_another_way_of_another_sum_replaces_the_tender_and_closes_the_old_trade(market: Market) -> None:
    other = market.second_method()
    terms(market.shop, 60, payer=BUYER, method=other)
    market.shop.codes(1)
    order = market.shop.place()
    first = market.start(order)
    second = market.start(order, other)
    market.work()

    old, new = tenders(market.shop, order)
    assert (old.state, old.amount, new.state, new.amount) == (TenderState.REPLACED, 1999, TenderState.DUE, 2011)
    assert not market.pay(first)  # closed at the gateway, since the buyer went another way
    assert market.pay(second)
    market.work()
    assert market.word(order) == "delivered"
    assert (market.kept, market.balance("income:fees")) == (2011, -12)
    assert faults(market.shop) == []


def test_a_payment_that_still_comes_for_the_old_sum_goes_back_by_itself(market: Market) -> None:
    other = market.second_method()
    terms(market.shop, 60, payer=BUYER, method=other)
    market.shop.codes(1)
    order = market.shop.place()
    first = market.start(order)
    assert market.pay(first)
    second = market.start(order, other)  # before the notice of the first arrives
    assert market.pay(second)
    market.work()
    market.work()

    assert market.word(order) == "delivered"
    assert [(row.amount, row.state.name) for row in market.paybacks(order)] == [(1999, "DONE")]
    assert market.kept == 2011
    reasons = {notice.reason for notice in inbox(market.shop) if notice.state is NoticeState.SURPLUS}
    assert reasons == {"paid another way"}
    assert faults(market.shop) == []


def test_ways_of_the_same_sum_share_one_tender(market: Market) -> None:
    other = market.second_method()
    market.shop.codes(1)
    order = market.shop.place()
    market.start(order)
    market.start(order, other)

    assert len(tenders(market.shop, order)) == 1


def test_a_changed_fee_counts_from_the_next_start_on(market: Market) -> None:
    market.shop.codes(1)
    order = market.shop.place()
    url = market.start(order)
    terms(market.shop, 100, payer=BUYER)

    assert market.pay(url)
    market.work()
    assert market.word(order) == "delivered"
    assert market.balance("income:fees") == 0
    assert faults(market.shop) == []


def test_a_notice_that_tells_the_fee_corrects_the_books_by_difference_once(shop: Shop) -> None:
    terms(shop, 60)
    shop.codes(1)
    order = shop.place()
    shop.start(order)
    tender = due(shop, order)
    for _ in range(3):
        tell(shop, tender, "T1", fee=10)

    balances = shop.read(ledger.balances)
    assert balances["expense:fees CNY"].minor == 10
    assert balances["asset:gateway CNY"].minor == 1989
    assert faults(shop) == []


def test_the_fee_of_surplus_is_booked_whole(shop: Shop) -> None:
    terms(shop, 60)
    shop.codes(1)
    order = shop.place()
    shop.start(order)
    tender = due(shop, order)
    tell(shop, tender, "T1", fee=12)
    tell(shop, tender, "T2", fee=11)

    assert shop.read(ledger.balances)["expense:fees CNY"].minor == 23
    assert faults(shop) == []


def test_a_fee_that_is_not_booked_is_found(shop: Shop) -> None:
    terms(shop, 60, payer=BUYER)
    shop.codes(1)
    order = shop.place()
    shop.start(order)
    tell(shop, due(shop, order), "T1")
    (tender,) = tenders(shop, order)

    def forget() -> None:
        row = db.get(Tender, tender.id)
        row.fee, row.kept = 0, 1

    shop.write(forget)
    assert sorted(fault.what for fault in shop.read(finance.check_fees)) == [
        "fee of a wrong total",
        "surcharge of a wrong total",
    ]


def test_limits_are_of_the_price(market: Market) -> None:
    asked = replace(Terms(fee_rate=500, fee_payer=BUYER), most=1999)
    market.shop.write(lambda: payments.change_terms(market.shop.method_id, asked, now=clock.now(), by=SYSTEM))
    market.shop.codes(1)

    assert market.start(market.shop.place())


@pytest.mark.parametrize("seed", range(6))
def test_the_books_stay_true_whatever_happens(market: Market, seed: int) -> None:
    chance = Random(seed)
    shop, ways = market.shop, [market.shop.method_id, market.second_method()]
    shop.codes(6)
    placed = [shop.place() for _ in range(5)]
    pages: list[str] = []
    for _ in range(25):
        order, way = chance.choice(placed), chance.choice(ways)
        match chance.randrange(5):
            case 0:
                terms(shop, chance.randrange(500), chance.randrange(40), chance.choice([BUYER, SHOP]), way)
            case 1 | 2 if market.word(order) == "pending":
                pages.append(market.start(order, way))
            case 3 if pages:
                market.pay(chance.choice([page for page in pages if page]))
                market.bring()
            case 4 if market.word(order) == "delivered":
                refund(shop, order)
        if chance.random() < 0.4:
            market.work()
    market.wait(hours=2)

    assert faults(shop) == []
    assert market.balance("liability:refunds") == 0
    assert market.balance("asset:gateway") == market.kept - market.balance("expense:fees")
