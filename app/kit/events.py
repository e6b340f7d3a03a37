"""Events: what happened, as insert-only rows that are timeline, audit leaf and webhook source at once.

`publish` queues an event in the running unit and runs its NOW reactions there; at the commit all events of the unit
go down in one statement, each with one outbox row. `relay` hands outbox rows to the LATER reactions and deletes them.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import JSON, Index, LargeBinary, SmallInteger, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import bell, clock, db
from app.kit.columns import Moment
from app.kit.ids import Id, new_id
from app.kit.rounds import ROWS, Rounds, Turn
from app.kit.tenancy import Owned

log = structlog.get_logger()
BATCH = ROWS
LONGEST_PAUSE = timedelta(hours=1)
AHEAD = timedelta(days=1)  # an urgent event goes before all that waits in the outbox for less than that


@dataclass(frozen=True, slots=True)
class By:
    """Who did it: a user, a buyer's device, a gateway, the system itself."""

    type: str
    id: UUID | None = None


SYSTEM = By("system")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened; a subclass names it and adds the facts worth keeping (never a secret)."""

    name: ClassVar[str]
    subject_type: ClassVar[str]
    version: ClassVar[int] = 1
    is_urgent: ClassVar[bool] = False  # somebody waits for its LATER reactions: they go ahead of all others

    subject_id: UUID
    at: datetime
    by: By = SYSTEM
    order_id: UUID | None = None


class EventRow(Owned):
    __tablename__ = "event"
    __table_args__ = (
        Index(None, "merchant_id", "subject_type", "subject_id"),
        Index(None, "merchant_id", "order_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    name: Mapped[str] = mapped_column(Text)
    subject_type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID | None] = mapped_column(Id)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    v: Mapped[int] = mapped_column(SmallInteger)


class Outbox(Owned):
    __tablename__ = "outbox"
    __table_args__ = (Index(None, "merchant_id", "due_at"),)

    event_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(SmallInteger)


_rounds, _urgent = Rounds(Outbox), Rounds(Outbox, ahead=AHEAD)
_facts: dict[type[Event], tuple[str, ...]] = {}

E = TypeVar("E", bound=Event)
Reaction = Callable[[Sequence[Any]], None]
LaterReaction = Callable[[Sequence[EventRow]], None]  # plain rows with the columns of EventRow
EVENT = EventRow.__table__.c

_now: Mapping[type[Event], Sequence[Reaction]] = {}
_later: Mapping[str, Sequence[LaterReaction]] = {}


def wire(now: Mapping[type[Event], Sequence[Reaction]], later: Mapping[type[Event], Sequence[LaterReaction]]) -> None:
    """Take the two tables of `app/wiring.py`; called once at start."""
    global _now, _later
    _now, _later = now, {event.name: reactions for event, reactions in later.items()}


def publish(*events: Event) -> list[UUID]:
    """Record events of one kind in the running unit, run their NOW reactions, and return the id of each in order."""
    if not events:
        return []
    if EventRow.__table__ not in db.unit().last:
        db.unit().after_commit.append(partial(bell.ring, bell.OUTBOX))
    ids = [new_id() for _ in events]
    rows = [_row(event, number) for event, number in zip(events, ids, strict=True)]
    ahead = AHEAD if events[0].is_urgent else timedelta(0)
    db.insert_last((EventRow.__table__, rows), (Outbox.__table__, [_due(row, ahead) for row in rows]))
    for reaction in _now.get(type(events[0]), ()):
        reaction(events)
    return ids


def _row(event: Event, number: UUID) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "at": event.at,
        "name": event.name,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "order_id": event.order_id,
        "actor_type": event.by.type,
        "actor_id": event.by.id,
        "data": {name: _plain(getattr(event, name)) for name in _facts_of(type(event))},
        "salt": secrets.token_bytes(16),
        "v": event.version,
    }


def _facts_of(kind: type[Event]) -> tuple[str, ...]:
    if kind not in _facts:
        base = {field.name for field in fields(Event)}
        _facts[kind] = tuple(field.name for field in fields(kind) if field.name not in base)
    return _facts[kind]


def _plain(value: Any) -> Any:
    """Return a fact as JSON has it; what JSON does not know, a secret above all, has no place in an event."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    raise TypeError(f"{type(value).__name__} has no place in an event")


