"""The relay hands each event to its reactions after the commit; one that fails waits and holds up no other."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from app.kit import clock, db, events
from app.kit.events import BATCH, LONGEST_PAUSE, EventRow
from tests.engines import on_postgresql, on_sqlite
from tests.kit import shelf
from tests.kit.lamps import LampBroken, LampLit, light, lit, recorded, waiting, wired
from tests.make import at_once


@pytest.fixture(autouse=True)
def empty_outbox(merchant: int) -> None:
    """Other tests of this installation left their events; nobody reacts to them here."""
    with wired():
        while events.relay():
            pass


class Listener:
    """A LATER reaction that remembers what it was handed and breaks on what it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, UUID]] = []
        self.breaks_on: set[UUID] = set()

    def of(self, merchant: int) -> list[UUID]:
        """Return what it heard of a merchant."""
        return [number for owner, number in self.heard if owner == merchant]

    def __call__(self, happened: Sequence[EventRow]) -> None:
        self.heard += [(db.merchant_id(), row.id) for row in happened]
        if self.breaks_on & {row.id for row in happened}:
            shelf.put(99)
            raise LookupError("poisoned")


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    with wired(later={LampLit: (listener,)}):
        yield listener


def broken(merchant: int, count: int = 1) -> None:
    """Publish that lamps of a merchant are broken, which is urgent."""
    lamps = [LampBroken(subject_id=UUID(int=place), at=clock.now()) for place in range(count)]
    db.write(merchant, lambda: events.publish(*lamps))


def test_each_event_is_delivered_once(merchant: int, stranger: int, listener: Listener) -> None:
    mine, theirs = lit(merchant, 3), lit(stranger, 2)

    assert events.relay() == 5
    assert events.relay() == 0

    assert sorted(listener.heard) == sorted([(merchant, n) for n in mine] + [(stranger, n) for n in theirs])
    assert waiting(merchant) == waiting(stranger) == {}
    assert recorded(merchant) == mine  # what happened stays


def test_an_event_without_a_reaction_just_leaves_the_outbox(merchant: int) -> None:
    lit(merchant)

    with wired():
        assert events.relay() == 1

    assert waiting(merchant) == {}


def test_an_event_is_not_delivered_before_its_time(merchant: int, listener: Listener) -> None:
    later = clock.now() + timedelta(hours=1)
    event = LampLit(subject_id=UUID(int=1), at=later)
    db.write(merchant, lambda: events.publish(event))

    assert events.relay() == 0
    with clock.running(lambda: later):
        events.relay()
    assert listener.of(merchant) == recorded(merchant)


def test_an_urgent_event_goes_ahead_of_all_that_waits(merchant: int) -> None:
    heard: list[str] = []
    lit(merchant, BATCH + 1)
    broken(merchant)

    with wired(later={LampBroken: (lambda rows: heard.extend(row.name for row in rows),)}):
        events.relay()

    assert heard == ["lamp.broken"]
    assert len(waiting(merchant)) == 2


def test_the_urgent_ones_can_be_handed_out_alone(merchant: int, stranger: int, listener: Listener) -> None:
    calm = lit(merchant, 2) + lit(stranger, 1)
    broken(merchant, BATCH + 1)

    assert (events.drain_urgent(), events.drain_urgent()) == (BATCH + 1, 0)

    assert listener.heard == []
    assert set(waiting(merchant)) | set(waiting(stranger)) == set(calm)


def test_an_urgent_event_that_fails_waits_like_any_other(merchant: int) -> None:
    def fail(_: Sequence[EventRow]) -> None:
        raise LookupError("the lamp cannot be mended")

    broken(merchant)
    with wired(later={LampBroken: (fail,)}):
        assert events.drain_urgent() == 0

        (row,) = waiting(merchant).values()
        assert (row.attempts, row.due_at > clock.now()) == (1, True)


