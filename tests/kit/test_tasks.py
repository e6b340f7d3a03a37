"""A task does its work once, step by step, whatever dies."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest

from app.kit import clock, db, tasks
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.tasks import State, leases
from tests.engines import on_postgresql
from tests.kit.counting import Counter, begun, counted, task, wired
from tests.kit.outside import Killed, dying_at, later
from tests.make import at_once

# Work ----------------------------------------------------------------------------------------------------------------


def test_a_task_is_done_step_by_step_with_its_progress(merchant: int, counter: Counter) -> None:
    number = begun(merchant, total=3)
    assert (task(merchant, number).done, task(merchant, number).total) == (0, 3)

    assert tasks.drain() == 3
    assert tasks.drain() == 0

    ended = task(merchant, number)
    assert (ended.state, ended.done, ended.total, ended.lease_until) == (State.DONE, 3, 3, None)
    assert ended.finished_at is not None
    assert counted(merchant, number) == 3


def test_a_task_is_not_begun_before_it_is_due(merchant: int, counter: Counter) -> None:
    begun(merchant, due_at=clock.now() + timedelta(minutes=5))

    assert tasks.drain() == 0
    with later(minutes=6):
        assert tasks.drain() == 3


def test_the_same_work_is_one_task(merchant: int, counter: Counter) -> None:
    subject, soon = new_id(), clock.now() + timedelta(minutes=1)

    numbers = {begun(merchant, subject, due_at=soon + timedelta(minutes=minutes)) for minutes in (5, 0, 9)}

    (number,) = numbers
    assert task(merchant, number).due_at == soon


def test_work_that_was_done_can_be_started_again(merchant: int, counter: Counter) -> None:
    subject = new_id()
    number = begun(merchant, subject)
    tasks.drain()
    counter.total = 5

    assert begun(merchant, subject, total=5) == number
    again = task(merchant, number)
    assert (again.state, again.done, again.total, again.finished_at) == (State.WAITING, 0, 5, None)
    tasks.drain()

    assert counted(merchant, number) == 5


def test_a_task_nobody_wired_is_a_mistake_of_ours(merchant: int) -> None:
    with pytest.raises(LookupError, match="count"), wired():
        begun(merchant)


def test_tasks_are_of_their_merchant_alone(merchant: int, stranger: int, counter: Counter) -> None:
    number = begun(merchant)

    with pytest.raises(NotFound):
        tasks.run(stranger, number)
    with pytest.raises(NotFound):
        db.read(stranger, lambda: tasks.get(number))


# Deaths and failures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["commit.before:app.kit.tasks.runner", "commit.after:app.kit.tasks.runner"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_killed_process_loses_nothing_and_repeats_nothing(
    merchant: int, counter: Counter, place: str, times: int
) -> None:
    number = begun(merchant)

    for minutes in range(times):
        with later(minutes=minutes), pytest.raises(Killed), dying_at(place):
            tasks.run(merchant, number)
    with later(minutes=5):
        tasks.drain()

    assert task(merchant, number).state == State.DONE
    assert (task(merchant, number).done, counted(merchant, number)) == (3, 3)


def test_a_dead_runners_task_is_taken_up_when_its_lease_ran_out(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    def die(_: UUID) -> None:
        raise Killed

    counter.during = die
    with pytest.raises(Killed):
        tasks.drain()
    counter.during = lambda _: None

    assert tasks.drain() == 0
    with later(seconds=31):
        assert tasks.drain() == 3
    assert task(merchant, number).state == State.DONE


def test_a_task_that_kills_its_process_each_time_fails_in_the_end(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    def die(_: UUID) -> None:
        raise Killed

    counter.during = die
    for minutes in range(leases.TRIES):
        with pytest.raises(Killed), later(minutes=minutes):
            tasks.drain()
    with later(hours=1):
        tasks.drain()

    assert (task(merchant, number).state, task(merchant, number).note) == (State.FAILED, "its process died")
    assert counter.failures == [(task(merchant, number).subject_id, "its process died")]


def test_a_step_that_fails_is_undone_and_tried_again_later(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    def fail(_: UUID) -> None:
        if len(counter.steps) == 2:
            raise LookupError

    counter.during = fail
    tasks.drain()
    tried = task(merchant, number)
    assert (tried.state, tried.done, tried.attempts, tried.note) == (State.WAITING, 1, 1, "LookupError")
    assert tasks.drain() == 0

    with later(minutes=1):
        tasks.drain()
    assert (task(merchant, number).attempts, counted(merchant, number)) == (0, 3)


def test_eight_failures_in_a_row_are_the_end_and_the_area_is_told(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    def fail(_: UUID) -> None:
        raise LookupError

    counter.during = fail
    for hours in range(10):
        with later(hours=hours):
            tasks.drain()

    ended = task(merchant, number)
    assert (ended.state, ended.attempts, len(counter.steps)) == (State.FAILED, 8, 8)
    assert counter.failures == [(ended.subject_id, "LookupError")]
    assert counted(merchant, number) == 0


def test_a_failing_task_holds_up_no_other(merchant: int, stranger: int, counter: Counter) -> None:
    bad = begun(merchant)
    subject = task(merchant, bad).subject_id
    good, theirs = begun(merchant), begun(stranger)

    def fail(at: UUID) -> None:
        if at == subject:
            raise LookupError

    counter.during = fail
    tasks.drain()

    assert [task(merchant, bad).state, task(merchant, good).state] == [State.WAITING, State.DONE]
    assert task(stranger, theirs).state == State.DONE


def test_a_cancelled_task_stops_and_the_step_that_ran_is_undone(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    def cancelled(_: UUID) -> None:
        if len(counter.steps) == 2:
            tasks.cancel(number)  # here in the same unit, so that both engines can

    counter.during = cancelled
    tasks.drain()

    assert counted(merchant, number) == 1
    assert task(merchant, number).state == State.WAITING  # the unit was undone, and with it this cancel
    assert db.write(merchant, lambda: tasks.cancel(number))
    with later(hours=1):
        tasks.drain()
    assert (task(merchant, number).state, counted(merchant, number)) == (State.CANCELLED, 1)
    assert not db.write(merchant, lambda: tasks.cancel(number))


@on_postgresql
def test_a_task_cancelled_while_a_step_runs_keeps_what_was_done_before(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    def cancel(_: UUID) -> None:
        if len(counter.steps) == 2:
            at_once([lambda: db.write(merchant, lambda: tasks.cancel(number))])

    counter.during = cancel
    tasks.drain()

    assert (task(merchant, number).state, counted(merchant, number)) == (State.CANCELLED, 1)


# Runners -------------------------------------------------------------------------------------------------------------


def test_four_runners_at_once_do_each_step_once(merchant: int, counter: Counter) -> None:
    counter.total = 5
    numbers = [begun(merchant) for _ in range(8)]

    at_once([tasks.drain] * 4)
    tasks.drain()

    assert [counted(merchant, number) for number in numbers] == [5] * 8
    assert {task(merchant, number).state for number in numbers} == {State.DONE}


def test_whoever_needs_a_task_at_once_does_it_himself(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    ended = tasks.run(merchant, number)

    assert (ended.state, ended.done) == (State.DONE, 3)


def test_whoever_needs_a_task_waits_for_the_runner_that_was_quicker(merchant: int, counter: Counter) -> None:
    number, leased, asked = begun(merchant), threading.Event(), list[State]()

    def slow(_: UUID) -> None:
        leased.set()
        if threading.current_thread() is not threading.main_thread():
            threading.Event().wait(0.1)

    def ask() -> str:
        leased.wait(5)
        asked.append(tasks.run(merchant, number, seconds=10).state)
        return "asked"

    counter.during = slow
    at_once([lambda: str(tasks.drain()), ask])

    assert asked == [State.DONE]
    assert counted(merchant, number) == 3


def test_whoever_has_little_time_gets_the_task_as_it_stands(merchant: int, counter: Counter) -> None:
    number = begun(merchant)

    stands = tasks.run(merchant, number, seconds=0)

    assert (stands.state, stands.done) == (State.WAITING, 0)


def test_a_runner_whose_lease_ran_out_undoes_its_step(merchant: int, counter: Counter) -> None:
    number = begun(merchant)
    lease = db.write(merchant, lambda: leases.take(number))
    assert lease is not None
    with later(minutes=1):
        tasks.drain()  # somebody else took it up

    with pytest.raises(leases.Lost):
        db.write(merchant, lambda: leases.advance(lease, keep=True))

    assert counted(merchant, number) == 3


def test_a_merchant_of_one_does_not_wait_for_a_merchant_of_many(
    merchant: int, stranger: int, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kit.rounds.SECONDS", 0.05)
    counter.total = 1000
    begun(merchant)
    single = begun(stranger, subject := new_id())

    tasks.drain(seconds=0.5)

    turns = [at == subject for at in counter.steps]
    assert True in turns
    assert task(stranger, single).done > 0
    assert sum(turns) > len(turns) // 10  # they take turns
