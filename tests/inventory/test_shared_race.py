"""However many buy at once, a shared code is used as often as it says; the guard says so, not our locks (B1.1)."""

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.catalog.models import Source
from app.entitlements.models import Entitlement, State
from app.inventory.models import SharedHold
from app.kit import db
from tests.inventory import goods, pool
from tests.inventory.crowd import buy_all
from tests.inventory.goods import share, shared, variant
from tests.make import Shop, at_once

BUYERS, USES = 32, 20
PROCESSES, MANY = (4, 60) if pool.DEPTH < 10 else (32, 2_000)


def test_of_32_buyers_at_once_just_so_many_get_a_use(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    number = share(shop, sku, USES)

    def buy() -> bool:
        return shop.pay(shop.place(sku=sku))

    ended = at_once([buy] * BUYERS)

    assert Counter(one if one is True else type(one).__name__ for one in ended) == {
        True: USES,
        "SoldOut": BUYERS - USES,
    }
    assert shared(shop, number).uses_left == 0
    assert_all_served(shop, USES)


@pytest.mark.parametrize("locks", [True, False], ids=["", "with every lock removed"])
def test_no_use_is_sold_twice_whoever_sells(shop: Shop, locks: bool) -> None:
    sku = variant(shop, Source.SHARED)
    numbers = [share(shop, sku, MANY // 2), share(shop, sku, MANY - MANY // 2)]

    ended = buy_all(replace(shop, sku=sku), processes=PROCESSES, count=MANY + 20, locks=locks)

    ended.pop("locks removed", 0)
    assert ended == {"paid": MANY, "sold out": 20}
    assert [shared(shop, number).uses_left for number in numbers] == [0, 0]
    assert_all_served(shop, MANY)


def assert_all_served(shop: Shop, uses: int) -> None:
    owned = shop.read(lambda: pool.rows(Entitlement))
    assert Counter((item.state, item.shared_id is None) for item in owned) == {(State.READY, False): uses}
    assert shop.read(lambda: db.session().scalar(select(func.count()).select_from(SharedHold))) == 0


def test_each_code_is_used_as_often_as_it_says(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    numbers = [share(shop, sku, uses) for uses in (1, 5, 3)]

    at_once([lambda: shop.pay(shop.place(2, sku=sku))] * 8)

    used = Counter(item.shared_id for item in shop.read(lambda: pool.rows(Entitlement)))
    for number, uses in zip(numbers, (1, 5, 3), strict=True):
        assert used[number] + shared(shop, number).uses_left == uses
    assert goods.left(shop, sku) == 9 - sum(used.values()) == 1
