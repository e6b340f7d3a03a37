"""Nobody is told "sold out" while there is stock, however it is locked at that moment (B1.5)."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.catalog import queries as catalog
from app.inventory import allocation
from app.inventory import service as inventory
from app.inventory.errors import OutOfStock
from app.inventory.service import Want
from app.kit import clock
from app.kit.ids import new_id
from app.orders.models import Order
from tests.engines import on_postgresql
from tests.inventory import pool
from tests.make import Shop, at_once

LAST = 10
PAUSE = 0.15


class Undo(Exception):
    """Rolls a unit back."""


def sku_of(shop: Shop) -> UUID:
    return shop.read(lambda: catalog.get_sku(shop.sku).id)


def blocker(shop: Shop, ready: threading.Barrier, doing: Callable[[], object], *, keeps: bool) -> Callable[[], None]:
    """Return somebody who does something to stock, dawdles with it, and then keeps or undoes it."""

    def block() -> None:
        doing()
        ready.wait(10)
        threading.Event().wait(PAUSE)
        if not keeps:
            raise Undo

    def run() -> None:
        with contextlib.suppress(Undo):
            shop.write(block)

    return run


def buyer(shop: Shop, ready: threading.Barrier, quantity: int) -> Callable[[], str]:
    def buy() -> str:
        ready.wait(10)
        try:
            order = shop.place(quantity)
        except OutOfStock:
            return "sold out"
        return "bought" if isinstance(order, Order) else "?"

    return buy


def take(sku: UUID, quantity: int) -> Callable[[], object]:
    now = clock.now()
    want = Want(new_id(), sku, quantity)
    return lambda: inventory.hold([want], until=now + timedelta(minutes=15), now=now, today=pool.today())


def meet(shop: Shop, blocks: list[tuple[Callable[[], object], bool]], quantities: list[int]) -> Counter[str]:
    """Let buyers come while others lock what there is, and return how they fared."""
    ready = threading.Barrier(len(blocks) + len(quantities))
    jobs: list[Any] = [blocker(shop, ready, doing, keeps=keeps) for doing, keeps in blocks]
    ended = at_once([*jobs, *(buyer(shop, ready, quantity) for quantity in quantities)])
    assert not [error for error in ended if isinstance(error, BaseException)]
    return Counter(one for one in ended if isinstance(one, str))


@pytest.mark.parametrize("quantity", [1, 2])
def test_false_sold_out(shop: Shop, quantity: int) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(LAST)))

    ended = meet(shop, [(take(sku_of(shop), LAST), False)], [quantity] * (LAST // quantity + 2))

    assert ended == {"bought": LAST // quantity, "sold out": 2}


@on_postgresql  # on SQLite one writes at a time
def test_false_sold_out_with_each_of_the_last_codes_locked_by_somebody_else(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(LAST)))
    sku = sku_of(shop)

    ended = meet(shop, [(take(sku, 1), number == 0) for number in range(5)], [1] * LAST)

    assert ended == {"bought": LAST - 1, "sold out": 1}


@pytest.mark.parametrize("keeps", [True, False], ids=["leaves some", "leaves all"])
def test_holds_that_somebody_is_just_taking_back_are_stock(shop: Shop, keeps: bool) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(LAST)))
    sku, now = sku_of(shop), clock.now()
    past = now - timedelta(hours=1)
    for _ in range(LAST):
        want = Want(new_id(), sku, 1)
        shop.write(lambda want=want: inventory.hold([want], until=past, now=now, today=pool.today()))  # type: ignore[misc]

    ended = meet(shop, [(take(sku, 1), keeps)], [1] * LAST)

    assert ended == ({"bought": LAST - 1, "sold out": 1} if keeps else {"bought": LAST})


def test_what_comes_free_between_two_looks_is_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(1)))
    want, claim, looks = Want(new_id(), sku_of(shop), 1), allocation.claim, []
    now = clock.now()
    shop.write(lambda: inventory.hold([want], until=now + timedelta(hours=1), now=now, today=pool.today()))

    def released_after(**more: Any) -> Any:
        looks.append(more.get("wait", False))
        answer = claim(**more)
        if looks == [False, True]:
            allocation.release([want.part_id])
        return answer

    monkeypatch.setattr(allocation, "claim", released_after)

    assert isinstance(shop.place(), Order)
    assert looks == [False, True, True]
