"""B2.3: balances are rolled days and the entries after them, and nothing can come between the two."""

import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.kit import clock, db, tasks
from app.kit.events import EventRow
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.tasks.kinds import wired
from app.ledger import queries, service
from app.ledger import tasks as watch
from app.ledger.rules import settles_at
from app.ledger.service import Leg, Posting
from tests.kit.depth import DEPTH
from tests.ledger.books import BALANCE, ENTRY, Books
from tests.make import at_once

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MANY = min(50_000 * DEPTH, 1_000_000)
DAY = timedelta(days=1)


def test_days_that_are_over_are_rolled_up_and_balances_stay(books: Books) -> None:
    for back in (9, 9, 5, 2, 1, 0):
        books.post(at=NOW - back * DAY)
    before = books.balances()

    rolled = books.roll(now=NOW)

    assert rolled == [(NOW - back * DAY).date() for back in (9, 5, 2)]
    assert books.count(BALANCE) == 6
    assert books.balances() == before == {"asset:gateway CNY": 6 * 1999, "income:sales CNY": -6 * 1999}
    assert books.check() == []


def test_rolling_again_changes_nothing(books: Books) -> None:
    books.post(at=NOW - 5 * DAY)
    books.roll(now=NOW)
    before = stored(books)

    assert books.roll(now=NOW) == []
    assert stored(books) == before


def test_who_rolls_at_the_same_time_rolls_once(books: Books) -> None:
    for back in range(3, 9):
        books.post(at=NOW - back * DAY)

    done = at_once([lambda: books.roll(now=NOW)] * 4)

    assert not [result for result in done if isinstance(result, BaseException)]
    assert books.count(BALANCE) == 2 * 6
    assert books.check() == []


def test_asking_for_balances_reads_no_entry_of_a_rolled_day(books: Books) -> None:
    old, young = books.post(at=NOW - 5 * DAY), books.post(at=NOW)
    books.roll(now=NOW)

    books.damage(ENTRY, old)
    assert books.balances()["asset:gateway CNY"] == 2 * 1999

    books.damage(ENTRY, young)
    assert books.balances()["asset:gateway CNY"] == 1999


def test_what_comes_too_late_for_its_day_counts_under_the_oldest_open_one(books: Books) -> None:
    books.post(at=NOW - 5 * DAY)
    books.roll(now=NOW)
    late = Posting("sale", new_id(), NOW - 5 * DAY, (NOW - 5 * DAY).date(), legs(7, "CNY"))

    with clock.running(lambda: NOW):
        books.write(lambda: service.post([late]))

    entries = books.read(lambda: queries.list_entries("sale", late.subject_id))
    assert {entry.day for entry in entries} == {(NOW - DAY).date()}
    assert books.balances()["asset:gateway CNY"] == 1999 + 7
    assert books.check() == []


def test_currencies_and_merchants_stay_apart(books: Books) -> None:
    neighbour = Books(books.merchant_id + 1, books.owner_url)
    books.post(("a", 5, "CNY"), ("b", -5, "CNY"), ("a", 7, "JPY"), ("b", -7, "JPY"), at=NOW - 5 * DAY)
    neighbour.post(("a", 11, "CNY"), ("b", -11, "CNY"), at=NOW - 5 * DAY)

    books.roll(now=NOW)

    assert books.balances() == {"a CNY": 5, "a JPY": 7, "b CNY": -5, "b JPY": -7}
    assert neighbour.count(BALANCE) == 0
    assert neighbour.balances() == {"a CNY": 11, "b CNY": -11}


def test_empty_books_have_no_balances_and_nothing_to_roll(books: Books) -> None:
    assert books.balances() == {}
    assert books.roll(now=NOW) == []
    assert books.check() == []


moves = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.integers(-(10**9), 10**9), st.sampled_from(["CNY", "USD"]), st.integers(0, 9)
    ),
    min_size=1,
    max_size=12,
)


@given(moves, st.integers(0, 12))
@settings(max_examples=8 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whenever_the_books_are_rolled_up_balances_are_those_of_all_entries(
    books: Books, moves: list[tuple[str, int, str, int]], rolled_after: int
) -> None:
    books = Books(int(new_id().int % 2**62), books.owner_url)
    wanted: dict[str, int] = {}
    for number, (account, minor, currency, back) in enumerate(sorted(moves, key=lambda move: -move[3])):
        now = NOW - back * DAY
        books.post((account, minor, currency), ("z", -minor, currency), at=now)
        for name, change in ((f"{account} {currency}", minor), (f"z {currency}", -minor)):
            wanted[name] = wanted.get(name, 0) + change
        if number >= rolled_after:
            books.roll(now=now)

    assert books.balances() == wanted
    assert books.check() == []


def test_large_books_are_checked_in_time_and_in_little_memory(books: Books) -> None:
    fill(books, MANY, days=10)
    rolled = books.roll(now=NOW)
    assert len(rolled) == 8  # yesterday and today are open

    tracemalloc.start()
    began = time.perf_counter()
    faults = books.check()
    seconds = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert faults == []
    assert seconds <= 30, f"{MANY} entries took {seconds:.1f} s"
    assert peak < 2_000_000, f"{MANY} entries took {peak} bytes"
    assert books.count(ENTRY) == MANY
    assert sum(books.balances().values()) == 0


def fill(books: Books, entries: int, *, days: int) -> None:
    """Post sales of four entries, the same number on each of the last `days` days."""
    for back in reversed(range(days)):
        then = NOW - back * DAY
        with clock.running(partial(lambda at: at, then)):
            left = entries // 4 // days
            while left:
                some = min(left, 2500)
                sales = [Posting("sale", new_id(), then, then.date(), (*legs(5, "CNY"), *goods())) for _ in range(some)]
                books.write(partial(service.post, sales))
                left -= some


def legs(minor: int, currency: str) -> tuple[Leg, Leg]:
    return Leg("asset:gateway", Money(minor, currency)), Leg("income:sales", Money(-minor, currency))


def goods() -> tuple[Leg, Leg]:
    return Leg("expense:goods", Money(3, "CNY")), Leg("asset:stock", Money(-3, "CNY"))


def stored(books: Books) -> set[str]:
    mine = BALANCE.select().where(BALANCE.c.merchant_id == books.merchant_id)
    return books.read(lambda: {str(row) for row in db.session().execute(mine)})


# The task --------------------------------------------------------------------------------------------------------


def test_the_watch_rolls_day_by_day_and_sleeps_until_the_next_one_is_over(books: Books) -> None:
    for back in (4, 3, 1):
        books.post(at=NOW - back * DAY)

    with clock.running(lambda: NOW):
        steps = [books.write(lambda: watch.roll(UUID(int=0))) for _ in range(3)]

    assert [step.finished for step in steps] == [False, False, True]
    assert steps[-1].again_at == settles_at((NOW - DAY).date())


def test_what_was_posted_is_rolled_up_when_its_day_is_over(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(wired(), watch.ROLL, watch.KINDS[0])
    with clock.running(lambda: NOW):
        books.post(at=NOW)
        books.write(lambda: watch.roll_after([EventRow(at=NOW)]))
    waiting = task(books)
    assert waiting.due_at == settles_at(NOW.date())

    with clock.running(lambda: waiting.due_at):
        tasks.run(books.merchant_id, waiting.id)

    assert books.count(BALANCE) == 2
    assert task(books).state is tasks.State.DONE


def task(books: Books) -> tasks.Task:
    found = books.read(lambda: tasks.find(watch.ROLL, UUID(int=0)))
    assert found is not None
    return found
