"""What an answer makes of an effect: done, refused, called again, or only ever queried, until its deadline."""

from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock, effects, http
from app.kit.effects import Absent, Done, GaveUp, Refused, State, Temporary, Unknown, leases
from tests.kit.outside import Office, later, row, sent, wired

pytestmark = pytest.mark.usefixtures("no_effects_left")


# Answers -------------------------------------------------------------------------------------------------------------


def test_a_refusal_is_final(merchant: int, office: Office) -> None:
    office.says = lambda _: Refused("closed on Sundays")
    (number,) = sent(merchant)

    effects.drain()

    assert (row(merchant, number).state, row(merchant, number).note) == (State.REFUSED, "closed on Sundays")
    with later(days=1):
        assert effects.drain() == 0


def test_what_certainly_failed_is_called_again_after_a_pause(merchant: int, office: Office) -> None:
    office.says = lambda intent: Temporary("busy") if intent.attempts < 3 else Done()
    (number,) = sent(merchant)

    effects.drain()
    assert effects.drain() == 0
    with later(minutes=1):
        effects.drain()
    with later(minutes=2):
        effects.drain()

    assert row(merchant, number).state == State.DONE
    assert [type(answer) for answer in office.answers] == [Temporary, Temporary, Done]
    assert office.queries == []


def test_pauses_grow_to_an_hour_and_are_never_the_same() -> None:
    pauses = [leases.pause(attempts) for attempts in range(1, 30)]

    assert timedelta(seconds=1) <= pauses[0] <= timedelta(seconds=2)
    assert all(timedelta(minutes=30) <= pause <= timedelta(hours=1) for pause in pauses[12:])
    assert len({leases.pause(10) for _ in range(20)}) > 1


@pytest.mark.parametrize("fault", [OSError("gone"), ZeroDivisionError(), http.Interrupted("took too long")])
def test_a_call_that_raises_is_of_unknown_outcome_and_only_queried(
    merchant: int, office: Office, fault: Exception
) -> None:
    def fail(_: Any) -> None:
        raise fault

    office.says = fail
    office.knows = lambda _: Done("it was there")
    (number,) = sent(merchant)

    effects.drain()
    assert row(merchant, number).state == State.UNKNOWN
    with later(minutes=1):
        effects.drain()

    assert row(merchant, number).state == State.DONE
    assert (len(office.calls), len(office.queries)) == (1, 1)


def test_a_host_that_was_never_reached_may_be_called_again(merchant: int, office: Office) -> None:
    def fail(_: Any) -> None:
        raise http.Unreachable("no such host")

    office.says = fail
    (number,) = sent(merchant)

    effects.drain()

    assert (row(merchant, number).state, row(merchant, number).note) == (State.WAITING, "no such host")


def test_an_unknown_outcome_is_queried_until_somebody_knows_and_never_called_again(
    merchant: int, office: Office
) -> None:
    office.says = lambda _: Unknown("no answer")
    office.knows = lambda _: Unknown("still none")
    (number,) = sent(merchant)

    for minutes in range(0, 50, 10):
        with later(minutes=minutes):
            effects.drain()
    office.knows = lambda _: Refused("it never could")
    with later(hours=2):
        effects.drain()

    assert row(merchant, number).state == State.REFUSED
    assert (len(office.calls), len(office.queries)) == (1, 5)


@pytest.mark.parametrize("fault", [Temporary("closed"), http.Unreachable("no such host")])
def test_a_query_that_fails_leaves_the_call_in_doubt(merchant: int, office: Office, fault: Any) -> None:
    def fail(_: Any) -> Temporary:
        if isinstance(fault, Exception):
            raise fault
        return fault

    office.says, office.knows = lambda _: Unknown("no answer"), fail
    (number,) = sent(merchant)

    effects.drain()
    with later(minutes=1):
        effects.drain()
        assert row(merchant, number).state == State.UNKNOWN
    with later(minutes=10):
        effects.drain()

    assert len(office.calls) == 1


