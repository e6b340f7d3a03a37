"""A watch sleeps until something is due, and hears whoever wakes it, also while it looks."""

import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.kit import clock, db, tasks
from app.kit.ids import new_id
from app.kit.tasks import State, Step, leases
from app.kit.tasks.book import WATCH
from tests.engines import on_postgresql
from tests.kit import shelf
from tests.kit.counting import Counter
from tests.kit.outside import later
from tests.make import at_once


def watch(merchant: int) -> tasks.Task:
    found = db.read(merchant, lambda: tasks.find("count", WATCH))
    assert found is not None
    return found


def wake(merchant: int, at: datetime) -> None:
    db.write(merchant, lambda: tasks.wake("count", at))


def test_a_watch_sleeps_until_it_is_due_and_looks(merchant: int, counter: Counter) -> None:
    counter.total, at = 1, clock.now() + timedelta(minutes=15)
    wake(merchant, at)

    assert tasks.drain() == 0
    with later(minutes=16):
        assert tasks.drain() == 1

    assert watch(merchant).state == State.DONE


def test_a_watch_wakes_at_the_earliest_time_it_was_told(merchant: int, counter: Counter) -> None:
    now = clock.now()

    for minutes in (30, 15, 45):
        wake(merchant, now + timedelta(minutes=minutes))

    assert watch(merchant).due_at == now + timedelta(minutes=15)


def test_a_watch_that_finished_sleeps_until_the_next_look(merchant: int, counter: Counter) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    counter.total, counter.again_at = 1, lambda: tomorrow
    wake(merchant, clock.now())

    assert tasks.drain() == 1

    assert (watch(merchant).state, watch(merchant).due_at) == (State.WAITING, tomorrow)


def test_a_watch_that_is_due_again_at_once_does_not_spin(merchant: int, counter: Counter) -> None:
    counter.total, counter.again_at = 1, clock.now
    wake(merchant, clock.now())

    assert tasks.drain() == 1
    assert clock.now() < watch(merchant).due_at < clock.now() + timedelta(seconds=2)


def test_a_watch_that_ended_or_failed_is_woken_again(merchant: int, counter: Counter) -> None:
    def fail(_: UUID) -> None:
        raise LookupError

    counter.total = 1
    wake(merchant, clock.now())
    tasks.drain()
    assert watch(merchant).state == State.DONE
    counter.during = fail
    wake(merchant, clock.now())
    for hours in range(9):
        with later(hours=hours):
            tasks.drain()
    assert watch(merchant).state == State.FAILED
    counter.during = lambda _: None

    wake(merchant, clock.now())

    assert (watch(merchant).state, watch(merchant).attempts) == (State.WAITING, 0)
    tasks.drain()
    assert watch(merchant).state == State.DONE


@on_postgresql
@pytest.mark.parametrize("sleep", [None, timedelta(days=1)])
@pytest.mark.parametrize("minutes", [0, 10])
def test_a_wake_that_comes_while_a_step_runs_is_heard(
    merchant: int, counter: Counter, sleep: timedelta | None, minutes: int
) -> None:
    at = clock.now() + timedelta(minutes=minutes)
    counter.total = 1
    counter.again_at = lambda: clock.now() + sleep if sleep else None
    counter.during = lambda _: at_once([lambda: wake(merchant, at)]) if len(counter.steps) == 1 else None
    wake(merchant, clock.now())

    tasks.drain()

    woken = watch(merchant)
    assert woken.state == State.WAITING or len(counter.steps) > 1
    assert woken.due_at <= max(at, clock.now() + leases.LEASE) or len(counter.steps) > 1


@on_postgresql
def test_a_wake_that_is_not_yet_committed_when_the_step_looks_is_heard(merchant: int, counter: Counter) -> None:
    inside, go_on = threading.Event(), threading.Event()
    counter.total = 1
    wake(merchant, clock.now())

    def place() -> None:
        def buy() -> None:
            tasks.wake("count", clock.now() + timedelta(seconds=2))
            inside.set()
            go_on.wait(5)

        db.write(merchant, buy)

    def look() -> int:
        inside.wait(5)
        threading.Timer(0.3, go_on.set).start()
        return tasks.drain()

    at_once([place, look])

    assert watch(merchant).state == State.WAITING or len(counter.steps) > 1


@on_postgresql
def test_buyers_do_not_queue_at_a_watch_that_looks_in_time_anyway(merchant: int, counter: Counter) -> None:
    at = clock.now() + timedelta(minutes=15)
    wake(merchant, at)

    def hold() -> Any:
        tasks.wake("count", at + timedelta(minutes=1))
        return at_once([lambda: wake(merchant, at + timedelta(minutes=2))])

    assert db.write(merchant, hold) == [None]  # else the inner one waits for the outer one's lock, and times out


@on_postgresql
def test_many_who_wake_at_once_wake_one_watch(merchant: int, counter: Counter) -> None:
    now = clock.now()
    moments = [now + timedelta(minutes=20 + minutes) for minutes in range(8)]

    at_once([lambda at=at: wake(merchant, at) for at in moments])  # type: ignore[misc]

    assert watch(merchant).due_at == moments[0]


def test_a_step_says_how_far_it_came() -> None:
    assert Step(False) == Step(finished=False, done=0, total=0, again_at=None)


def test_a_watch_of_a_subject_is_its_own(merchant: int, counter: Counter) -> None:
    counter.total, subject = 1, new_id()
    db.write(merchant, lambda: tasks.wake("count", clock.now(), subject))

    tasks.drain()

    assert counter.steps == [subject]
    assert shelf.look(merchant) == {subject: 1}
