"""The book of effects: what units write into it and what the office reads."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, literal_column, select, update

from app.kit import bell, clock, db
from app.kit.effects.kinds import wired
from app.kit.effects.models import ALIVE, Effect, State
from app.kit.ids import new_id


def intend(kind: str, subject_id: UUID, *, due_at: datetime, deadline: datetime | None = None) -> UUID:
    """Ask in the running write unit for one outside call after its commit, and return the id it goes by."""
    if kind not in wired():
        raise LookupError(f"no effect is wired as {kind!r}")
    number = new_id()
    now = clock.now()
    if due_at <= now:
        _ring()
    _asked().append(
        {
            "merchant_id": db.merchant_id(),
            "id": number,
            "kind": kind,
            "lane": wired()[kind].lane,
            "subject_id": subject_id,
            "state": State.WAITING,
            "attempts": 0,
            "due_at": due_at,
            "lease_until": None,
            "deadline": deadline,
            "note": "",
            "created_at": now,
        }
    )
    return number


def _asked() -> list[dict[str, Any]]:
    """Return the rows of the running unit, which go down in one statement at its commit."""
    unit = db.unit()
    if not unit.writing:
        raise RuntimeError("An effect is asked for in a write unit; a read keeps nothing.")
    return unit.last.setdefault(Effect.__table__, [])


def _insert() -> None:
    """Write down already what the running unit asked for, since it wants to read it."""
    db.insert((Effect.__table__, db.unit().last.pop(Effect.__table__, [])))


def get(effect_id: UUID) -> Effect:
    """Return one effect of the running merchant, or refuse with NotFound."""
    _insert()
    return db.get(Effect, effect_id)


def list_of(subject_ids: Iterable[UUID]) -> dict[UUID, Sequence[Effect]]:
    """List the effects of each subject, oldest first; a subject without any has an empty list."""
    _insert()
    found: dict[UUID, list[Effect]] = {subject: [] for subject in subject_ids}
    query = select(Effect).where(Effect.subject_id.in_(found)).order_by(Effect.created_at, Effect.id)
    for row in db.session().scalars(query) if found else ():
        found[row.subject_id].append(row)
    return dict(found)


def list_stuck(kinds: Iterable[str], limit: int) -> Sequence[Effect]:
    """List what needs a person's eye, newest first: given up, or of unknown outcome."""
    stuck = literal_column("effect.state IN (2, 5)", Boolean)  # the words of its partial index
    query = select(Effect).where(Effect.kind.in_(list(kinds)), stuck).order_by(Effect.id.desc()).limit(limit)
    return db.session().scalars(query).all()


def again(effect_id: UUID, *, now: datetime, sure: bool = False) -> bool:
    """Make an effect that waits, is unknown or was given up due at once, its deadline moved; tell whether it may be.

    One that may have happened is queried first. Where the kind has no query and may not be repeated, a person must be
    `sure` that it did not happen.
    """
    row = get(effect_id)
    kind = wired().get(row.kind)
    if kind is None or (kind.fragile and row.state != State.WAITING and not sure):
        return False
    asked_first = row.state != State.WAITING and kind.query is not None
    asking = update(Effect).where(Effect.id == row.id, Effect.state == row.state, Effect.state != State.CALLING)
    changed = db.changed(
        asking.where(Effect.state.in_((State.WAITING, State.UNKNOWN, State.GIVEN_UP))).values(
            state=State.UNKNOWN if asked_first else State.WAITING,
            attempts=0,
            due_at=now,
            deadline=None if row.deadline is None else now + (row.deadline - row.created_at),
        )
    )
    if changed:
        _ring()
    return bool(changed)


def _ring() -> None:
    """Have the bell rung once after the commit of the running unit."""
    unit = db.unit()
    if not unit.notes.get("effects rung"):
        unit.notes["effects rung"] = True
        unit.after_commit.append(partial(bell.ring, bell.EFFECTS))


def is_called(ids: Sequence[UUID]) -> bool:
    """Tell whether somebody is at one of these calls now."""
    called = Effect.state == State.CALLING
    return db.session().scalar(select(Effect.id).where(ALIVE, called, Effect.id.in_(ids)).limit(1)) is not None
