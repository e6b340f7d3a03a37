"""An effect is called after the commit that asked for it, by whoever comes first; the office sees what is stuck."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.kit import clock, db, effects
from app.kit.effects import Answer, Done, Intent, State, Temporary, Unknown
from app.kit.ids import new_id
from tests.kit import shelf
from tests.kit.outside import Office, dying_at, later, row, sent, settlements, wired
from tests.make import at_once

pytestmark = pytest.mark.usefixtures("no_effects_left")


# Asking --------------------------------------------------------------------------------------------------------------


def test_an_effect_is_called_after_its_commit_and_settled_once(merchant: int, office: Office) -> None:
    (number,) = sent(merchant)
    assert office.calls == []

    assert effects.drain() == 1
    assert effects.drain() == 0

    assert row(merchant, number).state == State.DONE
    assert [intent.id for intent in office.calls] == [number]
    assert office.answers == [Done()]
    assert settlements(merchant) == 1


def test_what_was_not_committed_is_never_called(merchant: int, office: Office) -> None:
    def half() -> None:
        effects.intend("parcel", new_id(), due_at=clock.now())
        raise LookupError

    with pytest.raises(LookupError):
        db.write(merchant, half)

    assert effects.drain() == 0


def test_an_effect_nobody_wired_is_a_mistake_of_ours(merchant: int, office: Office) -> None:
    with pytest.raises(LookupError, match="pigeon"):
        sent(merchant, kind="pigeon")


def test_an_effect_is_asked_for_in_a_write_unit(merchant: int, office: Office) -> None:
    with pytest.raises(RuntimeError, match="write unit"):
        db.read(merchant, lambda: effects.intend("parcel", new_id(), due_at=clock.now()))


def test_an_effect_is_not_called_before_it_is_due(merchant: int, office: Office) -> None:
    sent(merchant, due_at=clock.now() + timedelta(minutes=5))

    assert effects.drain() == 0
    with later(minutes=6):
        assert effects.drain() == 1


def test_effects_of_kinds_this_process_does_not_know_are_left_for_those_that_do(merchant: int, office: Office) -> None:
    (number,) = sent(merchant)

    with wired():
        assert effects.drain() == 0

    assert row(merchant, number).state == State.WAITING


def test_what_needs_no_call_any_more_is_done_without_one(merchant: int, office: Office) -> None:
    subject = new_id()
    office.moot = {subject}
    number = db.write(merchant, lambda: effects.intend("parcel", subject, due_at=clock.now()))

    assert effects.drain() == 1

    assert (row(merchant, number).state, row(merchant, number).note) == (State.DONE, "nothing to do")
    assert (office.calls, office.settled) == ([], [])


def test_a_batch_is_loaded_in_one_question(merchant: int, office: Office) -> None:
    sent(merchant, 20)

    effects.drain()

    assert office.loads == [20]
    assert settlements(merchant) == 20


def test_calls_of_a_kind_that_bears_it_are_under_way_together(merchant: int) -> None:
    meeting = threading.Barrier(4, timeout=10)

    def meet(intent: Intent) -> Answer:
        meeting.wait()  # lets nobody go on but four at once
        return Done()

    office = Office(says=meet)
    with wired(office.kind(abreast=4)):
        sent(merchant, 8)
        assert effects.drain() == 8

    assert (settlements(merchant), office.answers) == (8, [Done()] * 8)


def test_one_that_raises_spoils_none_of_those_beside_it(merchant: int) -> None:
    broken = new_id()
    office = Office(says=lambda intent: Done() if intent.subject_id != broken else int("cut"))
    with wired(office.kind(abreast=4)):
        whole = sent(merchant, 3)
        odd = db.write(merchant, lambda: effects.intend("parcel", broken, due_at=clock.now()))
        effects.drain()

    assert {row(merchant, number).state for number in whole} == {State.DONE}
    assert (row(merchant, odd).state, row(merchant, odd).note) == (State.UNKNOWN, "ValueError")


def test_one_client_serves_a_drain_and_is_closed_after_it(merchant: int) -> None:
    opened: list[str] = []

    @contextmanager
    def line() -> Iterator[str]:
        opened.append("opened")
        yield "line"
        opened.append("closed")

    office = Office()
    with wired(office.kind(client=line)):
        sent(merchant, 60)
        effects.drain()

    assert len(office.calls) == 60
    assert opened == ["opened", "closed"]


def test_a_client_that_cannot_be_had_means_that_nothing_was_sent(merchant: int) -> None:
    @contextmanager
    def line() -> Iterator[str]:
        raise ConnectionRefusedError
        yield

    office = Office()
    with wired(office.kind(client=line)):
        (number,) = sent(merchant)
        effects.drain()

    assert row(merchant, number).state == State.WAITING
    assert office.calls == []


# Turns ---------------------------------------------------------------------------------------------------------------


def test_a_merchant_of_one_does_not_wait_for_a_merchant_of_five_hundred(
    merchant: int, stranger: int, office: Office
) -> None:
    sent(merchant, 500)
    (single,) = sent(stranger)

    effects.drain()

    place = [intent.id for intent in office.calls].index(single)
    assert place <= 50
    assert settlements(merchant) == 500


def test_a_turn_ends_after_a_second_and_what_was_not_called_is_called_without_a_query(
    merchant: int, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kit.rounds.SECONDS", 0.0)
    numbers = sent(merchant, 3)

    assert effects.drain() == 3

    assert (len(office.calls), office.queries) == (3, [])
    assert [row(merchant, number).attempts for number in numbers] == [1, 1, 1]


def test_a_drain_with_little_time_leaves_the_rest_for_the_next(merchant: int, stranger: int, office: Office) -> None:
    sent(merchant), sent(stranger)

    assert effects.drain(seconds=0) == 0
    assert effects.drain(seconds=30) == 2


# In the asking process -----------------------------------------------------------------------------------------------


def test_who_asks_for_it_has_the_answer_at_once(merchant: int, office: Office) -> None:
    mine, other = sent(merchant, 2)

    effects.perform(merchant, [mine], within=3)

    assert row(merchant, mine).state == State.DONE
    assert row(merchant, other).state == State.WAITING


def test_a_worker_leaves_the_head_start_to_who_asks_and_comes_when_it_is_over(merchant: int, office: Office) -> None:
    mine, forgotten = sent(merchant, 2, due_at=clock.now() + effects.HEAD_START)

    assert effects.drain() == 0
    effects.perform(merchant, [mine], within=3)

    assert row(merchant, mine).state == State.DONE
    with later(seconds=2):
        assert effects.drain() == 1
    assert row(merchant, forgotten).state == State.DONE
    assert len(office.calls) == 2


def test_what_fails_outside_does_not_fail_the_asking_process(merchant: int, office: Office) -> None:
    def fail(_: Any) -> None:
        raise OSError

    office.says, office.breaks_on = fail, {uuid4()}
    mine = sent(merchant, 2)

    effects.perform(merchant, mine, within=3)
    with dying_at("never"):
        effects.perform(stranger_of(merchant), mine, within=0.1)

    assert [row(merchant, number).state for number in mine] == [State.UNKNOWN] * 2


def stranger_of(merchant: int) -> int:
    return merchant + 1


def test_who_asks_waits_for_the_runner_that_was_quicker(merchant: int, office: Office) -> None:
    import threading

    begun, go_on = threading.Event(), threading.Event()

    def slow(_: Any) -> Done:
        begun.set()
        go_on.wait(5)
        return Done()

    office.says = slow
    (number,) = sent(merchant)

    def ask() -> int:
        begun.wait(5)
        threading.Timer(0.3, go_on.set).start()
        effects.perform(merchant, [number], within=5)
        return int(row(merchant, number).state)

    assert at_once([effects.drain, ask]) == [1, State.DONE]
    assert len(office.calls) == 1


def test_an_outside_call_inside_a_unit_is_a_mistake_of_ours(merchant: int, office: Office) -> None:
    numbers = sent(merchant)

    with pytest.raises(RuntimeError, match="A unit is open"):
        db.write(merchant, lambda: effects.perform(merchant, numbers, within=1))


# The office ----------------------------------------------------------------------------------------------------------


def test_an_effect_given_up_is_queried_first_when_somebody_says_again(merchant: int, office: Office) -> None:
    office.says = lambda _: Temporary("busy")
    with later() as asked:
        (number,) = sent(merchant, deadline=asked + timedelta(minutes=1))
    with later(minutes=2):
        effects.drain()
    office.says = lambda _: Done()

    with later(minutes=3) as now:
        assert db.write(merchant, lambda: effects.again(number, now=now))
        assert row(merchant, number).deadline == now + timedelta(minutes=1)
        effects.drain()

    assert row(merchant, number).state == State.DONE
    assert len(office.queries) == 1


def test_an_effect_that_ended_or_is_called_now_is_not_begun_again(merchant: int, office: Office) -> None:
    (number,) = sent(merchant)
    effects.drain()

    assert not db.write(merchant, lambda: effects.again(number, now=clock.now()))
    assert effects.drain() == 0


def test_where_nobody_can_ask_a_person_must_be_sure(merchant: int) -> None:
    office = Office(says=lambda _: Unknown("no answer"))
    with wired(office.kind(askable=False)):
        (number,) = sent(merchant)
        effects.drain()
        office.says = lambda _: Done()

        assert not db.write(merchant, lambda: effects.again(number, now=clock.now()))
        assert db.write(merchant, lambda: effects.again(number, now=clock.now(), sure=True))
        effects.drain()

    assert row(merchant, number).state == State.DONE


def test_the_office_sees_what_is_stuck_and_what_belongs_to_a_subject(merchant: int, office: Office) -> None:
    subject, idle = new_id(), new_id()
    office.says = lambda intent: Unknown("no answer") if intent.subject_id == subject else Done()
    number = db.write(merchant, lambda: effects.intend("parcel", subject, due_at=clock.now()))
    sent(merchant, 2)
    effects.drain()

    stuck = db.read(merchant, lambda: effects.list_stuck(["parcel"], 10))
    listed = db.read(merchant, lambda: effects.list_of([subject, idle]))

    assert [effect.id for effect in stuck] == [number]
    assert [effect.id for effect in listed[subject]] == [number]
    assert listed[idle] == []


def test_a_unit_sees_what_it_asked_for_itself(merchant: int, office: Office) -> None:
    def ask() -> int:
        subject = new_id()
        effects.intend("parcel", subject, due_at=clock.now())
        seen = len(effects.list_of([subject])[subject])
        number = effects.intend("parcel", subject, due_at=clock.now())
        return seen + len([effects.get(number)]) + len(effects.list_of([subject])[subject])

    assert db.write(merchant, ask) == 4
    assert effects.drain() == 2


def test_effects_are_of_their_merchant_alone(merchant: int, stranger: int, office: Office) -> None:
    (number,) = sent(merchant)

    effects.perform(stranger, [number], within=0.1)

    assert office.calls == []
    assert shelf.look(stranger) == {}