def test_what_the_other_side_never_heard_of_is_called(merchant: int, office: Office) -> None:
    office.says = lambda intent: Unknown("no answer") if intent.attempts == 1 else Done()
    (number,) = sent(merchant)

    effects.drain()
    with later(minutes=1):
        effects.drain()

    assert row(merchant, number).state == State.DONE
    assert (len(office.calls), len(office.queries)) == (2, 1)


def test_an_unknown_outcome_that_nobody_can_ask_about_is_given_up_at_once(merchant: int) -> None:
    office = Office(says=lambda _: Unknown("no answer"))
    with wired(office.kind(askable=False)):
        (number,) = sent(merchant)
        effects.drain()

    assert row(merchant, number).state == State.GIVEN_UP
    assert office.answers == [GaveUp("no answer", unknown=True)]


def test_a_question_may_be_asked_again(merchant: int) -> None:
    office = Office(says=lambda intent: Unknown("no answer") if intent.attempts == 1 else Done())
    with wired(office.kind(askable=False, repeatable=True)):
        (number,) = sent(merchant)
        effects.drain()
        with later(minutes=1):
            effects.drain()

    assert row(merchant, number).state == State.DONE
    assert len(office.calls) == 2


@pytest.mark.parametrize("answer", [None, "yes", Absent()])
def test_an_answer_that_says_nothing_leaves_the_call_in_doubt(merchant: int, office: Office, answer: Any) -> None:
    office.says = lambda _: answer
    (number,) = sent(merchant)

    effects.drain()

    assert row(merchant, number).state == State.UNKNOWN


# Deadlines -----------------------------------------------------------------------------------------------------------


def test_past_its_deadline_nothing_is_called(merchant: int, office: Office) -> None:
    (number,) = sent(merchant, deadline=clock.now() + timedelta(minutes=1))

    with later(minutes=2):
        effects.drain()

    assert office.calls == []
    assert office.answers == [GaveUp("deadline passed", unknown=False)]
    assert row(merchant, number).state == State.GIVEN_UP


def test_a_question_is_put_once_however_late(merchant: int, office: Office) -> None:
    office.says = lambda _: Temporary("busy")
    (number,) = sent(merchant, deadline=clock.now() + timedelta(minutes=1))

    with later(minutes=2), wired(office.kind(repeatable=True, asks=True)):
        effects.drain()

    assert len(office.calls) == 1
    assert office.answers == [GaveUp("busy", unknown=False)]
    assert row(merchant, number).state == State.GIVEN_UP


def test_the_last_try_is_not_later_than_the_deadline(merchant: int, office: Office) -> None:
    office.says = lambda _: Temporary("busy")
    deadline = clock.now() + timedelta(seconds=0.9)
    (number,) = sent(merchant, deadline=deadline)

    effects.drain()
    assert row(merchant, number).due_at == deadline
    with later(seconds=2):
        effects.drain()

    assert office.answers == [Temporary("busy"), GaveUp("deadline passed", unknown=False)]


def test_an_unknown_outcome_is_asked_about_a_last_time_at_the_deadline(merchant: int, office: Office) -> None:
    office.says, office.knows = lambda _: Unknown("no answer"), lambda _: Unknown("still none")
    numbers = sent(merchant, 3, deadline=clock.now() + timedelta(minutes=1))
    effects.drain()
    known = {numbers[0]: Done(), numbers[1]: Absent(), numbers[2]: Unknown("still none")}
    office.knows = lambda intent: known[intent.id]

    with later(minutes=2):
        effects.drain()

    assert len(office.calls) == 3
    assert [row(merchant, number).state for number in numbers] == [State.DONE, State.GIVEN_UP, State.GIVEN_UP]
    gave_up = [answer for answer in office.answers if isinstance(answer, GaveUp)]
    assert sorted(answer.unknown for answer in gave_up) == [False, True]