def _due(row: Mapping[str, Any], ahead: timedelta) -> dict[str, Any]:
    """Return the row of the outbox that lets the relay find an event."""
    due_at = row["at"] - ahead
    return {"merchant_id": row["merchant_id"], "event_id": row["id"], "shard": 0, "due_at": due_at, "attempts": 0}


def timeline(*, order_id: UUID | None = None, subject: tuple[str, UUID] | None = None) -> Sequence[EventRow]:
    """List what happened to an order or to one subject, oldest first."""
    query = select(EventRow).order_by(EventRow.at, EventRow.id).limit(500)
    if order_id is not None:
        query = query.where(EventRow.order_id == order_id)
    if subject is not None:
        query = query.where(EventRow.subject_type == subject[0], EventRow.subject_id == subject[1])
    return db.session().scalars(query).all()


# The relay -------------------------------------------------------------------------------------------------------


def drain(*, seconds: float | None = None) -> int:
    """Hand out all due events (within `seconds`), in fair rounds, and return how many were delivered."""
    return _drain(relay, seconds)


def drain_urgent(*, seconds: float | None = None) -> int:
    """Hand out the due events that are urgent, as `drain` does with all."""
    return _drain(partial(_urgent.run, partial(_relay_one, ahead=AHEAD)), seconds)


def _drain(relay: Callable[..., int], seconds: float | None) -> int:
    until = None if seconds is None else time.monotonic() + seconds
    delivered = 0
    while count := relay(until=until):
        delivered += count
    return delivered


def relay(*, until: float | None = None) -> int:
    """Hand due outbox rows to their reactions, a turn for each merchant, and return how many were delivered."""
    return _rounds.run(_relay_one, until=until)


def _relay_one(turn: Turn, *, ahead: timedelta = timedelta(0)) -> int:
    """Deliver one batch; if it fails, go row by row so that one poisoned event holds up no other."""
    merchant, taken = turn.merchant_id, list[UUID]()
    try:
        return db.write(merchant, lambda: _deliver(BATCH, taken, ahead))
    except Exception:
        log.exception("outbox.batch_failed", merchant=merchant)
    delivered = 0
    for number in range(BATCH):
        if number and turn.over:
            break
        taken.clear()
        try:
            delivered += db.write(merchant, lambda: _deliver(1, taken, ahead))
        except Exception:
            log.exception("outbox.event_failed", merchant=merchant)
            db.write(merchant, lambda: _postpone(taken))
        if not taken:
            break
    return delivered


def _deliver(limit: int, taken: list[UUID], ahead: timedelta) -> int:
    """Hand the first due rows to their reactions; `taken` tells which, also when one of those fails."""
    taken[:] = rows = _take(limit, ahead)
    told = select(EventRow.__table__).where(EVENT.merchant_id == db.merchant_id(), EVENT.id.in_(rows))
    happened = sorted(db.session().execute(told), key=lambda row: (row.name, row.id))
    for name, group in groupby(happened, key=lambda row: row.name):
        same: list[Any] = list(group)
        for reaction in _later.get(name, ()):
            reaction(same)
    db.session().execute(delete(Outbox).where(Outbox.event_id.in_(rows)))
    return len(rows)


def _take(limit: int, ahead: timedelta) -> Sequence[UUID]:
    query = (
        select(Outbox.event_id)
        .where(Outbox.due_at <= clock.now() - ahead)
        .order_by(Outbox.due_at, Outbox.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return db.session().scalars(query).all()


def _postpone(numbers: Sequence[UUID]) -> None:
    """Put rows that failed off, longer each time; they stay until they are delivered, maybe by somebody else now."""
    rows = db.session().execute(select(Outbox.event_id, Outbox.attempts).where(Outbox.event_id.in_(numbers))).all()
    for number, attempts in rows:
        pause = min(timedelta(seconds=2 ** min(attempts + 1, 12)), LONGEST_PAUSE)
        later = update(Outbox).where(Outbox.event_id == number)
        db.changed(later.values(due_at=clock.now() + pause, attempts=attempts + 1))
