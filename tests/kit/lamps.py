"""A small business of its own for the tests of events: lamps that are lit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select

from app import wiring
from app.kit import clock, db, events
from app.kit.events import Event, EventRow, LaterReaction, Outbox, Reaction
from app.kit.ids import new_id


@dataclass(frozen=True, kw_only=True)
class LampLit(Event):
    name: ClassVar[str] = "lamp.lit"
    subject_type: ClassVar[str] = "lamp"

    colour: object = "red"


@dataclass(frozen=True, kw_only=True)
class LampBroken(Event):
    name: ClassVar[str] = "lamp.broken"
    subject_type: ClassVar[str] = "lamp"
    is_urgent: ClassVar[bool] = True


@contextmanager
def wired(
    now: Mapping[type[Event], Sequence[Reaction]] | None = None,
    later: Mapping[type[Event], Sequence[LaterReaction]] | None = None,
) -> Iterator[None]:
    """Let these reactions be the only ones inside the block."""
    events.wire(now or {}, later or {})
    try:
        yield
    finally:
        events.wire(wiring.NOW, wiring.LATER)


def light(**facts: object) -> UUID:
    """Publish in the running unit that a new lamp is lit, and return the event's id."""
    event = LampLit(subject_id=new_id(), at=clock.now(), **facts)  # type: ignore[arg-type]
    return events.publish(event)[0]


def lit(merchant: int, count: int = 1) -> list[UUID]:
    """Light lamps of a merchant in a unit of its own, and return their events' ids in order."""
    return db.write(merchant, lambda: [light() for _ in range(count)])


def recorded(merchant: int) -> list[UUID]:
    """Return the ids of all events of a merchant, oldest first."""
    return db.read(merchant, lambda: list(db.session().scalars(select(EventRow.id).order_by(EventRow.id))))


def waiting(merchant: int) -> dict[UUID, Outbox]:
    """Return the outbox of a merchant by event."""
    return db.read(merchant, lambda: {row.event_id: row for row in db.session().scalars(select(Outbox))})
