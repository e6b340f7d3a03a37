"""A part that wants more codes than a statement takes is held and sold in slices: all or none, each code once."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from app.catalog import queries as catalog
from app.inventory import service as inventory
from app.inventory.allocation import AT_ONCE
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.service import Want
from app.kit import clock, db
from app.kit.ids import new_id
from tests.inventory import pool
from tests.inventory.test_holds import hold, sell, stocked
from tests.make import Shop, at_once

LARGE = 2 * AT_ONCE + 7


@pytest.fixture
def sku(shop: Shop) -> UUID:
    return shop.read(lambda: catalog.get_sku(shop.sku).id)


def test_a_large_part_is_held_and_sold_whole(shop: Shop, sku: UUID) -> None:
    stocked(shop, LARGE + 3)

    part = hold(shop, sku, LARGE)

    assert (shop.stock()["held"], shop.stock()["available"]) == (LARGE, 3)
    assert sell(shop, sku, (part, LARGE)) == [LARGE]
    assert (shop.stock()["sold"], shop.stock()["held"]) == (LARGE, 0)


def test_parts_of_one_call_that_meet_in_a_slice_each_get_their_own(shop: Shop, sku: UUID) -> None:
    stocked(shop, LARGE)
    first, second, now = new_id(), new_id(), clock.now()
    wants = [Want(first, sku, AT_ONCE + 3), Want(second, sku, LARGE - AT_ONCE - 3)]

    held = shop.write(lambda: inventory.hold(wants, until=now, now=now, today=pool.today()))

    assert [len(each.codes) for each in held] == [AT_ONCE + 3, LARGE - AT_ONCE - 3]
    assert len({code for each in held for code in each.codes}) == LARGE


def test_one_code_too_few_holds_none(shop: Shop, sku: UUID) -> None:
    stocked(shop, LARGE - 1)

    with pytest.raises(OutOfStock) as refused:
        hold(shop, sku, LARGE)

    assert refused.value.left == LARGE - 1
    assert shop.stock()["available"] == LARGE - 1


def test_of_two_who_want_all_of_it_at_once_one_gets_it(shop: Shop, sku: UUID) -> None:
    stocked(shop, LARGE)

    answers = at_once([partial(hold, shop, sku, LARGE)] * 4)

    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert all(isinstance(answer, UUID | OutOfStock | SoldOut) for answer in answers)
    assert (shop.stock()["held"], shop.stock()["available"]) == (LARGE, 0)


def test_each_slice_is_one_statement(shop: Shop, sku: UUID) -> None:
    stocked(shop, LARGE)
    ran: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "code" in statement:
            ran.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    part = hold(shop, sku, LARGE)
    held = len(ran)
    sell(shop, sku, (part, LARGE))
    event.remove(db.engine(), "before_cursor_execute", note)

    assert held == 1 + 3  # whether there are enough, then a claim for each slice
    assert len(ran) - held == 3
