"""Rounds are fair: merchants take turns, the next round goes on after the last one served, a failure stops no other."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.kit import db, events
from app.kit.effects import Effect, Lane
from app.kit.effects.models import DUE_IN
from app.kit.events import BATCH, Outbox
from app.kit.ids import new_merchant_id
from app.kit.rounds import WALKING, Rounds, Turn
from app.kit.tasks import Task
from app.kit.tasks.models import ALIVE as TASKS
from app.kit.tenancy import System
from app.web.dispatch import Miaofa
from tests.kit.lamps import LampLit, lit, waiting, wired
from tests.kit.outside import later


@pytest.fixture(autouse=True)
def nothing_left(merchant: int) -> None:
    """Other tests of this installation left their events; nobody reacts to them here."""
    with wired(), later(days=2):
        events.drain()


@pytest.fixture
def merchants(merchant: int) -> list[int]:
    """Five merchants with an event each, in the order of their ids."""
    made = sorted([0, *(new_merchant_id() for _ in range(4))])
    for one in made:
        lit(one)
    return made


@pytest.fixture
def quiet() -> Iterator[None]:
    with wired():
        yield


def served_by(rounds: Rounds, serve: Callable[[Turn], int] = lambda turn: 1) -> list[int]:
    """Return whom one round serves, in order."""
    seen: list[int] = []

    def note(turn: Turn) -> int:
        seen.append(turn.merchant_id)
        return serve(turn)

    rounds.run(note)
    return seen


def test_each_merchant_with_due_rows_has_one_turn_also_the_platform(merchants: list[int]) -> None:
    assert served_by(Rounds(Outbox)) == merchants


def test_the_next_round_goes_on_after_the_last_one_served(merchants: list[int]) -> None:
    rounds, seen = Rounds(Outbox), list[int]()

    def slowly(turn: Turn) -> int:
        seen.append(turn.merchant_id)
        time.sleep(0.4)
        return 1

    while len(seen) < 7:  # on a busy machine a round may serve nobody in its time
        rounds.run(slowly, until=time.monotonic() + 0.3)

    assert seen == [*merchants, *merchants[:2]]


def test_many_merchants_are_walked_in_pieces(merchants: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kit.rounds.MERCHANTS", 2)
    rounds = Rounds(Outbox)

    assert [served_by(rounds) for _ in range(3)] == [merchants[:2], merchants[2:4], [merchants[4], merchants[0]]]


def test_a_turn_that_fails_stops_no_other(merchants: list[int]) -> None:
    def serve(turn: Turn) -> int:
        if turn.merchant_id == merchants[1]:
            raise LookupError
        return 1

    assert served_by(Rounds(Outbox), serve) == merchants


def test_a_drain_ends_in_time_and_the_next_does_the_rest(merchants: list[int], quiet: None) -> None:
    assert events.drain(seconds=0) == 0
    assert events.drain(seconds=30) == 5
    assert events.drain() == 0


def test_a_merchant_of_one_event_does_not_wait_for_a_merchant_of_five_hundred(merchant: int, stranger: int) -> None:
    heard: list[int] = []
    lit(merchant, 500)
    lit(stranger)

    with wired(later={LampLit: (lambda rows: heard.extend(row.merchant_id for row in rows),)}):
        events.drain()

    assert heard.index(stranger) <= BATCH
    assert len(heard) == 501
    assert waiting(merchant) == {}


@pytest.mark.parametrize(
    ("table", "alive", "index"),
    [
        (Effect, DUE_IN[Lane.MAIL], "ix_effect_due_1"),
        (Task, TASKS, "ix_task_due"),
        (Outbox, None, "ix_outbox_merchant_id_due_at"),
    ],
)
def test_a_round_reads_one_entry_of_the_due_index_for_each_merchant(
    app: Miaofa, table: Any, alive: Any, index: str
) -> None:
    told = Rounds(table, alive)._due(-1, None, 200).compile(db.engine(), compile_kwargs={"literal_binds": True})

    def explain() -> list[str]:
        if not db.is_sqlite():
            db.session().execute(WALKING)
        words = "EXPLAIN QUERY PLAN" if db.is_sqlite() else "EXPLAIN ANALYZE"
        return [str(row) for row in db.session().connection().exec_driver_sql(f"{words} {told}")]

    plan = db.read(System("test"), explain)

    looks = [line for line in plan if " USING " in line or "Scan using" in line]
    assert [index in line for line in looks] == [True] * 3, "\n".join(plan)
    assert not any(word in line for line in plan for word in ("Sort", "B-TREE", "Seq Scan", "SCAN effect"))
