"""Money that comes when holds ran out: who still holds a code gets it, who lost it gets another while there are any."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from app.inventory import allocation, handover
from app.inventory import service as inventory
from app.inventory.models import Code, Status
from app.kit import clock, db
from app.kit.ids import new_id
from app.orders.models import Fulfilment, Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.queries import Wire
from tests.inventory import pool
from tests.inventory.test_holds import PAST, hold, sell, sku, stocked
from tests.make import Shop

__all__ = ["sku"]


def pay_together(shop: Shop, orders: list[Order]) -> None:
    """Apply the notices of several orders in one unit, in this order."""
    channel = shop.read(lambda: paying.get_channel(shop.method_id))
    notices = [shop.notice(order) for order in orders]
    arrived = [payments.verify(channel, Wire(notice.headers(), notice.body), now=clock.now()) for notice in notices]
    shop.write(lambda: payments.apply(arrived))


@pytest.mark.parametrize("first", ["lost", "held"])
def test_of_late_payments_in_one_batch_none_takes_what_another_still_holds(shop: Shop, first: str) -> None:
    now = clock.now()
    stocked(shop, 2)
    lost = [shop.place(at=now - timedelta(hours=2)) for _ in range(2)]
    for _ in lost:
        shop.place()  # takes its code
    stocked(shop, 5)
    held = [shop.place(quantity, at=now - timedelta(hours=1)) for quantity in (1, 3, 1)]

    pay_together(shop, [*lost, *held] if first == "lost" else [*held, *lost])

    assert [shop.order(order).fulfilment for order in held] == [Fulfilment.DONE] * 3
    assert [shop.order(order).fulfilment for order in lost] == [Fulfilment.QUEUED] * 2
    assert shop.stock()["sold"] == 5


@pytest.mark.parametrize("seed", range(4 * pool.DEPTH))
def test_any_batch_of_late_payments_gives_each_its_own_and_the_rest_in_order(shop: Shop, sku: UUID, seed: int) -> None:
    chance = random.Random(seed)
    parts = []
    for _ in range(6):
        quantity, way = chance.randint(1, 3), chance.choice(["lost", "ran out", "kept", "in force"])
        if way != "lost":
            stocked(shop, quantity)
        part = new_id() if way == "lost" else hold(shop, sku, quantity, lasts=PAST if way == "ran out" else -PAST)
        if way == "kept":
            shop.write(lambda part=part: inventory.keep([part]))  # type: ignore[misc]
        parts.append((part, quantity, way))
    spare = chance.randint(0, 4)
    if spare:
        stocked(shop, spare)
    chance.shuffle(parts)

    got = sell(shop, sku, *((part, quantity) for part, quantity, _ in parts))

    for (_, quantity, way), count in zip(parts, got, strict=True):
        expected = quantity if way != "lost" else min(quantity, spare)
        spare -= expected if way == "lost" else 0
        assert count == expected
    assert shop.stock()["held"] == 0


def test_a_part_gets_what_is_there_even_if_it_is_not_all(shop: Shop, sku: UUID) -> None:
    stocked(shop, 2)

    assert sell(shop, sku, (new_id(), 3), (new_id(), 1)) == [2, 0]


def test_a_part_whose_codes_are_taken_back_at_that_very_moment_looks_again(
    shop: Shop, sku: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(shop, 2)
    part = hold(shop, sku, 2, lasts=PAST)
    sell_held = handover.sell_held

    def too_late(*args: object, **more: object) -> object:
        allocation.take_back(sku, clock.now())
        return sell_held(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(handover, "sell_held", too_late)

    assert sell(shop, sku, (part, 2)) == [2]


def test_an_expired_code_is_handed_over_while_its_hold_is_kept(shop: Shop, sku: UUID) -> None:
    stocked(shop, 2, expires_on=pool.today())
    kept, ran_out = hold(shop, sku, lasts=PAST), hold(shop, sku, lasts=PAST)
    shop.write(lambda: inventory.keep([kept]))
    yesterday = pool.today() - timedelta(days=1)
    shop.write(lambda: db.session().execute(update(Code).values(expires_on=yesterday)))

    assert sell(shop, sku, (ran_out, 1), (kept, 1)) == [0, 1]

    assert shop.stock()["expired"] == 1
    assert Status.HELD not in {code.status for code in shop.read(lambda: pool.rows(Code))}


def test_big_orders_are_handed_over_in_several_statements(
    shop: Shop, sku: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "AT_ONCE", 2)
    stocked(shop, 12)
    parts = [(hold(shop, sku, quantity), quantity) for quantity in (3, 1, 5)]

    assert sell(shop, sku, *parts, (new_id(), 4)) == [3, 1, 5, 3]