def test_a_long_queue_takes_several_rounds(merchant: int, listener: Listener) -> None:
    numbers = lit(merchant, BATCH + 5)

    assert [events.relay(), events.relay(), events.relay()] == [BATCH, 5, 0]
    assert listener.of(merchant) == numbers


def test_two_relays_at_once_deliver_each_event_once(merchant: int, listener: Listener) -> None:
    numbers = lit(merchant, 3 * BATCH)

    def drain() -> int:
        count = total = 0
        while count := events.relay():
            total += count
        return total

    delivered = at_once([drain] * 4)

    assert sum(delivered) == len(numbers)  # type: ignore[arg-type]
    assert sorted(listener.of(merchant)) == sorted(numbers)


def test_a_failing_event_waits_and_holds_up_no_other(merchant: int, stranger: int, listener: Listener) -> None:
    before, bad, after = lit(merchant, 3)
    (theirs,) = lit(stranger)
    listener.breaks_on = {bad}

    assert events.relay() == 3

    assert list(waiting(merchant)) == [bad]
    assert waiting(stranger) == {}
    assert {before, after, theirs} <= {number for _, number in listener.heard}
    row = waiting(merchant)[bad]
    assert row.attempts == 1
    assert row.due_at > clock.now()
    assert shelf.look(merchant) == {}  # what the failing reaction did is undone


@on_postgresql
def test_the_event_that_failed_is_put_off_not_one_that_came_meanwhile(merchant: int) -> None:
    (bad,) = lit(merchant)
    early = LampLit(subject_id=UUID(int=1), at=clock.now() - timedelta(hours=1))
    failed: list[UUID] = []

    def react(happened: Sequence[EventRow]) -> None:
        if bad in {row.id for row in happened}:
            failed.append(bad)
            if len(failed) == 2:  # first the whole batch fails, then the row by itself
                at_once([lambda: db.write(merchant, lambda: events.publish(early))])
            raise LookupError("poisoned")

    with wired(later={LampLit: (react,)}):
        assert events.relay() == 1

    assert list(waiting(merchant)) == [bad]
    assert len(failed) == 2


def test_a_failing_event_is_delivered_once_its_reaction_is_mended(merchant: int, listener: Listener) -> None:
    (bad,) = lit(merchant)
    listener.breaks_on = {bad}
    events.relay()
    listener.breaks_on, listener.heard = set(), []

    assert events.relay() == 0  # not before its pause is over

    later = clock.now() + timedelta(seconds=10)
    with clock.running(lambda: later):
        events.relay()
    assert listener.of(merchant) == [bad]
    assert waiting(merchant) == {}


def test_the_pause_grows_to_an_hour_and_no_longer(merchant: int, listener: Listener) -> None:
    (bad,) = lit(merchant)
    listener.breaks_on = {bad}
    now, pauses = clock.now(), []

    for _ in range(14):
        with clock.running(lambda: now):  # noqa: B023 (called inside this turn only)
            events.relay()
        due = waiting(merchant)[bad].due_at
        pauses.append(due - now)
        now = due

    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert waiting(merchant)[bad].attempts == 14


@on_sqlite
def test_a_whole_batch_of_failing_events_does_not_hide_the_good_ones_behind_it(
    merchant: int, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kit.rounds.SECONDS", 60.0)  # on a busy machine a turn would end within the batch
    bad = lit(merchant, BATCH)
    good = lit(merchant)[0]
    listener.breaks_on = set(bad)

    assert [events.relay(), events.relay()] == [0, 1]

    assert set(waiting(merchant)) == set(bad)
    assert good in listener.of(merchant)


def test_one_of_two_reactions_failing_undoes_both(merchant: int) -> None:
    def keep(happened: Sequence[EventRow]) -> None:
        for _ in happened:
            shelf.put()

    def fail(happened: Sequence[EventRow]) -> None:
        raise LookupError

    with wired(later={LampLit: (keep, fail)}):
        db.write(merchant, light)
        assert events.relay() == 0

    assert shelf.look(merchant) == {}
    assert len(waiting(merchant)) == 1
