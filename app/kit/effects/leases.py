"""Leases on effects: who may make a call now, and what its answer makes of the row. All of it runs in write units."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, select, update

from app.kit import clock, db
from app.kit.effects.kinds import Answer, Done, GaveUp, Intent, Kind, Refused, Temporary, Unknown, wired
from app.kit.effects.models import ALIVE, Effect, State

HEAD_START = timedelta(seconds=2)  # of who makes a call by `perform`, before a worker comes for it
LONGEST_PAUSE = 3600.0
LONGEST_NOTE = 200
END = {Done: State.DONE, Refused: State.REFUSED, GaveUp: State.GIVEN_UP}


@dataclass(frozen=True)
class Lease:
    """The right to make one call until a time; `doubtful` when an earlier call may have arrived already."""

    intent: Intent
    kind: Kind
    doubtful: bool
    until: datetime
    note: str  # of the row as it was found

    @property
    def is_first_question(self) -> bool:
        return self.kind.asks and self.intent.attempts == 1

    def is_past_deadline(self, now: datetime) -> bool:
        return self.intent.deadline is not None and now >= self.intent.deadline


def take(due: ColumnElement[bool], kinds: Iterable[str], limit: int, *, ahead: timedelta = timedelta(0)) -> list[Lease]:
    """Lease the first effects of these kinds that are `due` in the running merchant; returned in the order due.

    Those that are due in less than `ahead` count as due.
    """
    now = clock.now()
    rows = _pick(now + ahead, limit, due, kinds)
    until = {row.id: now + wired()[row.kind].lease for row in rows}
    for moment, same in groupby(sorted(rows, key=lambda row: until[row.id]), key=lambda row: until[row.id]):
        mine = update(Effect).where(Effect.id.in_([row.id for row in same]), ALIVE, Effect.due_at <= now + ahead)
        values = {"state": State.CALLING, "lease_until": moment, "due_at": moment}
        db.changed(mine.values(**values, attempts=Effect.attempts + 1))
    return [_lease(row, until[row.id]) for row in rows]


def _pick(by: datetime, limit: int, due: ColumnElement[bool], kinds: Iterable[str]) -> list[Any]:
    """Lock due rows, of fragile kinds few: after a kill nobody could tell which of a batch began."""
    columns = (Effect.id, Effect.kind, Effect.subject_id, Effect.state, Effect.attempts, Effect.deadline)
    query = select(*columns, Effect.created_at, Effect.note).where(due, Effect.due_at <= by, Effect.kind.in_(kinds))
    query = query.order_by(Effect.due_at, Effect.id).limit(limit).with_for_update(skip_locked=True)
    rows = list(db.session().execute(query))
    fragile = [row for row in rows if wired()[row.kind].fragile]
    most = min((wired()[row.kind].at_risk for row in fragile), default=0)
    too_many = {row.id for row in fragile[most:]}
    return [row for row in rows if row.id not in too_many]


def _lease(row: Any, until: datetime) -> Lease:
    intent = Intent(row.id, row.kind, row.subject_id, row.attempts + 1, row.created_at, row.deadline)
    return Lease(intent, wired()[row.kind], row.state != State.WAITING, until, row.note)


@dataclass(frozen=True)
class Change:
    """What becomes of a leased effect's row; its lease ends with it."""

    lease: Lease
    state: State
    due_at: datetime
    attempts: int
    note: str


def write_down(changes: Sequence[Change]) -> set[UUID]:
    """Change the rows whose lease is still ours, and return their ids; others were too slow, and settle nothing."""
    asked = {change.lease.intent.id: change for change in changes}
    merchant = db.merchant_id()
    held = db.session().execute(HELD, {"merchant": merchant, "ids": list(asked)}).all()
    ours = [asked[row.id] for row in held if row.lease_until == asked[row.id].lease.until]
    values = [
        {
            "merchant": merchant,
            "number": change.lease.intent.id,
            "leased": change.lease.until,
            "state": change.state,
            "due_at": change.due_at,
            "attempts": change.attempts,
            "note": change.note[:LONGEST_NOTE],
        }
        for change in ours
    ]
    if values:
        db.session().execute(CHANGE, values)
    return {change.lease.intent.id for change in ours}


ROWS = cast(Table, Effect.__table__)
MINE = (ROWS.c.merchant_id == bindparam("merchant"), ROWS.c.state == State.CALLING)
HELD = (
    select(ROWS.c.id, ROWS.c.lease_until)
    .where(*MINE, ROWS.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(ROWS.c.id)
    .with_for_update()
)
CHANGE = (
    update(ROWS)
    .where(*MINE, ROWS.c.id == bindparam("number"), ROWS.c.lease_until == bindparam("leased"))
    .values({name: bindparam(name) for name in ("state", "due_at", "attempts", "note")} | {"lease_until": None})
)


def final(lease: Lease, answer: Answer, now: datetime) -> Answer:
    """Return the answer, or GaveUp where nothing more can follow it."""
    over = lease.is_past_deadline(now)
    if isinstance(answer, Temporary) and over:
        return GaveUp(answer.reason, unknown=False)
    if isinstance(answer, Unknown) and (over or lease.kind.fragile):
        return GaveUp(answer.reason, unknown=True)
    return answer


def settled(lease: Lease, answer: Answer, now: datetime) -> Change:
    """Return what a final answer makes of the row."""
    ends = (state for kind, state in END.items() if isinstance(answer, kind))  # an area's own kind of answer too
    state = next(ends, State.WAITING if isinstance(answer, Temporary) else State.UNKNOWN)
    due_at = _next_due(lease, now) if state in (State.WAITING, State.UNKNOWN) else now
    return Change(lease, state, due_at, lease.intent.attempts, getattr(answer, "reason", ""))


def moot(lease: Lease, now: datetime) -> Change:
    """Close an effect that needs no call any more."""
    return Change(lease, State.DONE, now, lease.intent.attempts, "nothing to do")


def given_back(lease: Lease, now: datetime) -> Change:
    """Return an effect nobody called in this lease to the state it was found in, due at once."""
    return Change(lease, _found(lease), now, lease.intent.attempts - 1, lease.note)


def put_off(lease: Lease, now: datetime, *, called: bool, note: str) -> Change:
    """Try again later, since loading or settling failed; what was called is unknown from now on."""
    state = State.UNKNOWN if called else _found(lease)
    return Change(lease, state, _next_due(lease, now), lease.intent.attempts, note)


def _found(lease: Lease) -> State:
    return State.UNKNOWN if lease.doubtful else State.WAITING


def _next_due(lease: Lease, now: datetime) -> datetime:
    due = now + pause(lease.intent.attempts)
    deadline = lease.intent.deadline
    return due if deadline is None or deadline <= now else min(due, deadline)


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many tries: a second, doubled each time up to an hour, never twice the same."""
    longest = min(2.0 ** min(attempts, 20), LONGEST_PAUSE)
    return timedelta(seconds=max(1.0, random.uniform(longest / 2, longest)))
