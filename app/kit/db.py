"""Units of work: the only place that begins, commits and repeats transactions.

`read(scope, fn)` and `write(scope, fn)` run `fn` in one transaction and may run it again when the database asks for
it (serialisation failure, deadlock, a busy SQLite); so `fn` does database work and nothing else.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar
from functools import cache, cached_property
from typing import Any, TypeVar, cast

import sqlalchemy
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, CursorResult, Engine, FromClause, Insert, Table, TextClause
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from app.kit import failpoint, postgres, processors, sqlite
from app.kit.errors import Busy, NotFound
from app.kit.inline import insert_arrays, inserted, inserted_arrays, inserting
from app.kit.tenancy import Base, Scope, Scoped, System, Unscoped, bound

T = TypeVar("T")
R = TypeVar("R", bound=Base)

TRIES = 6
OTHERS_SHARE = 8.0
SHORT = 0.02  # seconds; after work that took less nobody is waiting
STEP, LONGEST_STEP = 4.0, 0.2  # how long a process that stands back does so: times its own turn, and seconds at most
FEW = 64  # rows, to be inserted in one statement
RETRIED = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, lock timeout

COUNTED = {"preserve_rowcount": True}  # else an INSERT on PostgreSQL counts as -1

database = SQLAlchemy(model_class=Base, disable_autonaming=True)


class Unit:
    """One running transaction: its session, its scope, and what is to happen before and after its commit.

    The session and its connection come when they are first asked for: many a reader finds all it needs remembered, and
    a writer takes its turn no sooner than it must.
    """

    def __init__(self, scope: Scope, *, writing: bool) -> None:
        self.scope = scope
        self.writing = writing
        self.before_commit: list[Callable[[], None]] = []
        self.after_commit: list[Callable[[], None]] = []
        self.notes: dict[str, Any] = {}
        self.last: dict[FromClause, list[dict[str, Any]]] = {}  # rows that are inserted just before the commit
        self._line: Connection | None = None
        self._turn = ExitStack()
        self._turned_at: float | None = None  # when it had its turn
        self._waited = 0.0  # in line for a processor, by then

    @cached_property
    def session(self) -> Session:
        """The session, on a connection whose transaction belongs to the scope."""
        if is_sqlite():
            if self.writing:  # SQLite's own busy handler lets some writers wait for seconds (measured)
                self._turn.enter_context(sqlite.turn(engine(), patient=_stands_back or _patient.get()))
            self._line = engine().connect().execution_options(unit="write" if self.writing else "read")
        else:
            self._line = postgres.connect(engine(), bound=bound(self.scope, writing=self.writing))
        if self.writing and _stands_back:
            self._turned_at, self._waited = time.monotonic(), processors.waited()
        return Scoped(self._line, self.scope)

    def flush(self) -> None:
        if self._line is not None:
            self.session.flush()

    def commit(self) -> None:
        if self._line is not None:
            self._line.commit()
            self._turn.close()

    def close(self) -> None:
        """End the transaction, undone unless it was committed, and give the connection back."""
        with self._turn:
            if self._line is not None:
                with self._line:
                    self.session.close()

    def step_back(self) -> None:
        """Let others go first who came meanwhile, for some times as long as this one had its turn."""
        if self._turned_at is None:
            return
        took = time.monotonic() - self._turned_at
        _leave_room(self._waited, took=took, at_most=min(STEP * took, LONGEST_STEP))


_unit: ContextVar[Unit | None] = ContextVar("unit", default=None)
_patient: ContextVar[bool] = ContextVar("patient", default=False)
_stands_back = False


def stand_back() -> None:
    """Let this process write after those for whom somebody waits at a page.

    On SQLite all writers share one queue, in which a worker took a third of the time of a rush of notices, as much as
    a whole web process. Elsewhere they share the processors. Who stands back does more at once in fewer turns.
    """
    global _stands_back
    _stands_back = True


def read(scope: Scope, fn: Callable[[], T]) -> T:
    """Return what `fn` answers from one read transaction in `scope`; nothing it changes is kept."""
    return _repeat(lambda: _run(scope, fn, writing=False))


def write(scope: Scope, fn: Callable[[], T]) -> T:
    """Run `fn` in one write transaction in `scope`, commit, and return its answer; an exception leaves nothing."""
    if isinstance(scope, System):
        raise Unscoped(f"{scope} only reads; a write belongs to one merchant")
    return _repeat(lambda: _run(scope, fn, writing=True))


def unit() -> Unit:
    """Return the unit this code runs in; outside of one it raises."""
    current = _unit.get()
    if current is None:
        raise RuntimeError("No unit is open: call this inside db.read or db.write.")
    return current


def is_open() -> bool:
    return _unit.get() is not None


def session() -> Session:
    """Return the session of the running unit."""
    return unit().session


def merchant_id() -> int:
    """Return the merchant of the running unit; a System unit has none and raises."""
    scope = unit().scope
    if not isinstance(scope, int):
        raise RuntimeError(f"This unit reads across merchants ({scope.reason}); it belongs to none.")
    return scope


def find(model: type[R], number: Any) -> R | None:
    """Return the row of the running merchant with this id, or None."""
    key = model.__mapper__.primary_key
    return session().get(model, tuple(merchant_id() if part.name == "merchant_id" else number for part in key))


def get(model: type[R], number: Any) -> R:
    """Return the row of the running merchant with this id, or refuse with NotFound."""
    row = find(model, number) if number is not None else None
    if row is None:
        raise NotFound
    return row


def changed(statement: UpdateBase | TextClause, parameters: Any = None) -> int:
    """Run a guarded INSERT, UPDATE or DELETE and return how many rows it changed."""
    counted = session().execute(statement, parameters, execution_options=COUNTED)
    return cast("CursorResult[Any]", counted).rowcount


def insert_or(model: type[Base]) -> postgresql.Insert:
    """Return an INSERT that says what to do where such a row is there already (`on_conflict_...`)."""
    table = cast("Table", model.__table__)
    return cast("postgresql.Insert", sqlite_dialect.insert(table)) if is_sqlite() else postgresql.insert(table)


def insert(*batches: tuple[FromClause, Sequence[Mapping[str, Any]]]) -> None:
    """Insert rows into tables, in this order; few go in one statement where the engine can, many in one each."""
    full = [(cast("Table", table), rows) for table, rows in batches if rows]
    count = sum(len(rows) for _, rows in full)
    if 1 < count <= FEW and not is_sqlite():
        shape = ((table, tuple(rows[0]), len(rows)) for table, rows in full)
        session().execute(inserting(*shape), inserted([rows for _, rows in full]))
        return
    for table, rows in full:
        if len(rows) > FEW and "merchant_id" in rows[0] and not is_sqlite():
            session().execute(_insert_arrays(table, (*rows[0],)), inserted_arrays(rows))
        else:  # a single row goes plainly, since drivers make more of a list of one
            session().execute(_insert_into(table), rows[0] if len(rows) == 1 else rows)


def insert_new(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those of some rows of one merchant that are not there yet, and return how many these were."""
    if len(rows) > FEW and not is_sqlite():
        table = cast("Table", model.__table__)
        return changed(_insert_arrays(table, (*rows[0],), " ON CONFLICT DO NOTHING"), inserted_arrays(rows))
    return changed(insert_or(model).on_conflict_do_nothing(), list(rows)) if rows else 0


