"""Which code is sold first is the SKU's strategy; a change of it puts the stock in order while selling goes on."""

from dataclasses import fields
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.catalog.models import Strategy
from app.inventory import rules, service
from app.inventory.errors import OutOfStock
from app.inventory.models import Batch, Code, Status
from app.inventory.queries import REPICK
from app.inventory.service import picking
from app.kit import clock, db, tasks
from app.kit.events import SYSTEM
from tests.inventory import pool
from tests.inventory.test_order_of_sale import buy, said
from tests.make import Shop, at_once

DAY = timedelta(days=1)
AT = datetime(2026, 5, 1, tzinfo=pool.ZONE)


def change(shop: Shop, strategy: Strategy) -> None:
    """Let a shop sell its SKU by another strategy."""
    number = shop.read(lambda: catalog.get_sku(shop.sku).id)
    shop.write(lambda: service.change_strategy(number, strategy, now=clock.now(), by=SYSTEM))


def rank(shop: Shop, batch: Batch, number: int) -> None:
    shop.write(lambda: db.session().execute(update(Batch).where(Batch.id == batch.id).values(rank=number)))


def stock(shop: Shop) -> list[Code]:
    number = shop.read(lambda: catalog.get_sku(shop.sku).id)
    return shop.read(lambda: list(db.session().scalars(select(Code).where(Code.sku_id == number))))


def bring(shop: Shop, count: int, **known: Any) -> tuple[list[str], Batch]:
    codes = pool.fresh_codes(count)
    return codes, pool.bring(shop, "\n".join(codes), **known)


# The rule ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "first", "then"),
    [
        (Strategy.FIRST_IN, {"line": 9}, {"line": 10}),
        (Strategy.FIRST_IN, {"line": 10}, {"at": AT + timedelta(seconds=1), "line": 1}),
        (Strategy.SOONEST, {"expires_on": date(2026, 6, 1), "line": 9}, {"expires_on": date(2026, 6, 2), "line": 1}),
        (Strategy.SOONEST, {"expires_on": date(2050, 6, 1)}, {"expires_on": None}),
        (Strategy.SOONEST, {"expires_on": date(2020, 6, 1)}, {"expires_on": date(2026, 1, 1)}),
        (Strategy.SOONEST, {"line": 9}, {"at": AT + timedelta(seconds=1), "line": 1}),
        (Strategy.SOONEST, {"line": 1}, {"line": 2}),
        (Strategy.RANKED, {"rank": -1, "line": 9}, {"rank": 0, "line": 1}),
        (Strategy.RANKED, {"rank": 5}, {"rank": 100_000}),
        (Strategy.RANKED, {"rank": 5, "line": 9}, {"rank": 5, "at": AT + timedelta(seconds=1), "line": 1}),
    ],
)
def test_a_place_says_what_is_sold_first(strategy: Strategy, first: dict[str, Any], then: dict[str, Any]) -> None:
    def place(at: datetime = AT, line: int = 1, **facts: Any) -> int:
        return rules.pick(at, line, strategy, **facts)

    low, high = rules.span(strategy)
    assert low <= place(**first) < place(**then) <= high


def test_no_two_strategies_share_a_place_and_all_fit_into_a_column() -> None:
    spans = sorted(rules.span(strategy) for strategy in Strategy)

    assert spans[0][0] >= -(2**63)
    assert spans[-1][1] < 2**63
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert len({rules.pick(AT, 1, Strategy.RANDOM) for _ in range(100)}) == 100


# Sales ---------------------------------------------------------------------------------------------------------------


def test_the_soonest_to_expire_is_sold_first_and_what_never_does_last(shop: Shop) -> None:
    change(shop, Strategy.SOONEST)
    never, _ = bring(shop, 1)
    late, _ = bring(shop, 2, expires_on=pool.today() + 30 * DAY)
    soon, _ = bring(shop, 2, expires_on=pool.today() + 3 * DAY)

    assert [said(shop, code) for code in buy(shop, 5)] == soon + late + never


def test_a_lower_rank_is_sold_first(shop: Shop) -> None:
    first, one = bring(shop, 2)
    second, two = bring(shop, 2)
    rank(shop, one, 7)
    rank(shop, two, 3)
    change(shop, Strategy.RANKED)
    shop.drain()

    assert [said(shop, code) for code in buy(shop, 4)] == second + first


def test_at_random_nobody_can_tell_which_comes_next(shop: Shop) -> None:
    change(shop, Strategy.RANDOM)
    codes, _ = bring(shop, 40)

    sold = [said(shop, code) for code in buy(shop, 20)]

    assert sold != codes[:20]
    assert len(set(sold)) == 20


