"""Takes every lock of ours away, so that only unique keys and guarded updates are left to keep codes apart."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from app.kit import sqlite

LOCKS = re.compile(r" FOR (NO KEY )?(UPDATE|SHARE)( SKIP LOCKED)?")
ADVISORY = re.compile(r"\bpg_(try_)?advisory_\w+\(")
removed = 0


def remove_locks(engine: Engine) -> None:
    """Let this process, for the rest of its life, send no lock to the database and queue at no file."""
    sqlite.turn = _no_turn  # type: ignore[assignment]
    event.listen(engine, "before_cursor_execute", _without_locks, retval=True)


@contextmanager
def _no_turn(_: Engine, **_known: bool) -> Iterator[None]:
    global removed
    removed += 1
    yield


def _without_locks(_c: Any, _cursor: Any, statement: str, parameters: Any, _ctx: Any, _many: bool) -> tuple[str, Any]:
    global removed
    bare, rows = LOCKS.subn("", statement)
    bare, advisory = ADVISORY.subn("pg_typeof(", bare)
    removed += rows + advisory
    return bare, parameters