def insert_last(*batches: tuple[FromClause, Sequence[dict[str, Any]]]) -> None:
    """Insert rows just before the commit, together with all others of the unit; nobody in it sees them before."""
    for table, rows in batches:
        unit().last.setdefault(table, []).extend(rows)


@cache
def _insert_arrays(table: Table, names: tuple[str, ...], otherwise: str = "") -> TextClause:
    words, binds = insert_arrays(table, names)
    return sqlalchemy.text(words + otherwise).bindparams(*binds)


@cache
def _insert_into(table: FromClause) -> Insert:
    return sqlalchemy.insert(cast("Table", table))


def engine() -> Engine:
    """Return the engine of the running application."""
    return database.engine


def is_sqlite() -> bool:
    return database.engine.dialect.name == "sqlite"


def _repeat(attempt: Callable[[], T]) -> T:
    for number in range(1, TRIES + 1):
        try:
            return attempt()
        except DBAPIError as error:
            if not _transient(error):
                raise
            if number == TRIES:
                raise Busy from error
            time.sleep(random.uniform(0, 0.005 * 2**number))
    raise AssertionError("unreachable")


def _run(scope: Scope, fn: Callable[[], T], *, writing: bool) -> T:
    if is_open():
        raise RuntimeError("A unit is open already; units do not nest.")
    with closing(Unit(scope, writing=writing)) as current:
        token = _unit.set(current)
        try:
            answer = fn()
            if writing:
                for hook in current.before_commit:
                    hook()
                insert(*current.last.items())
                current.flush()
                failpoint.reach("commit.before", fn)
                current.commit()
                failpoint.reach("commit.after", fn)
        finally:
            _unit.reset(token)
    if writing:
        for after in current.after_commit:
            after()
        if _stands_back:
            current.step_back()
    return answer


def _transient(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in RETRIED or sqlite.is_busy(error.orig)


@contextmanager
def patient() -> Iterator[None]:
    """Write as work that nobody waits for: after it others have as much time as they can use, eight times its own."""
    began, waited, token = time.monotonic(), processors.waited(), _patient.set(True)
    try:
        yield
    finally:
        _patient.reset(token)
        took = time.monotonic() - began
        if took > SHORT:
            _leave_room(waited, took=took, at_most=OTHERS_SHARE * took)


def _leave_room(waited: float, *, took: float, at_most: float) -> None:
    """Let others go first to what is scarce: the turn to write on SQLite, the processors elsewhere."""
    if is_sqlite():
        sqlite.leave_room(engine(), at_most=at_most)
    else:
        processors.leave_room(waited, took=took, at_most=at_most)


def prepare(new: Engine) -> None:
    """Make an engine fit for units; called once for each engine."""
    if new.dialect.name == "sqlite":
        sqlite.prepare(new)
    else:
        postgres.prepare(new)


def raw_connection() -> Connection:
    """Return a plain connection for start-up checks (versions, roles); it sees no merchant's rows."""
    return engine().connect() if is_sqlite() else postgres.connect(engine())