def test_a_change_puts_the_stock_in_order_and_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "SLICE", 3)
    late, _ = bring(shop, 5, expires_on=pool.today() + 30 * DAY)
    soon, _ = bring(shop, 5, expires_on=pool.today() + 3 * DAY)

    change(shop, Strategy.SOONEST)
    shop.drain()
    assert [said(shop, code) for code in buy(shop, 2)] == soon[:2]

    change(shop, Strategy.FIRST_IN)
    shop.drain()
    assert [said(shop, code) for code in buy(shop, 2)] == late[:2]
    task = shop.read(lambda: _task(shop))
    assert task is not None
    assert (task.state, task.done, task.total) == (tasks.State.DONE, 8, 8)


def _task(shop: Shop) -> tasks.Task | None:
    return tasks.find(REPICK, catalog.get_sku(shop.sku).id)


def test_what_is_held_meanwhile_is_put_in_order_when_it_comes_free(shop: Shop) -> None:
    bring(shop, 2)
    shop.place()
    change(shop, Strategy.SOONEST)
    shop.drain()
    low, high = rules.span(Strategy.SOONEST)
    assert sorted(low <= code.pick <= high for code in stock(shop)) == [False, True]

    later = clock.now() + timedelta(minutes=31)
    with clock.running(lambda: later):
        shop.drain()
        shop.drain()  # the order is over after the first

    assert all(low <= code.pick <= high for code in stock(shop))


def test_a_batch_with_new_facts_takes_its_new_place(shop: Shop) -> None:
    change(shop, Strategy.RANKED)
    first, one = bring(shop, 2)
    second, _ = bring(shop, 2)
    rank(shop, one, 9)

    shop.write(lambda: service.repick_batch(one.id, now=clock.now()))
    shop.drain()

    assert [said(shop, code) for code in buy(shop, 4)] == second + first


def test_sales_go_on_while_the_stock_is_put_in_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "SLICE", 20)
    count, buyers = 160, 4
    codes, _ = bring(shop, count)

    def sell() -> list[str]:
        sold: list[str] = []
        for _ in range(count // buyers):
            sold += [said(shop, code) for code in buy(shop)]
        return sold

    def turn_round() -> list[str]:
        for strategy in (Strategy.RANDOM, Strategy.SOONEST, Strategy.RANKED, Strategy.FIRST_IN, Strategy.RANDOM):
            change(shop, strategy)
            shop.drain()
        return []

    answers = at_once([turn_round, *[sell] * buyers])

    broken = [answer for answer in answers if isinstance(answer, BaseException)]
    assert not broken, broken
    sold = [code for answer in answers for code in answer]  # type: ignore[union-attr]
    assert sorted(sold) == sorted(codes)  # nothing twice, nothing lost
    assert {code.status for code in stock(shop)} == {Status.SOLD}
    with pytest.raises(OutOfStock):
        shop.place()


def test_a_rank_or_an_expiry_that_is_corrected_changes_who_is_first(shop: Shop) -> None:
    change(shop, Strategy.RANKED)
    (_, early), (_, late) = (bring(shop, 1) for _ in range(2))
    correct(shop, early, rank=5)

    assert first_picked(shop) == late.id

    change(shop, Strategy.SOONEST)
    shop.drain()
    correct(shop, early, expires_on=pool.today() + timedelta(days=3))

    assert first_picked(shop) == early.id


def test_what_was_frozen_while_the_order_changed_finds_its_place_afterwards(shop: Shop) -> None:
    bring(shop, 1)
    (frozen,) = stock(shop)
    shop.write(lambda: service.freeze(frozen.id, reason="asked", now=clock.now(), by=SYSTEM))
    change(shop, Strategy.SOONEST)
    shop.drain()

    shop.write(lambda: service.unfreeze(frozen.id, reason="", now=clock.now(), by=SYSTEM))
    shop.drain()

    first, last = rules.span(Strategy.SOONEST)
    assert first <= stock(shop)[0].pick <= last


def correct(shop: Shop, batch: Batch, **facts: Any) -> None:
    """Correct facts of a batch by hand, and let the workers carry it to its codes."""
    number = batch.id

    def write() -> None:
        before = db.get(Batch, number)
        known = {field.name: getattr(before, field.name) for field in fields(service.BatchFacts)}
        service.change_batch(number, service.BatchFacts(**known | facts), now=clock.now(), by=SYSTEM)

    shop.write(write)
    shop.drain()


def first_picked(shop: Shop) -> Any:
    return shop.read(lambda: db.session().scalars(select(Code.batch_id).order_by(Code.pick).limit(1)).one())
