"""SQLite as the embedded engine: safe pragmas, one kind of BEGIN for each kind of unit, a fair queue for writers."""

import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.kit import crowd

OLDEST = (3, 35, 0)  # RETURNING
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
GLANCE = 0.005  # seconds
PAIRS = re.compile(r"IN \(VALUES((?:,? \(\?, \?\))+)\)")
QUIET = 80_000_000  # nanoseconds
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA recursive_triggers=ON",  # so that INSERT OR REPLACE fires the guards of immutable tables
)


def prepare(engine: Engine) -> None:
    """Attach pragmas and BEGIN to `engine`; the driver must not begin by itself."""
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _by_index, retval=True)


def _set_up(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("unit", "write") == "write"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _by_index(_line: Any, _cursor: Any, statement: str, given: Any, *_more: Any) -> tuple[str, Any]:
    """Let children be found by their index: for several rows of plain VALUES SQLite walks the whole table.

    Where they name the parent's id before the merchant, that is (tenancy.PARENT).
    """
    if " IN (VALUES (" in statement:
        statement = PAIRS.sub(r"IN (SELECT * FROM (VALUES\1))", statement)
    return statement, given


@contextmanager
def turn(engine: Engine, *, patient: bool = False) -> Iterator[None]:
    """Hold the writers' queue of this database; a killed holder lets go by itself. The patient leave no mark there."""
    lock = os.open(f"{engine.url.database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        with crowd.waiting():
            _mark(lock, patient=patient)
            fcntl.flock(lock, fcntl.LOCK_EX)
            _mark(lock, patient=patient)
        with crowd.alone():
            yield
    finally:
        os.close(lock)


def _mark(lock: int, *, patient: bool) -> None:
    if not patient:
        now = time.time_ns()
        os.utime(lock, ns=(now, now))


def leave_room(engine: Engine, *, at_most: float) -> None:
    """Wait until nobody wrote or came to write for a moment, or for `at_most` seconds."""
    until = time.monotonic() + at_most
    while time.time_ns() - os.stat(f"{engine.url.database}.lock").st_mtime_ns < QUIET and time.monotonic() < until:
        time.sleep(GLANCE)


def is_busy(error: BaseException | None) -> bool:
    """Tell whether SQLite only asks for patience."""
    return isinstance(error, sqlite3.OperationalError) and (getattr(error, "sqlite_errorcode", 0) & 0xFF) in BUSY
