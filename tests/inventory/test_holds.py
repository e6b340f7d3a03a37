"""A hold lasts while somebody pays; what is released goes back, what is sold can be set aside."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.entitlements.models import Entitlement
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.events import CodeQuarantined, CodesFreed, CodesStocked, HoldsLapsed
from app.inventory.models import Code, Status
from app.inventory.service import Owed, Sold, Want
from app.kit import clock, db, events
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from tests.inventory import pool
from tests.make import Shop, make_product

PAST = timedelta(hours=-1)


@pytest.fixture
def sku(shop: Shop) -> UUID:
    return shop.read(lambda: catalog.get_sku(shop.sku).id)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What stock tells to the rest of the house, which does not listen here."""
    heard: list[Any] = []
    kinds = (CodeQuarantined, CodesFreed, CodesStocked, HoldsLapsed)
    monkeypatch.setattr(events, "_now", dict.fromkeys(kinds, (heard.extend,)))
    return heard


def hold(shop: Shop, sku: UUID, quantity: int = 1, *, lasts: timedelta = timedelta(minutes=15)) -> UUID:
    """Hold codes for a part of nobody's order, and return the part."""
    part, now = new_id(), clock.now()
    want = Want(part, sku, quantity)
    shop.write(lambda: inventory.hold([want], until=now + lasts, now=now, today=pool.today()))
    return part


def sell(shop: Shop, sku: UUID, *parts: tuple[UUID, int]) -> list[int]:
    """Sell parts in one call, and return how many codes each got."""
    wants = [Want(part, sku, quantity) for part, quantity in parts]
    sold = shop.write(lambda: inventory.sell(wants, now=clock.now(), today=pool.today()))
    assert [sale.slot for part, _ in parts for sale in sold if sale.part_id == part] == [
        slot for part, _ in parts for slot in range(sum(sale.part_id == part for sale in sold))
    ]
    assert len({sale.code_id for sale in sold}) == len({sale.entitlement_id for sale in sold}) == len(sold)
    return [sum(sale.part_id == part for sale in sold) for part, _ in parts]


def stocked(shop: Shop, count: int, **known: Any) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(count)), **known)


def test_a_hold_that_is_kept_does_not_run_out(shop: Shop, sku: UUID) -> None:
    stocked(shop, 2)
    kept, left = hold(shop, sku, lasts=PAST), hold(shop, sku, lasts=PAST)

    assert shop.write(lambda: inventory.keep([kept, new_id()])) == {kept: 1}

    hold(shop, sku)  # takes the other one back
    with pytest.raises(SoldOut):
        hold(shop, sku)
    assert sell(shop, sku, (left, 1), (kept, 1)) == [0, 1]


def test_what_is_released_is_free_and_told_once(shop: Shop, sku: UUID, told: list[Any]) -> None:
    stocked(shop, 3)
    first, second = hold(shop, sku, 2), hold(shop, sku)
    shop.write(lambda: inventory.keep([first]))
    told.clear()

    freed = [shop.write(lambda: inventory.release([first, second], now=clock.now())) for _ in range(2)]

    assert freed == [{sku}, set()]
    assert [(type(event), event.skus) for event in told] == [(CodesFreed, (sku,))]
    assert shop.stock()["available"] == 3
    assert sell(shop, sku, (first, 2)) == [2]  # money that comes late finds others


def test_a_frozen_code_stays_frozen_when_it_is_released(shop: Shop, sku: UUID) -> None:
    stocked(shop, 1)
    part = hold(shop, sku)
    shop.write(lambda: db.session().execute(update(Code).values(frozen=True)))

    shop.write(lambda: inventory.release([part], now=clock.now()))

    assert shop.stock()["frozen"] == 1
    with pytest.raises(SoldOut):
        hold(shop, sku)


