"""Lanes: a channel sells from its own share of the stock, in its own order, and never from another's."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.inventory import service
from app.inventory.errors import LaneInUse, OutOfStock, SoldOut
from app.inventory.models import Batch, Code, Status
from app.inventory.queries import count_by_lane, list_lanes, stock_of
from app.inventory.service import Owed, Want
from app.inventory.walks import COMPANY, SHOP
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from tests.inventory import pool
from tests.make import Shop, at_once

MINUTE = timedelta(minutes=1)


def sku_of(shop: Shop) -> UUID:
    return shop.read(lambda: catalog.get_sku(shop.sku).id)


def lane(shop: Shop, name: str, **known: Any) -> int:
    """Give a SKU one more lane."""
    number = sku_of(shop)
    known = {"steer_days": None, "now": clock.now(), "by": SYSTEM} | known
    return shop.write(lambda: service.set_lane(number, name=name, **known)).number


def walk(shop: Shop, /, **walks: tuple[int, ...]) -> None:
    number = sku_of(shop)
    every: dict[str, tuple[int, ...]] = {SHOP: (0,), COMPANY: (0,)}
    shop.write(lambda: service.set_walks(number, every | walks, now=clock.now(), by=SYSTEM))


def move(shop: Shop, count: int, source: int, target: int) -> int:
    facts: dict[str, Any] = {"source": source, "target": target, "count": count, "now": clock.now(), "by": SYSTEM}
    number = sku_of(shop)
    return shop.write(lambda: service.move_codes(number, **facts))


def hold(shop: Shop, quantity: int, channel: str = SHOP, at: datetime | None = None) -> UUID:
    """Hold codes for somebody who buys through a channel."""
    want, now = Want(new_id(), sku_of(shop), quantity, channel=channel), at or clock.now()
    shop.write(lambda: service.hold([want], until=now + MINUTE, now=now, today=pool.today(now)))
    return want.part_id


def give(shop: Shop, quantity: int, channel: str = SHOP, at: datetime | None = None) -> int:
    """Give codes to somebody who has paid and waits, and return how many there were."""
    owed, now = [Owed(new_id(), new_id(), sku_of(shop), channel=channel) for _ in range(quantity)], at or clock.now()
    return len(shop.write(lambda: service.give(owed, now=now, today=pool.today(now))))


def lanes_of(shop: Shop, part: UUID) -> list[int]:
    query = select(Code.lane).where(Code.held_by == part).order_by(Code.lane)
    return shop.read(lambda: list(db.session().scalars(query)))


def free(shop: Shop) -> dict[int, int]:
    number = sku_of(shop)
    return shop.read(lambda: count_by_lane(number, today=pool.today()))


@pytest.fixture
def shared(shop: Shop) -> Shop:
    """A shop with six codes: four in its main lane, two kept for companies, which look there first."""
    pool.bring(shop, "\n".join(pool.fresh_codes(6)))
    kept = lane(shop, "Kept for companies")
    assert move(shop, 2, 0, kept) == 2
    walk(shop, company=(kept, 0))
    return shop


def test_a_channel_takes_the_first_lane_first_and_what_it_lacks_from_the_next(shared: Shop) -> None:
    part = hold(shared, 3, COMPANY)

    assert lanes_of(shared, part) == [0, 1, 1]


def test_a_channel_never_sells_from_a_lane_it_does_not_walk(shared: Shop) -> None:
    with pytest.raises(OutOfStock, match="Only 4 left"):
        hold(shared, 5)
    assert lanes_of(shared, hold(shared, 4)) == [0, 0, 0, 0]
    with pytest.raises(SoldOut):
        hold(shared, 1)
    assert give(shared, 3) == 0

    assert free(shared) == {1: 2}


def test_all_lanes_together_hold_all_or_nothing(shared: Shop) -> None:
    with pytest.raises(OutOfStock, match="Only 6 left"):
        hold(shared, 7, COMPANY)
    assert free(shared) == {0: 4, 1: 2}

    assert lanes_of(shared, hold(shared, 6, COMPANY)) == [0, 0, 0, 0, 1, 1]


def test_a_large_hold_walks_too(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(500)))
    kept = lane(shop, "Kept")
    move(shop, 230, 0, kept)
    walk(shop, shop=(kept, 0))

    part = hold(shop, 480)

    held = lanes_of(shop, part)
    assert (held.count(kept), held.count(0)) == (230, 250)
    with pytest.raises(OutOfStock, match="Only 20 left"):
        hold(shop, 21)


def test_who_has_paid_gets_what_his_lanes_have_and_waits_for_the_rest(shared: Shop) -> None:
    assert give(shared, 8, COMPANY) == 6
    assert free(shared) == {}


def test_a_sale_of_the_shop_whose_hold_is_lost_finds_nothing_in_a_reserve(shared: Shop) -> None:
    order = shared.place(4, at=clock.now() - timedelta(hours=1))
    hold(shared, 4)  # takes them back

    assert shared.pay(order)

    owned = shared.read(lambda: entitled.list_of_order(order.id))
    assert [item.code_id for item in owned] == [None] * 4
    assert free(shared) == {1: 2}


def test_who_waits_is_served_when_codes_move_into_his_lane(shared: Shop) -> None:
    order = shared.place(4, at=clock.now() - timedelta(hours=1))
    hold(shared, 4)
    assert shared.pay(order)

    move(shared, 1, 1, 0)

    owned = shared.read(lambda: entitled.list_of_order(order.id))
    assert sum(item.code_id is not None for item in owned) == 1


def test_racing_channels_take_each_code_once(shared: Shop) -> None:
    answers = at_once([lambda: hold(shared, 1, COMPANY)] * 5 + [lambda: hold(shared, 1)] * 5)

    held = [answer for answer in answers if isinstance(answer, UUID)]
    assert all(isinstance(answer, UUID | OutOfStock) for answer in answers), answers
    assert len(held) == 6 or free(shared) == {1: 6 - len(held)}  # the shop leaves the reserve alone
    assert sum(len(lanes_of(shared, part)) for part in held) == len(held)


def test_codes_come_in_where_their_batch_says(shop: Shop) -> None:
    kept = lane(shop, "Kept")
    batch = pool.bring(shop, "\n".join(pool.fresh_codes(3)), seconds=0)
    shop.write(lambda: db.session().execute(update(Batch).where(Batch.id == batch.id).values(lane=kept)))
    shop.drain()

    assert free(shop) == {kept: 3}


def test_people_are_told_the_stock_that_the_shop_may_sell(shared: Shop) -> None:
    shared.drain()

    number = sku_of(shared)
    assert shared.read(lambda: stock_of([number])) == {number: 4}


@pytest.mark.parametrize("channel", [SHOP, COMPANY])
def test_no_lane_sells_a_code_after_its_last_second(shop: Shop, channel: str) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(4)), expires_on=pool.today())
    kept = lane(shop, "Kept")
    move(shop, 2, 0, kept)
    walk(shop, shop=(kept, 0), company=(kept, 0))
    midnight = datetime.combine(pool.today() + timedelta(days=1), datetime.min.time(), pool.ZONE)

    assert lanes_of(shop, hold(shop, 3, channel, at=midnight - timedelta(seconds=1))) == [0, kept, kept]
    with pytest.raises(SoldOut):
        hold(shop, 1, channel, at=midnight)
    assert give(shop, 1, channel, at=midnight) == 0
    assert give(shop, 1, channel, at=midnight - timedelta(seconds=1)) == 1


# Steering ----------------------------------------------------------------------------------------------------------


def test_what_expires_soon_is_steered_at_the_turn_of_the_day(shop: Shop) -> None:
    for days in (2, 8, 40):
        pool.bring(shop, "\n".join(pool.fresh_codes(days)), expires_on=pool.today() + timedelta(days=days))
    month = lane(shop, "A month", steer_days=30)
    week = lane(shop, "A week", steer_days=7)

    shop.drain()
    assert free(shop) == {0: 40, month: 8, week: 2}

    later = clock.now() + timedelta(days=2)
    with clock.running(lambda: later):
        shop.drain()
    assert free(shop) == {0: 40, week: 10}


def test_expired_codes_leave_the_stock_that_people_see(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(3)), expires_on=pool.today())
    shop.drain()
    number = sku_of(shop)
    assert shop.read(lambda: stock_of([number])) == {number: 3}

    later = clock.now() + timedelta(days=1)
    with clock.running(lambda: later):
        shop.drain()
    assert shop.read(lambda: stock_of([number])) == {number: 0}


# Keeping lanes -------------------------------------------------------------------------------------------------------


def test_a_lane_goes_only_when_it_is_empty(shared: Shop) -> None:
    number = sku_of(shared)

    def drop() -> None:
        shared.write(lambda: service.drop_lane(number, 1, now=clock.now(), by=SYSTEM))

    part = hold(shared, 1, COMPANY)
    assert move(shared, 5, 1, 0) == 1
    with pytest.raises(LaneInUse):
        drop()  # a hold may come free
    shared.write(lambda: service.release([part], now=clock.now()))
    assert move(shared, 5, 1, 0) == 1
    drop()

    assert shared.read(lambda: list_lanes(number)) == []
    assert lanes_of(shared, hold(shared, 6, COMPANY)) == [0] * 6


def test_only_free_codes_move(shared: Shop) -> None:
    hold(shared, 4)

    assert move(shared, 9, 0, 1) == 0
    assert shared.read(lambda: {row.status for row in pool.rows(Code) if row.lane == 0}) == {Status.HELD}


@pytest.mark.parametrize(
    ("name", "days", "field"),
    [("", None, "name"), ("Kept for companies", None, "name"), ("x" * 41, None, "name"), ("y", -1, "steer_days")],
)
def test_a_lane_has_a_name_of_its_own(shared: Shop, name: str, days: int | None, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        lane(shared, name, steer_days=days)

    assert set(refused.value.fields) == {field}


def test_a_channel_sells_from_somewhere(shared: Shop) -> None:
    with pytest.raises(Invalid):
        walk(shared, shop=())
    with pytest.raises(Invalid):
        walk(shared, shop=(7,))
