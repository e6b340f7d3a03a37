"""Codes that are made and moved slice by slice: ended half-way, and killed at every commit."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.catalog.models import Kind
from app.inventory import queries, service
from app.inventory.errors import NotMaking, NotMoving, NotRunning
from app.inventory.models import BatchState, Code
from app.inventory.service import generating, moving
from app.kit import clock, db, tasks
from app.kit.errors import NotFound
from app.kit.events import SYSTEM, EventRow
from app.kit.ids import new_id
from app.kit.tasks import leases
from tests.inventory.test_generate import batch_of, count, generate, move, sku_id
from tests.inventory.test_killed import drain, later, run_until
from tests.make import Shop, make_product

FAR = 60


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "SLICE", 4)
    monkeypatch.setattr(moving, "SLICE", 4)


def told(shop: Shop, name: str) -> list[EventRow]:
    return list(shop.read(lambda: db.session().scalars(select(EventRow).where(EventRow.name == name)).all()))


def cancel_making(shop: Shop, number: UUID) -> None:
    shop.write(lambda: service.cancel_generating(number, by=SYSTEM, now=clock.now()))


def cancel_move(shop: Shop, number: UUID) -> None:
    shop.write(lambda: service.cancel_move(number, by=SYSTEM, now=clock.now()))


def step(shop: Shop, kind: str, number: UUID) -> None:
    """Take one slice, and let go."""
    task = shop.read(lambda: tasks.find(kind, number))
    assert task
    lease = shop.write(lambda: leases.take(task.id))
    assert lease
    shop.write(lambda: leases.advance(lease, keep=False))


def test_making_that_is_ended_keeps_what_was_made(stall: Shop) -> None:
    number = generate(stall, count=10)
    stall.write(lambda: service.generate_slice(number, 10, now=clock.now()))

    cancel_making(stall, number)
    stall.drain()

    batch, task = batch_of(stall, number), stall.read(lambda: tasks.find(queries.GENERATE, number))
    assert (batch.state, batch.imported, count(stall, Code.batch_id == number)) == (BatchState.READY, 4, 4)
    assert task
    assert (task.state, task.total) == (tasks.State.CANCELLED, 10)
    (row,) = (row for row in told(stall, "codes.making_cancelled") if row.subject_id == number)
    assert (row.data["made"], row.data["wanted"]) == (4, 10)
    assert stall.pay(stall.place(4))


def test_making_that_is_over_or_somebody_elses_is_not_ended(stall: Shop, other: Shop) -> None:
    number = generate(stall, count=3)
    with pytest.raises(NotFound):
        cancel_making(other, number)
    with pytest.raises(NotRunning):
        stall.write(lambda: service.cancel_import(number, by=SYSTEM, now=clock.now()))
    stall.drain()
    with pytest.raises(NotMaking):
        cancel_making(stall, number)
    assert count(stall, Code.batch_id == number) == 3


def test_a_move_that_is_ended_leaves_what_has_moved_there_and_the_rest_here(stall: Shop) -> None:
    other = make_product(stall, kind=Kind.CODE)
    stall.codes(10)
    number = move(stall, other, 10)
    step(stall, queries.MOVE, number)

    cancel_move(stall, number)
    stall.drain()

    here, there = (count(stall, Code.sku_id == sku_id(stall, code)) for code in (stall.sku, other))
    task = stall.read(lambda: queries.get_move(number))[1]
    assert (here + there, there % 4, 0 < there < 10) == (10, 0, True)
    assert (task.state, task.done, task.total) == (tasks.State.CANCELLED, there, 10)
    (row,) = (row for row in told(stall, "codes.move_cancelled") if row.subject_id == sku_id(stall))
    assert (row.data["moved"], row.data["count"]) == (there, 10)
    with pytest.raises(NotMoving):
        cancel_move(stall, number)


def test_nobody_ends_or_sees_the_move_of_another(stall: Shop, other: Shop) -> None:
    card = make_product(stall, kind=Kind.CODE)
    stall.codes(2)
    number = move(stall, card, 2)
    for unknown in (number, new_id()):
        with pytest.raises(NotFound):
            cancel_move(other, unknown)
    stall.drain()
    assert count(stall, Code.sku_id == sku_id(stall, card)) == 2


def killed_everywhere(begin: Callable[[], UUID], whole: Callable[[UUID], bool]) -> int:
    """Kill the work at its first commit, the next at its second, until one lives; tell how many were killed."""
    for point in range(1, FAR):
        number = begin()
        done = run_until(point, drain)
        if not done and point % 2:
            run_until(1 + point % 3, later(2, drain))
        later(4, drain)()
        assert whole(number), point
        if done:
            return point - 1
    raise AssertionError("it never came to its end")


def test_killed_at_any_commit_just_so_many_codes_are_made(stall: Shop) -> None:
    def whole(number: UUID) -> bool:
        batch = batch_of(stall, number)
        return (batch.state, batch.imported, count(stall, Code.batch_id == number)) == (BatchState.READY, 14, 14)

    assert killed_everywhere(lambda: generate(stall, count=14), whole) >= 4


def test_killed_at_any_commit_all_codes_move_once(stall: Shop) -> None:
    other = make_product(stall, kind=Kind.CODE)

    def begin() -> UUID:
        batch = stall.codes(14)
        begun.append(batch.id)
        return move(stall, other, 14)

    def whole(number: UUID) -> bool:
        task = stall.read(lambda: queries.get_move(number))[1]
        there = count(stall, Code.batch_id == begun[-1], Code.sku_id == sku_id(stall, other))
        return (task.state, task.done, there) == (tasks.State.DONE, 14, 14)

    begun: list[UUID] = []
    assert killed_everywhere(begin, whole) >= 4


def test_the_rate_of_making_counts_codes_and_not_lines(stall: Shop) -> None:
    number = generate(stall, count=8)
    stall.write(lambda: service.generate_slice(number, 8, now=clock.now()))
    progress = stall.read(lambda: queries.progress_of(queries.get_batch(number)))
    assert (progress.done, progress.total) == (4, 8)
    assert progress.seconds_left(progress.began_at + timedelta(seconds=10)) == 10