def test_a_frozen_code_is_not_handed_over_and_does_not_stay_with_the_order(shop: Shop, sku: UUID) -> None:
    stocked(shop, 2)
    part = hold(shop, sku)
    shop.write(lambda: inventory.keep([part]))
    shop.write(lambda: db.session().execute(update(Code).where(Code.held_by == part).values(frozen=True)))

    assert sell(shop, sku, (part, 1)) == [1]

    assert (shop.stock()["sold"], shop.stock()["frozen"], shop.stock()["held"]) == (1, 1, 0)
    assert not shop.read(lambda: db.session().scalars(select(Code).where(Code.held_by.is_not(None))).all())


def test_who_waits_is_served_before_who_comes_when_holds_run_out(
    shop: Shop, sku: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(shop, 1)
    hold(shop, sku, lasts=PAST)
    waits = Owed(new_id(), new_id(), sku)
    served: list[Sold] = []

    def serve(_: object) -> None:
        served.extend(inventory.give([waits], now=clock.now(), today=pool.today()))

    monkeypatch.setattr(events, "_now", {CodesFreed: (serve,)})

    with pytest.raises(SoldOut):
        hold(shop, sku)
    assert [sale.entitlement_id for sale in served] == [waits.entitlement_id]


# Giving to those who wait ----------------------------------------------------------------------------------------


def test_codes_go_to_those_who_wait_in_their_order_as_far_as_they_reach(shop: Shop, sku: UUID) -> None:
    other = make_product(shop, kind=catalog.Kind.CODE)
    number = shop.read(lambda: catalog.get_sku(other).id)
    stocked(shop, 3)
    stocked(shop, 1, sku=other)
    part = new_id()
    waiting = [Owed(new_id(), part, sku) for _ in range(2)] + [Owed(new_id(), new_id(), sku) for _ in range(2)]
    elsewhere = [Owed(new_id(), new_id(), number) for _ in range(2)]

    given = shop.write(lambda: inventory.give([*elsewhere, *waiting], now=clock.now(), today=pool.today()))

    assert {sale.entitlement_id for sale in given} == {one.entitlement_id for one in [*waiting[:3], elsewhere[0]]}
    codes = {sale.entitlement_id: shop.read(lambda sale=sale: db.get(Code, sale.code_id)) for sale in given}  # type: ignore[misc]
    assert [codes[one.entitlement_id].line for one in waiting[:3]] == [1, 2, 3]
    assert all(code.status is Status.SOLD and code.entitlement_id == number for number, code in codes.items())
    assert shop.write(lambda: inventory.give(waiting[3:], now=clock.now(), today=pool.today())) == []


def test_each_slice_of_an_import_tells_that_there_is_stock(
    shop: Shop, sku: UUID, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inventory.service.imports.SLICE", 10)
    known = pool.fresh_codes(10)

    pool.bring(shop, "\n".join([*known, *known, *pool.fresh_codes(5)]))

    assert [(event.count, event.skus) for event in told if isinstance(event, CodesStocked)] == [
        (10, (sku,)),
        (5, (sku,)),
    ]


# Setting aside ---------------------------------------------------------------------------------------------------


def test_sold_codes_are_set_aside_once_and_sold_to_nobody(shop: Shop, sku: UUID, told: list[Any]) -> None:
    stocked(shop, 2)
    part, stays = hold(shop, sku), hold(shop, sku)
    wants = [Want(part, sku, 1), Want(stays, sku, 1)]
    gone, _ = shop.write(lambda: inventory.sell(wants, now=clock.now(), today=pool.today()))
    told.clear()

    def set_aside() -> list[Any]:
        return inventory.quarantine([gone.entitlement_id, new_id()], reason="refunded", now=clock.now(), by=SYSTEM)

    first, again = shop.write(set_aside), shop.write(set_aside)

    assert [(code.code_id, code.entitlement_id, code.cost) for code in first] == [
        (gone.code_id, gone.entitlement_id, 1000)
    ]
    assert again == []
    assert [(event.subject_id, event.reason) for event in told] == [(gone.code_id, "refunded")]
    assert (shop.stock()["quarantined"], shop.stock()["sold"]) == (1, 1)
    with pytest.raises(OutOfStock):
        hold(shop, sku)
    assert not shop.read(lambda: db.session().scalars(select(Entitlement)).all())
