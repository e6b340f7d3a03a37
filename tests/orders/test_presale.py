"""Pre-sale: sold before its release up to a cap, delivered on the day, who paid first before the others."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from app.catalog.models import Source
from app.entitlements import service as entitlements
from app.entitlements.models import Entitlement, State
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.models import Presale, PresaleHold
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.orders.models import Order
from app.refunds import service as refunds
from tests.inventory import goods, pool
from tests.inventory.goods import bundle, owned, release, variant
from tests.make import at_once
from tests.payments.market import Market
from tests.payments.market import market as market

READY, PROMISED = State.READY, State.PROMISED


@pytest.fixture
def game(market: Market) -> str:
    """A SKU that comes out in three days, and may be sold five times before."""
    sku = variant(market.shop, Source.POOL)
    release(market.shop, sku, clock.now() + timedelta(days=3), 5)
    return sku


def taken(market: Market, sku: str) -> int:
    row = market.shop.read(lambda: db.find(Presale, goods.sku_of(sku).id))
    return row.taken if row else 0


def bought(market: Market, sku: str, quantity: int = 1) -> Order:
    order = market.shop.place(quantity, sku=sku)
    assert market.shop.pay(order)
    return order


def stock(market: Market, sku: str, count: int) -> None:
    market.shop.imports("\n".join(pool.fresh_codes(count)), sku=sku)


def test_it_is_sold_without_stock_up_to_its_cap(market: Market, game: str) -> None:
    assert goods.left(market.shop, game) == 5
    bought(market, game, 3)

    with pytest.raises(OutOfStock) as refused:
        market.shop.place(3, sku=game)
    assert refused.value.left == 2
    bought(market, game, 2)
    with pytest.raises(SoldOut):
        market.shop.place(sku=game)
    assert (taken(market, game), goods.left(market.shop, game)) == (5, 0)


def test_it_is_delivered_on_the_day_and_not_before(market: Market, game: str) -> None:
    first, second = bought(market, game), bought(market, game, 2)
    stock(market, game, 2)
    market.work()
    assert {item.state for item in owned(market.shop, first) + owned(market.shop, second)} == {PROMISED}

    market.wait(days=3, seconds=1)

    assert (market.word(first), market.word(second)) == ("delivered", "partially_delivered")
    stock(market, game, 3)
    assert market.word(second) == "delivered"
    assert goods.left(market.shop, game) == 2
    bought(market, game)
    market.assert_no_code_twice()


def test_the_money_does_not_go_back_before_the_release(market: Market, game: str) -> None:
    order = bought(market, game)

    market.wait(days=2, hours=23)
    assert market.word(order) == "queued"
    market.wait(hours=2)
    assert market.word(order) == "queued"  # the shop's patience begins with the release

    market.wait(days=8)
    market.work()
    assert market.word(order) == "refunded"


def test_a_release_that_is_moved_is_kept(market: Market, game: str) -> None:
    order = bought(market, game)
    stock(market, game, 1)
    market.work()
    release(market.shop, game, clock.now() + timedelta(days=6), 5)

    market.wait(days=4)
    assert market.word(order) == "queued"
    market.wait(days=3)
    assert market.word(order) == "delivered"


def test_a_release_that_is_brought_forward_is_kept_too(market: Market, game: str) -> None:
    order = bought(market, game)
    stock(market, game, 1)
    release(market.shop, game, clock.now() + timedelta(hours=1), 5)
    market.work()

    market.wait(hours=1, seconds=1)

    assert market.word(order) == "delivered"


def test_what_is_not_paid_gives_its_pieces_back(market: Market, game: str) -> None:
    lost = market.shop.place(5, sku=game)

    market.pass_time(minutes=16)
    order = bought(market, game, 4)

    assert (market.word(lost), market.word(order), taken(market, game)) == ("expired", "queued", 4)
    assert market.shop.pay(lost)  # the money is there: it is promised over the cap
    assert (market.word(lost), taken(market, game)) == ("queued", 9)
    assert market.shop.read(lambda: pool.rows(PresaleHold)) == []


def test_a_refund_before_the_release_gives_its_pieces_back(market: Market, game: str) -> None:
    order = bought(market, game, 5)

    market.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))

    assert taken(market, game) == 0
    bought(market, game, 5)


def test_many_at_once_never_go_over_the_cap(market: Market, game: str) -> None:
    ended = at_once([lambda: bought(market, game)] * 12)

    said = Counter("sold" if isinstance(one, Order) else type(one).__name__ for one in ended)
    assert said == {"sold": 5, "SoldOut": 7}
    assert (taken(market, game), len(market.shop.read(lambda: pool.rows(Entitlement)))) == (5, 5)


def test_an_order_paid_after_the_release_is_served_at_once(market: Market, game: str) -> None:
    release(market.shop, game, clock.now() + timedelta(minutes=5), 5)
    order = market.shop.place(sku=game)
    stock(market, game, 1)

    market.pass_time(minutes=6)
    assert market.shop.pay(order)
    market.work()

    assert market.word(order) == "delivered"


# Between the release and its work --------------------------------------------------------------------------------


def released(market: Market, sku: str, *quantities: int) -> list[Order]:
    """Return what was bought before the release, which has come while no worker has looked yet."""
    early = []
    for quantity in quantities:
        early.append(bought(market, sku, quantity))
        market.pass_time(seconds=1)
    market.work()
    market.pass_time(days=3)
    return early


def serve(market: Market, sku: str) -> None:
    number = market.shop.read(lambda: goods.sku_of(sku).id)
    market.shop.write(lambda: entitlements.serve_released(number, now=clock.now()))


def test_nobody_new_takes_what_was_promised_before_the_release(market: Market, game: str) -> None:
    stock(market, game, 4)
    early = released(market, game, 2, 1)

    with pytest.raises(OutOfStock) as refused:
        market.shop.place(2, sku=game)
    assert refused.value.left == 1
    new = bought(market, game)
    with pytest.raises(SoldOut):
        market.shop.place(sku=game)
    market.work()

    assert [market.word(order) for order in (*early, new)] == ["delivered"] * 3
    assert taken(market, game) == 0
    stock(market, game, 1)
    bought(market, game)  # it is sold as any other now
    market.assert_no_code_twice()


def test_what_comes_short_stays_kept_for_those_who_bought_before(market: Market, game: str) -> None:
    (early,) = released(market, game, 3)
    stock(market, game, 2)
    market.work()
    assert (market.word(early), taken(market, game)) == ("partially_delivered", 1)

    with pytest.raises(SoldOut):
        market.shop.place(sku=game)
    stock(market, game, 2)
    bought(market, game)

    assert (market.word(early), taken(market, game)) == ("delivered", 0)


def test_what_is_held_from_before_the_release_is_kept_too(market: Market, game: str) -> None:
    release(market.shop, game, clock.now() + timedelta(minutes=5), 5)
    held = market.shop.place(sku=game)
    stock(market, game, 1)
    market.pass_time(minutes=6)

    with pytest.raises(SoldOut):
        market.shop.place(sku=game)
    assert market.shop.pay(held)
    market.work()

    assert market.word(held) == "delivered"


def test_late_money_does_not_overtake_who_paid_before_the_release(market: Market) -> None:
    game = variant(market.shop, Source.POOL)
    stock(market, game, 1)
    late = market.shop.place(sku=game)
    release(market.shop, game, clock.now() + timedelta(hours=1), 5)
    market.wait(minutes=16)  # its hold is over
    early = bought(market, game)
    market.work()
    market.pass_time(hours=1)

    assert market.shop.pay(late)
    market.work()

    assert (market.word(early), market.word(late)) == ("delivered", "queued")


def test_a_release_that_is_ended_serves_those_who_bought_before(market: Market, game: str) -> None:
    early = bought(market, game, 2)
    market.pass_time(seconds=1)
    stock(market, game, 3)
    release(market.shop, game, None)

    bought(market, game)
    with pytest.raises(SoldOut):
        market.shop.place(sku=game)
    market.work()

    assert (market.word(early), taken(market, game)) == ("delivered", 0)


def test_at_the_release_new_buyers_get_just_what_is_left_over(market: Market, game: str) -> None:
    stock(market, game, 6)
    early = released(market, game, 2, 1, 1)

    jobs: list[Callable[[], object]] = [partial(bought, market, game)] * 8
    jobs[4:4] = [partial(serve, market, game)] * 2
    ended = at_once(jobs)
    market.work()

    said = Counter("sold" if isinstance(one, Order) else type(one).__name__ for one in ended)
    assert said == {"sold": 2, "SoldOut": 6, "NoneType": 2}
    assert [market.word(order) for order in early] == ["delivered"] * 3
    assert taken(market, game) == 0
    market.assert_no_code_twice()


def test_in_a_bundle_it_is_waited_for(market: Market, game: str) -> None:
    plain = variant(market.shop, Source.POOL)
    stock(market, plain, 1)
    order = bought(market, bundle(market.shop, (plain, 1, 1), (game, 1, 1)))
    stock(market, game, 1)

    assert {item.state for item in owned(market.shop, order)} == {PROMISED}
    market.work()
    market.wait(days=3, seconds=1)

    assert market.word(order) == "delivered"


def test_a_release_lies_ahead_and_only_a_pool_has_one(market: Market) -> None:
    sku = variant(market.shop, Source.POOL)

    with pytest.raises(Invalid):
        release(market.shop, sku, clock.now() - timedelta(days=1))
    with pytest.raises(Invalid):
        release(market.shop, sku, clock.now() + timedelta(days=1), 0)
