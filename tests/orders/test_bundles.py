"""Bundles: several goods for one price, all of them or none, shown together unless the merchant wants otherwise."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.catalog.errors import BundleInBundle
from app.catalog.models import Source
from app.entitlements import service as entitlements
from app.entitlements.errors import NothingToReveal
from app.entitlements.models import Entitlement, State
from app.inventory.errors import OutOfStock
from app.inventory.models import Code, Status
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.ledger import queries as ledger
from app.orders.models import Fulfilment, Order, Part
from app.refunds import service as refunds
from tests.inventory import goods, pool
from tests.inventory.goods import bundle, owned, share, variant
from tests.make import Shop, at_once
from tests.payments.market import Market
from tests.payments.market import market as market

READY, PROMISED = State.READY, State.PROMISED


def pair(shop: Shop, *, stock: tuple[int, int] = (10, 10), as_ready: bool = False) -> tuple[str, str, str]:
    """Return a bundle of one A and two B, and its two components with codes in stock."""
    one, two = variant(shop, Source.POOL), variant(shop, Source.POOL)
    for sku, count in zip((one, two), stock, strict=True):
        shop.imports("\n".join(pool.fresh_codes(count)), sku=sku, cost=100 if sku == one else 30)
    return bundle(shop, (one, 1, 2), (two, 2, 1), as_ready=as_ready, price=1000), one, two


def parts_of(shop: Shop, order: Order) -> list[Part]:
    return shop.read(
        lambda: list(db.session().scalars(select(Part).where(Part.order_id == order.id).order_by(Part.cost)))
    )


def statuses(shop: Shop, sku: str) -> Counter[Status]:
    return Counter(
        code.status
        for code in shop.read(lambda: pool.rows(Code))
        if code.sku_id == shop.read(lambda: goods.sku_of(sku)).id
    )


def far(shop: Shop, order: Order) -> Fulfilment:
    return shop.order(order).fulfilment


def test_a_line_becomes_a_part_for_each_component_and_their_shares_are_its_price(shop: Shop) -> None:
    sku, one, two = pair(shop)
    order = shop.place(3, sku=sku)

    parts = parts_of(shop, order)
    assert [(part.quantity, part.price_share, part.cost) for part in parts] == [(6, 1000, 180), (3, 2000, 300)]
    assert shop.pay(order)
    assert [item.state for item in owned(shop, order)] == [READY] * 9
    assert (statuses(shop, one)[Status.SOLD], statuses(shop, two)[Status.SOLD]) == (3, 6)
    balances = {name: money.minor for name, money in shop.read(ledger.balances).items()}
    assert (balances["expense:goods CNY"], balances["income:sales CNY"]) == (480, -3000)


def test_shares_that_do_not_go_up_lose_no_cent(shop: Shop) -> None:
    skus = [variant(shop, Source.GENERATED) for _ in range(3)]
    order = shop.place(sku=bundle(shop, *((sku, 1, 1) for sku in skus), price=1000))

    assert sorted(part.price_share for part in parts_of(shop, order)) == [333, 333, 334]


def test_a_bundle_is_held_whole_or_not_at_all(shop: Shop) -> None:
    sku, one, two = pair(shop, stock=(5, 3))

    with pytest.raises(OutOfStock):
        shop.place(2, sku=sku)

    assert (statuses(shop, one), statuses(shop, two)) == ({Status.FREE: 5}, {Status.FREE: 3})
    shop.place(sku=sku)
    assert (statuses(shop, one)[Status.HELD], statuses(shop, two)[Status.HELD]) == (1, 2)


def test_as_many_bundles_are_told_as_the_scarcest_component_makes(shop: Shop) -> None:
    sku, one, _ = pair(shop, stock=(5, 7))
    assert goods.left(shop, sku) == 3

    shop.place(2, sku=sku)
    assert goods.left(shop, sku) == 1
    shop.place(3, sku=one)
    assert goods.left(shop, sku) == 0
    shop.imports("\n".join(pool.fresh_codes(4)), sku=one)
    assert goods.left(shop, sku) == 1


def late(market: Market, *, as_ready: bool) -> tuple[Order, str]:
    """Return a paid bundle of which one component was sold to others when its money came, and that component."""
    sku, _, two = pair(market.shop, stock=(1, 2), as_ready=as_ready)
    order = market.shop.place(sku=sku)
    market.wait(minutes=16)
    assert market.shop.pay(market.shop.place(2, sku=two))
    assert market.shop.pay(order)
    return order, two


def test_nothing_is_shown_before_all_is_there(market: Market) -> None:
    order, two = late(market, as_ready=False)
    shop = market.shop
    proof = entitlements.Proof("device", SYSTEM, "1.2.3.0/24", "test")

    assert {item.state for item in owned(shop, order)} == {PROMISED}
    assert far(shop, order) is Fulfilment.QUEUED
    with pytest.raises(NothingToReveal):
        shop.write(lambda: entitlements.reveal(order.id, proof=proof, now=clock.now()))

    shop.imports(pool.fresh_codes(1)[0], sku=two)
    assert (Counter(item.state for item in owned(shop, order)), far(shop, order)) == ({PROMISED: 3}, Fulfilment.QUEUED)
    shop.imports(pool.fresh_codes(1)[0], sku=two)

    assert ({item.state for item in owned(shop, order)}, far(shop, order)) == ({READY}, Fulfilment.DONE)
    market.assert_no_code_twice()
    shop.drain()
    assert market.happened(order).count("order.delivered") == 1


def test_as_ready_shows_each_when_it_is_there(market: Market) -> None:
    order, two = late(market, as_ready=True)

    assert Counter(item.state for item in owned(market.shop, order)) == {READY: 1, PROMISED: 2}
    assert far(market.shop, order) is Fulfilment.PARTIAL
    market.shop.imports("\n".join(pool.fresh_codes(2)), sku=two)
    assert far(market.shop, order) is Fulfilment.DONE


def test_two_components_that_come_at_the_same_moment_make_it_whole(shop: Shop) -> None:
    by_hand = [variant(shop, Source.MANUAL) for _ in range(4)]
    order = shop.place(sku=bundle(shop, *((sku, 1, 1) for sku in by_hand)))
    assert shop.pay(order)

    def finish(item: Entitlement) -> None:
        text = pool.fresh_codes(1)[0]
        shop.write(lambda: entitlements.finish_chore(item.id, {"code": text}, now=clock.now(), by=SYSTEM))

    ended = at_once([lambda item=item: finish(item) for item in owned(shop, order)])  # type: ignore[misc]

    assert ended == [None] * 4
    assert ({item.state for item in owned(shop, order)}, far(shop, order)) == ({READY}, Fulfilment.DONE)


def test_a_refund_takes_all_of_it_back(market: Market) -> None:
    order, _ = late(market, as_ready=False)

    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))

    assert {item.state for item in owned(market.shop, order)} == {State.REVOKED}
    codes = [code for code in market.shop.read(lambda: pool.rows(Code)) if code.status is Status.QUARANTINED]
    assert len(codes) == 1
    balances = {name: money.minor for name, money in market.shop.read(ledger.balances).items()}
    assert sum(balances.values()) == 0


def test_components_may_come_from_anywhere_but_not_from_a_bundle(shop: Shop) -> None:
    shared, made, hand = (variant(shop, source) for source in (Source.SHARED, Source.GENERATED, Source.MANUAL))
    share(shop, shared, 1)
    sku = bundle(shop, (shared, 1, 1), (made, 2, 1), (hand, 1, 1), as_ready=True)
    order = shop.place(sku=sku)

    assert shop.pay(order)

    assert Counter(item.state for item in owned(shop, order)) == {READY: 3, PROMISED: 1}
    outer = variant(shop, Source.BUNDLE)
    with pytest.raises(Invalid) as refused:
        goods.compose(shop, outer, (sku, 1, 1))
    assert isinstance(refused.value.fields["components"], BundleInBundle)
    with pytest.raises(Invalid):
        shop.place(sku=outer)  # a bundle of nothing is not for sale
    for wrong in ([], [(outer, 1, 1)], [(made, 1, 1), (made, 1, 1)], [(made, 0, 1)], [("NO-SUCH", 1, 1)]):
        with pytest.raises(Invalid):
            goods.compose(shop, outer, *wrong)


def test_bundles_with_components_in_opposite_orders_never_wait_for_each_other(shop: Shop) -> None:
    one, two = (variant(shop, Source.POOL) for _ in range(2))
    for sku in (one, two):
        shop.imports("\n".join(pool.fresh_codes(30)), sku=sku)
    share(shop, shared := variant(shop, Source.SHARED), 30)
    there = bundle(shop, (one, 1, 1), (shared, 1, 1), (two, 1, 1))
    back = bundle(shop, (two, 1, 1), (shared, 1, 1), (one, 1, 1))

    def buy(sku: str) -> bool:
        return shop.pay(shop.place(sku=sku))

    ended = at_once([lambda sku=sku: buy(sku) for sku in (there, back) * 18])  # type: ignore[misc]

    assert Counter(one if one is True else type(one).__name__ for one in ended) == {True: 30, "SoldOut": 6}
    for sku in (one, two):
        assert statuses(shop, sku) == {Status.SOLD: 30}
    states = Counter(item.state for item in shop.read(lambda: pool.rows(Entitlement)))
    assert states == {READY: 90}


def test_what_a_bundle_consists_of_later_changes_no_order(shop: Shop) -> None:
    sku, _, two = pair(shop)
    order = shop.place(sku=sku)
    goods.compose(shop, sku, (two, 5, 1))

    assert shop.pay(order)

    assert len(owned(shop, order)) == 3
    later = shop.place(sku=sku, at=clock.now() + timedelta(seconds=1))
    assert [part.quantity for part in parts_of(shop, later)] == [5]
