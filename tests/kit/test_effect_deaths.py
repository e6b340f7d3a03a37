"""An answer is settled exactly once, whatever dies, comes late, or cannot be settled."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.kit import clock, db, effects, failpoint
from app.kit.effects import Absent, Done, State
from app.kit.ids import new_id
from app.web.dispatch import Miaofa
from tests import processes
from tests.kit import hanging
from tests.kit.outside import Killed, Office, dying_at, later, row, sent, settlements, wired
from tests.make import at_once

pytestmark = pytest.mark.usefixtures("no_effects_left")


# Deaths --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["call.before:parcel", "call.after:parcel", "commit.before:app.kit.effects.runner"])
def test_a_process_that_dies_around_a_call_leaves_it_in_doubt(merchant: int, office: Office, place: str) -> None:
    (number,) = sent(merchant)

    with pytest.raises(Killed), dying_after_the_lease(place, office):
        effects.drain()
    assert row(merchant, number).state == State.CALLING
    assert effects.drain() == 0  # the lease still holds

    office.knows = lambda _: Done() if office.calls else Absent()
    with later(minutes=2):
        assert effects.drain() == 1

    assert row(merchant, number).state == State.DONE
    assert (len(office.calls), len(office.queries)) == (1, 1)
    assert settlements(merchant) == 1


@contextmanager
def dying_after_the_lease(place: str, office: Office) -> Iterator[None]:
    """Die at a place, but not at a commit before the call: that is a lease's, maybe another shop's."""

    def die(at: str) -> None:
        if at.startswith(place) and (office.calls or not at.startswith("commit")):
            raise Killed(at)

    failpoint.arm(die)
    try:
        yield
    finally:
        failpoint.arm(None)


def test_a_runner_killed_in_the_middle_of_a_call_is_found_out_and_asked_about(
    app: Miaofa, merchant: int, office: Office
) -> None:
    (number,) = sent(merchant)
    heard, said = multiprocessing.Pipe(duplex=False)
    process = processes.clean().Process(target=hanging.drain, args=(app.config["MIAOFA"], said))
    process.start()
    try:
        assert heard.poll(60)
        assert heard.recv() == number
    finally:
        process.kill()
        process.join()

    assert row(merchant, number).state == State.CALLING
    office.knows = lambda _: Done()
    with later(minutes=2):
        assert effects.drain() == 1

    assert row(merchant, number).state == State.DONE
    assert (len(office.calls), len(office.queries)) == (0, 1)


def test_a_death_in_a_batch_endangers_one_call_of_those_nobody_can_ask_about(merchant: int) -> None:
    office = Office()
    with wired(office.kind(askable=False)):
        sent(merchant, 5)
        with pytest.raises(Killed), dying_at("call.before:parcel"):
            effects.drain()
        with later(minutes=2):
            effects.drain()

    assert len(office.calls) == 4
    assert sorted(type(answer).__name__ for answer in office.answers) == ["Done"] * 4 + ["GaveUp"]


def test_a_failure_of_our_own_around_a_call_is_like_a_death(merchant: int, stranger: int, office: Office) -> None:
    failing = [merchant]

    def fail(at: str) -> None:
        if at == "call.after:parcel" and failing:
            failing.pop()
            raise LookupError(at)

    first, second = min(merchant, stranger), max(merchant, stranger)
    sent(first), sent(second)
    failpoint.arm(fail)
    try:
        effects.drain()
    finally:
        failpoint.arm(None)

    assert settlements(first) + settlements(second) == 1  # the other merchant's was not held up


def test_two_runners_at_once_call_and_settle_each_once(merchant: int, office: Office) -> None:
    numbers = sent(merchant, 120)

    at_once([effects.drain] * 4)
    effects.drain()

    assert sorted(intent.id for intent in office.calls) == sorted(numbers)
    assert settlements(merchant) == 120


def test_a_runner_that_comes_back_too_late_settles_nothing(merchant: int, office: Office) -> None:
    (number,) = sent(merchant)

    def dawdle(_: Any) -> Done:
        with later(minutes=2):
            at_once([effects.drain])  # meanwhile another runner found the lease run out, and asked
        return Done("late")

    office.says, office.knows = dawdle, lambda _: Done("asked")
    effects.drain()

    assert office.answers == [Done("asked")]
    assert settlements(merchant) == 1
    assert row(merchant, number).state == State.DONE


# Poison --------------------------------------------------------------------------------------------------------------


def test_an_answer_that_cannot_be_settled_spoils_no_other_and_is_asked_for_later(merchant: int, office: Office) -> None:
    bad = new_id()
    office.breaks_on, office.knows = {bad}, lambda _: Done()
    number = db.write(merchant, lambda: effects.intend("parcel", bad, due_at=clock.now()))
    sent(merchant, 4)

    assert effects.drain() == 4

    assert settlements(merchant) == 4
    assert (row(merchant, number).state, row(merchant, number).note) == (State.UNKNOWN, "settling failed: LookupError")
    assert row(merchant, number).due_at > clock.now()

    office.breaks_on = set()
    with later(minutes=1):
        effects.drain()
    assert row(merchant, number).state == State.DONE
    assert settlements(merchant) == 5
    assert len(office.calls) == 5


def test_values_that_cannot_be_loaded_spoil_no_other(merchant: int, office: Office) -> None:
    bad = new_id()
    office.unreadable = {bad}
    number = db.write(merchant, lambda: effects.intend("parcel", bad, due_at=clock.now()))
    sent(merchant, 4)

    assert effects.drain() == 4

    assert settlements(merchant) == 4
    assert row(merchant, number).state == State.WAITING
    assert row(merchant, number).due_at > clock.now()
