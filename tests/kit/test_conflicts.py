"""When the database asks for patience a unit runs again; when it never gets through, the answer is Busy."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, func, select, text

from app.inventory.models import Stock
from app.kit import db
from app.kit.errors import Busy
from tests.engines import on_postgresql, on_sqlite
from tests.kit import shelf
from tests.make import at_once

Block = Callable[[UUID], Callable[[], None]]


@pytest.fixture
def states(merchant: int) -> Iterator[list[str]]:
    """What the database refused, as SQLSTATE or SQLite's name of the error."""
    seen: list[str] = []

    def note(context: Any) -> None:
        error = context.original_exception
        seen.append(str(getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", "")))

    event.listen(db.engine(), "handle_error", note)
    yield seen
    event.remove(db.engine(), "handle_error", note)


@pytest.fixture
def block(merchant: int, engine: str) -> Iterator[Block]:
    """Lets somebody outside hold the lock that a writer of a row needs; calling the answer lets go."""
    held: list[Any] = []

    def hold(number: UUID) -> Callable[[], None]:
        other: Any
        if engine == "sqlite":
            other = sqlite3.connect(str(db.engine().url.database), isolation_level=None, check_same_thread=False)
            other.execute("BEGIN IMMEDIATE")
        else:
            other = db.raw_connection()
            _enter(other, merchant)
            other.execute(select(Stock.__table__).where(Stock.sku_id == number).with_for_update())
        held.append(other)
        return other.rollback

    with impatience():
        yield hold
    for other in held:
        other.close()


@contextmanager
def impatience() -> Iterator[None]:
    """Let SQLite's own patience, which hides what collides, end after 10 ms."""
    pool = db.engine().pool
    event.listen(pool, "checkout", _impatient)
    yield
    event.remove(pool, "checkout", _impatient)
    db.engine().dispose()  # the impatient connections go with it


def _enter(connection: Any, merchant: int) -> None:
    connection.execute(text("SELECT set_config('app.merchant', :merchant, true)"), {"merchant": str(merchant)})


def _impatient(connection: Any, *_: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA busy_timeout=10")


def _be_impatient() -> None:
    if not db.is_sqlite():
        db.session().execute(text("SET LOCAL lock_timeout = '10ms'"))


def test_a_unit_that_meets_a_lock_runs_again_from_the_start(merchant: int, block: Block, states: list[str]) -> None:
    (number,) = shelf.filled(merchant, 1)
    let_go = block(number)
    sessions: list[Any] = []
    hooks: list[int] = []

    def work() -> None:
        sessions.append(db.session())
        if len(sessions) == 3:
            let_go()
        _be_impatient()
        db.unit().after_commit.append(lambda: hooks.append(len(sessions)))
        shelf.put(len(sessions))
        shelf.add(number)

    db.write(merchant, work)

    assert len({id(session) for session in sessions}) == 3  # kept alive in the list, so no id comes twice
    assert states == ["SQLITE_BUSY" if db.is_sqlite() else "55P03"] * 2
    assert hooks == [3]
    assert sorted(shelf.look(merchant).values()) == [2, 3]  # what the lost attempts put is gone


def test_who_never_gets_through_is_told_that_the_shop_is_busy(merchant: int, block: Block, states: list[str]) -> None:
    (number,) = shelf.filled(merchant, 1)
    let_go = block(number)
    attempts: list[int] = []

    def work() -> None:
        attempts.append(1)
        _be_impatient()
        shelf.add(number)

    with pytest.raises(Busy, match="nothing was changed"):
        db.write(merchant, work)

    assert len(attempts) == len(states) == db.TRIES
    let_go()
    assert shelf.look(merchant) == {number: 1}


@on_sqlite
def test_writers_stand_in_a_queue_and_never_collide(merchant: int, states: list[str]) -> None:
    (number,) = shelf.filled(merchant, 0)

    def count_ten() -> None:
        for _ in range(10):
            db.write(merchant, lambda: shelf.add(number))

    with impatience():
        results = at_once([count_ten] * 16)

    assert (results, states) == ([None] * 16, [])
    assert shelf.look(merchant) == {number: 160}


@on_sqlite
def test_a_reader_that_turns_writer_on_old_news_reads_again(merchant: int, states: list[str]) -> None:
    (number,) = shelf.filled(merchant, 1)
    found: list[int] = []

    def late() -> None:
        found.append(db.session().scalars(select(Stock.available)).one())
        if len(found) == 1:
            with closing(sqlite3.connect(str(db.engine().url.database))) as other:
                other.execute("UPDATE stock SET available = 9 WHERE merchant_id = ?", (merchant,))
                other.commit()
        shelf.add(number)

    db.read(merchant, late)

    assert states == ["SQLITE_BUSY_SNAPSHOT"]
    assert found == [1, 9]


@on_postgresql
def test_two_that_wait_for_each_other_both_arrive(merchant: int, states: list[str]) -> None:
    one, two = shelf.filled(merchant, 0, 0)
    both_hold = threading.Barrier(2)

    def change(first: UUID, second: UUID) -> int:
        attempts: list[int] = []

        def work() -> None:
            attempts.append(1)
            shelf.add(first)
            if len(attempts) == 1:
                both_hold.wait(10)
            shelf.add(second)

        db.write(merchant, work)
        return len(attempts)

    tried = at_once([lambda: change(one, two), lambda: change(two, one)])

    assert states == ["40P01"]
    assert sorted(tried) == [1, 2]  # type: ignore[type-var]
    assert shelf.look(merchant) == {one: 2, two: 2}


@on_postgresql
def test_two_that_decide_on_what_the_other_changes_do_so_one_after_the_other(merchant: int, states: list[str]) -> None:
    both_read = threading.Barrier(2)

    def put_how_many_there_are() -> int:
        attempts: list[int] = []

        def work() -> None:
            attempts.append(1)
            count = db.session().scalar(select(func.count()).select_from(Stock)) or 0
            if len(attempts) == 1:
                both_read.wait(10)
            shelf.put(count)

        db.write(merchant, work)
        return len(attempts)

    event.listen(db.engine(), "begin", _serializable)
    try:
        tried = at_once([put_how_many_there_are] * 2)
    finally:
        event.remove(db.engine(), "begin", _serializable)

    assert states == ["40001"]
    assert sorted(tried) == [1, 2]  # type: ignore[type-var]
    assert sorted(shelf.look(merchant).values()) == [0, 1]


def _serializable(connection: Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
