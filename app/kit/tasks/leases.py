"""Leases on tasks: who may do the next step, and what a step makes of the row. All of it runs in write units."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.kit import clock, db
from app.kit.tasks.kinds import Kind, Step, wired
from app.kit.tasks.models import ALIVE, State, Task

LEASE = timedelta(seconds=30)
MOMENT = timedelta(microseconds=1)
TRIES = 8
LONGEST_PAUSE = 3600.0
SHORTEST_SLEEP = timedelta(seconds=1)  # a watch that is due at once again must not spin
WOKEN = Task.due_at <= Task.lease_until  # somebody called while the step ran


@dataclass(frozen=True)
class Lease:
    """The right to do the next step of a task until a time."""

    task_id: UUID
    kind: Kind
    subject_id: UUID
    attempts: int
    until: datetime


class Lost(Exception):
    """The lease is no longer ours: the task was cancelled, or took longer than its lease and is somebody else's now."""


def take(task_id: UUID | None = None) -> Lease | None:
    """Lease the first due task of the running merchant, or the one asked for if it is due, or None."""
    now = clock.now()
    due = (ALIVE, Task.due_at <= now, or_(Task.lease_until.is_(None), Task.lease_until < now))
    query = select(Task.id, Task.kind, Task.subject_id, Task.attempts, Task.lease_until).where(*due)
    query = query.where(Task.kind.in_(list(wired())) if task_id is None else Task.id == task_id)
    query = query.order_by(Task.due_at, Task.id).limit(1).with_for_update(skip_locked=True)
    row = db.session().execute(query).one_or_none()
    if row is None:
        return None
    died = row.lease_until is not None  # somebody began a step and was never heard of again
    lease = Lease(row.id, wired()[row.kind], row.subject_id, row.attempts + died, now + LEASE)
    values: dict[str, Any] = {"lease_until": lease.until, "due_at": lease.until + MOMENT, "attempts": lease.attempts}
    return lease if db.changed(update(Task).where(Task.id == row.id, *due).values(**values)) == 1 else None


def advance(lease: Lease, *, keep: bool) -> tuple[Step, Lease | None]:
    """Do one step, write its progress in the same unit, and return the lease for the next one if we `keep` it."""
    step = lease.kind.step(lease.subject_id)
    now = clock.now()
    values = {"done": step.done, "total": step.total, "attempts": 0, "note": ""}
    if step.finished:
        _change(lease, values | _asleep(step.again_at, now))
    elif not keep:
        _change(lease, values | {"lease_until": None, "due_at": now})
    else:
        until = now + LEASE
        _change(lease, values | {"lease_until": until, "due_at": _unless_woken(Task.due_at, until + MOMENT)})
        return step, Lease(lease.task_id, lease.kind, lease.subject_id, 0, until)
    return step, None


def _asleep(again_at: datetime | None, now: datetime) -> dict[str, Any]:
    """Return what a finished step writes: asleep until the next look, or done, unless somebody called meanwhile."""
    if again_at is None:
        ended = {"state": _unless_woken(Task.state, State.DONE), "finished_at": _unless_woken(Task.finished_at, now)}
        return ended | {"lease_until": None}
    later = literal(max(again_at, now + SHORTEST_SLEEP), Task.due_at.type)
    return {"lease_until": None, "due_at": case((WOKEN & (Task.due_at < later), Task.due_at), else_=later)}


def _unless_woken(column: InstrumentedAttribute[Any], value: Any) -> ColumnElement[Any]:
    """Return the new value of a column, or what is there when the task was woken."""
    return case((WOKEN, column), else_=literal(value, column.type))


def fail(lease: Lease, error: str) -> bool:
    """Write down that a step raised: again after a pause, or FAILED after so many in a row; tell whether for good."""
    now, attempts = clock.now(), lease.attempts + 1
    values: dict[str, Any] = {"lease_until": None, "attempts": attempts, "note": error}
    if attempts >= TRIES:
        _change(lease, values | {"state": State.FAILED, "finished_at": now})
        return True
    longest = min(2.0**attempts, LONGEST_PAUSE)
    _change(lease, values | {"due_at": now + timedelta(seconds=random.uniform(longest / 2, longest))})
    return False


def _change(lease: Lease, values: Mapping[str, Any]) -> None:
    """Change the row if the lease is still ours, or raise Lost, which undoes the step."""
    mine = (Task.id == lease.task_id, Task.state == State.WAITING, Task.lease_until == lease.until)
    if db.changed(update(Task).where(*mine).values(**values)) != 1:
        raise Lost
