"""Several tenders, many at once, any series: never more goes back than was paid, and each party ends at zero (B6.6)."""

from collections.abc import Callable
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import update

from app.catalog.models import Kind
from app.entitlements.errors import TakenBackBefore
from app.kit import db
from app.kit.ids import new_id
from app.kit.money import Money
from app.merchants.queries import Returned
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.models import Order, Payment, Tender
from app.payments.models import Notice, NoticeState
from app.refunds import queries as refunded
from app.refunds.errors import NotRefundable
from app.refunds.models import Refund, RefundState
from tests.make import at_once, make_product
from tests.payments.market import Market, rows
from tests.refunds.test_parts import bought as bought
from tests.refunds.test_parts import keep, pieces, reveal, take

# Several tenders ----------------------------------------------------------------------------------------------------


def two_tenders(market: Market, first: int) -> Order:
    """Return an order of seven codes that was paid half here, half there."""
    shop = market.shop
    shop.codes(7)
    order, other = shop.place(7), market.second_method()
    market.buy(order)
    market.work()
    shop.write(lambda: _cut(order, first, other))
    return order


def _cut(order: Order, first: int, method_id: UUID) -> None:
    """Say that the order's one payment was two, as a cashier that takes a balance as well would leave it."""
    (tender,) = orders.list_tenders_of(order.id)
    (notice,) = [row for row in rows(Notice) if row.tender_id == tender.id and row.state is NoticeState.APPLIED]
    rest, number = tender.amount - first, new_id()
    whole = {name: getattr(tender, name) for name in ("order_id", "currency", "state", "met_at", "merchant_id")}
    db.session().add(Tender(id=number, amount=rest, method_id=method_id, fee=0, refunded=0, **whole))
    same = {name: getattr(notice, name) for name in ("merchant_id", "currency", "state", "reason", "body", "at")}
    second = {"tender_id": number, "amount": rest, "trade_no": notice.trade_no, "reported_no": notice.reported_no}
    db.session().add(Notice(id=new_id(), method_id=method_id, cleared_at=None, **same, **second))
    tender.amount, notice.amount = first, first


@pytest.mark.parametrize("first", [1, 5000, 13_992])
def test_each_tender_gives_back_its_share_and_ends_at_zero(market: Market, first: int) -> None:
    shop = market.shop
    order = two_tenders(market, first)

    for number, item in enumerate(pieces(shop, order), 1):
        refund = take(shop, order, item)
        sent = [payback.amount for payback in market.paybacks(order) if payback.source_id == refund.id]
        assert sum(sent) == refund.amount == 1999
        tenders = shop.read(lambda: orders.list_tenders_of(order.id))
        assert sum(tender.refunded for tender in tenders) == 1999 * number
        assert all(abs(tender.refunded * 7 - tender.amount * number) <= 7 * 2 for tender in tenders)

    assert all(tender.refunded == tender.amount for tender in shop.read(lambda: orders.list_tenders_of(order.id)))
    assert shop.order(order).payment is Payment.REFUNDED


# At once (B6.6) -----------------------------------------------------------------------------------------------------


def test_of_many_who_take_the_same_piece_back_at_once_one_does(market: Market, bought: Order) -> None:
    item = pieces(market.shop, bought)[0]

    said = at_once([lambda: take(market.shop, bought, item)] * 8)

    assert sum(isinstance(answer, Refund) for answer in said) == 1
    assert {type(answer) for answer in said} == {Refund, TakenBackBefore}
    market.work()
    assert market.kept == 2 * 1999
    market.assert_books()


def test_never_more_goes_back_than_was_paid_whoever_asks_at_once(market: Market) -> None:
    shop = market.shop
    shop.codes(8)
    order = shop.place(8)
    market.buy(order)
    items = list(pieces(shop, order))
    chance = Random(order.number)
    some_of = [chance.sample(items, chance.randint(1, 3)) for _ in range(28)]
    jobs: list[Callable[[], object]] = [lambda mine=mine: take(shop, order, *mine) for mine in some_of]  # type: ignore[misc]
    jobs += [lambda: take(shop, order)] * 4

    said = at_once(jobs)

    won = [answer for answer in said if isinstance(answer, Refund)]
    assert won
    assert all(isinstance(answer, Refund | TakenBackBefore | NotRefundable) for answer in said), said
    market.work()
    left = shop.order(order)
    assert sum(refund.amount for refund in won) == left.refunded_amount <= left.total_amount
    assert market.kept == left.kept.minor
    market.assert_books()


def test_the_database_itself_refuses_more_than_was_paid(market: Market, bought: Order) -> None:
    more = {"refunded_amount": bought.total_amount + 1}
    with pytest.raises(Exception, match="refunded"):
        market.shop.write(lambda: db.changed(update(Order).where(Order.id == bought.id).values(**more)))
    with pytest.raises(Exception, match="refunded"):
        market.shop.write(
            lambda: db.changed(update(Tender).where(Tender.order_id == bought.id).values(refunded=Tender.amount + 1))
        )

    assert market.shop.write(lambda: ordering.give_back(bought, Money(6000, "CNY"), whole=False)) is None


# Any series ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_the_books_stay_whole_after_any_series(market: Market, seed: int) -> None:
    chance, shop = Random(seed), market.shop
    prices = [chance.choice([0, 1, 2, 333, 1999, 100_001]) for _ in range(3)]
    skus = [make_product(shop, kind=Kind.CODE, price=price) for price in prices]
    for sku in skus:
        shop.imports("\n".join(f"{chance.getrandbits(64):016X}" for _ in range(4)), sku=sku, cost=chance.randint(0, 99))
    order = shop.place_lines(*((sku, chance.randint(1, 4)) for sku in skus))
    if order.total_amount:
        market.buy(order)
    market.work()
    if shop.order(order).payment is Payment.PENDING:
        return
    items = list(pieces(shop, order))
    chance.shuffle(items)
    while items:
        keep(shop, chance.choice(list(Returned)))
        some_of = [items.pop() for _ in range(min(len(items), chance.randint(1, 3)))]
        if chance.random() < 0.5:
            reveal(shop, order, *some_of)
        take(shop, order, *some_of, even_seen=True)
        if chance.random() < 0.5:
            market.work()
            market.assert_books()
    market.work()

    assert (market.word(order), market.kept, market.balance("income:sales")) == ("refunded", 0, 0)
    assert market.balance("expense:goods") == 0
    assert {refund.state for refund in shop.read(lambda: refunded.list_of_order(order.id))} == {RefundState.DONE}
    market.assert_books()
