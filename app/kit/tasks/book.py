"""The book of tasks: starting, waking, cancelling and looking one up."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, or_, select, update

from app.kit import bell, clock, db
from app.kit.ids import new_id
from app.kit.tasks.kinds import wired
from app.kit.tasks.models import State, Task

WATCH = UUID(int=0)  # the subject of a watch that looks at all of a merchant
LONGEST_UNIT = timedelta(seconds=5)
WAITING, LEASED = Task.state == State.WAITING, Task.lease_until.is_not(None)
KEY = ("merchant_id", "kind", "subject_id")
ANEW = ("done", "total", "attempts", "lease_until", "note", "finished_at")


def start(kind: str, subject_id: UUID, *, due_at: datetime, total: int = 0) -> UUID:
    """Start the long work on a subject, or make the one there is due again, and return its id."""
    put = _insert(kind, subject_id, due_at, total)
    put = put.on_conflict_do_update(index_elements=KEY, set_=_due_again(put)).returning(Task.id)
    number: UUID = db.session().scalars(put).one()
    _ring_at(due_at)
    return number


def wake(kind: str, at: datetime, subject_id: UUID = WATCH) -> None:
    """Let a standing watch look at `at` or earlier; one that is running looks once more after its step."""
    if _looks_in_time(kind, at, subject_id):
        return
    put = _insert(kind, subject_id, at, 0)
    due_later = or_(Task.state != State.WAITING, _is_sooner(put))
    db.changed(put.on_conflict_do_update(index_elements=KEY, set_=_due_again(put), where=due_later))
    _ring_at(at)


def _insert(kind: str, subject_id: UUID, due_at: datetime, total: int) -> Any:
    if kind not in wired():
        raise LookupError(f"no task is wired as {kind!r}")
    fresh = {"lease_until": None, "note": "", "finished_at": None, "attempts": 0, "done": 0, "total": total}
    return db.insert_or(Task).values(
        merchant_id=db.merchant_id(),
        id=new_id(),
        kind=kind,
        subject_id=subject_id,
        state=State.WAITING,
        due_at=due_at,
        created_at=clock.now(),
        **fresh,
    )


def _due_again(put: Any) -> dict[str, Any]:
    """Return what becomes of a task that is there: a waiting one is at most due earlier, an ended one begins anew."""
    anew = {name: case((WAITING, getattr(Task, name)), else_=put.excluded[name]) for name in ANEW}
    late = LEASED & (Task.lease_until < put.excluded.due_at)
    noticed = case((late, Task.lease_until), else_=put.excluded.due_at)  # its step will see that it was woken
    due_at = case((~WAITING, put.excluded.due_at), (_is_sooner(put), noticed), else_=Task.due_at)
    return anew | {"state": State.WAITING, "due_at": due_at}


def _is_sooner(put: Any) -> ColumnElement[bool]:
    """Return the question whether a waiting task has to be told: it is due later, or a step runs that nobody woke."""
    return or_(Task.due_at > put.excluded.due_at, LEASED & (Task.due_at > Task.lease_until))


def _looks_in_time(kind: str, at: datetime, subject_id: UUID) -> bool:
    """Tell without a lock whether the watch will look in time anyway, so that buyers do not queue at its row.

    A look that is at least the longest unit away cannot begin before the running unit is committed, and will see it.
    """
    mine = (Task.kind == kind, Task.subject_id == subject_id, WAITING, Task.lease_until.is_(None))
    in_time = (Task.due_at <= at, Task.due_at > clock.now() + LONGEST_UNIT)
    return db.session().scalar(select(Task.id).where(*mine, *in_time)) is not None


def _ring_at(at: datetime) -> None:
    """Have the bell rung once after the commit of the running unit, if there is something to do by then."""
    unit = db.unit()
    if at <= clock.now() and not unit.notes.get("tasks rung"):
        unit.notes["tasks rung"] = True
        unit.after_commit.append(partial(bell.ring, bell.TASKS))


def cancel(task_id: UUID) -> bool:
    """End a task that is not finished; a step that runs now is undone. Tell whether there was something to end."""
    ended = {"state": State.CANCELLED, "lease_until": None, "finished_at": clock.now()}
    return db.changed(update(Task).where(Task.id == task_id, WAITING).values(**ended)) == 1


def get(task_id: UUID) -> Task:
    """Return a task of the running merchant, or refuse with NotFound."""
    return db.get(Task, task_id)


def find(kind: str, subject_id: UUID) -> Task | None:
    """Return the task of a kind on a subject, or None."""
    return db.session().scalar(select(Task).where(Task.kind == kind, Task.subject_id == subject_id))
