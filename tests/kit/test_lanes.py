"""A lane whose other side hangs holds up no other; a shut door is knocked at seldom, and uses up no tries."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import pytest

from app.kit import effects
from app.kit.effects import Done, Lane, State, Temporary, lanes, runner
from app.kit.effects.doors import IN_A_ROW
from tests.kit.outside import Office, later, row, sent, settlements, wired

pytestmark = pytest.mark.usefixtures("no_effects_left")


@contextmanager
def hanging(office: Office) -> Iterator[threading.Event]:
    """Let the other side answer only once it is told to."""
    release, begun = threading.Event(), threading.Event()

    def hang(_: Any) -> Done:
        begun.set()
        assert release.wait(30)
        return Done()

    office.says = hang
    try:
        yield release
    finally:
        release.set()
        for driver in list(lanes._left.values()):
            driver.join(30)


def test_what_hangs_in_one_lane_holds_up_no_other_nor_the_process(merchant: int) -> None:
    mail, chat = Office(), Office()
    with wired(mail.kind("letter", lane=Lane.MAIL), chat.kind("chat", lane=Lane.CHAT)), hanging(mail) as release:
        (letter,) = sent(merchant, kind="letter")
        sent(merchant, 60, kind="chat")

        began = time.monotonic()
        assert effects.drain(seconds=30) == 60
        assert time.monotonic() - began < 15, "the drain came back although a letter hangs"
        assert row(merchant, letter).state == State.CALLING

        sent(merchant, 3, kind="chat")
        assert effects.drain(seconds=30) == 3, "the next drain goes on without the lane that hangs"
        assert len(mail.calls) == 1

        release.set()
        lanes._left[Lane.MAIL].join(30)
        assert row(merchant, letter).state == State.DONE, "what was left alone ends by itself"
        assert settlements(merchant) == 64


def test_what_comes_while_another_lane_hangs_is_served_within_the_same_drain(merchant: int) -> None:
    mail, chat = Office(), Office()
    with wired(mail.kind("letter", lane=Lane.MAIL), chat.kind("chat", lane=Lane.CHAT)), hanging(mail):
        sent(merchant, kind="letter")
        sent(merchant, kind="chat")
        more = iter([2])

        def answer(_: Any) -> Done:
            if next(more, None):
                context = copy_context()
                threading.Timer(0.2, lambda: context.run(sent, merchant, 2, kind="chat")).start()
            return Done()

        chat.says = answer
        assert effects.drain(seconds=30) == 3


def test_a_lane_with_nothing_to_do_looks_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    waited, watch = list[float](), lanes._Watch(time.monotonic() + 30)

    def wait(_event: threading.Event, timeout: float) -> None:
        waited.append(timeout)
        if len(waited) == 5:
            watch.over.set()

    monkeypatch.setattr(threading.Event, "wait", wait)
    lanes._Driver(Lane.MAIL, lambda _lane, _may_go_on: 0, watch)._drive()

    assert waited == [0.04, 0.08, 0.16, 0.32, 0.32]


def test_a_failure_in_a_lane_is_heard(merchant: int) -> None:
    mail, chat = Office(), Office()

    class Broken(BaseException): ...

    def break_down(_: Any) -> Done:
        raise Broken

    mail.says = break_down
    with wired(mail.kind("letter", lane=Lane.MAIL), chat.kind("chat", lane=Lane.CHAT)):
        sent(merchant, kind="letter")
        with pytest.raises(Broken):
            effects.drain(seconds=30)


# Doors -----------------------------------------------------------------------------------------------------------


def test_at_a_shut_door_only_a_few_use_up_a_try(merchant: int) -> None:
    office = Office(says=lambda _: Temporary("away"))
    with wired(office.kind("letter", door="mail"), office.kind("other")):
        numbers = sent(merchant, 20, kind="letter")
        effects.drain()
        assert len(office.calls) == IN_A_ROW
        assert sorted(row(merchant, number).attempts for number in numbers) == [0] * 17 + [1] * 3

        office.says = lambda _: Done()
        sent(merchant, kind="other")
        assert effects.drain() == 1, "what goes through no door is not held up"

        with later(seconds=3):
            assert effects.drain() == 20, "the first that gets through opens it for all"


def test_a_door_that_stays_shut_is_tried_by_one_at_a_time_and_ever_less_often(merchant: int) -> None:
    office = Office(says=lambda _: Temporary("away"))
    with wired(office.kind("letter", door="mail")):
        sent(merchant, 20, kind="letter")
        effects.drain()
        tried = []
        for step in range(12):
            before = len(office.calls)
            with later(seconds=2.1 * (step + 1)):
                effects.drain()
                shut = runner._doors.is_shut("mail")
            tried.append(len(office.calls) - before)

    assert set(tried) == {0, 1}
    assert 2 <= sum(tried) <= 5
    assert shut
