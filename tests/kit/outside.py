"""A small outside world for the tests of effects: an office that is sent parcels and may fail in every way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.kit import clock, db, effects, failpoint
from app.kit.effects import Absent, Answer, Done, Effect, Intent, Kind, kinds
from app.kit.ids import new_id
from tests.kit import shelf


class Killed(BaseException):
    """Stands for a process that dies: nothing after it runs, nothing catches it."""


@dataclass
class Office:
    """The other side; `says` and `knows` are asked for the answers to a call and to a query."""

    says: Callable[[Intent], Any] = lambda intent: Done()
    knows: Callable[[Intent], Any] = lambda intent: Absent()
    calls: list[Intent] = field(default_factory=list)
    queries: list[Intent] = field(default_factory=list)
    settled: list[tuple[UUID, Answer]] = field(default_factory=list)
    loads: list[int] = field(default_factory=list)
    moot: set[UUID] = field(default_factory=set)
    breaks_on: set[UUID] = field(default_factory=set)  # subjects whose answer cannot be settled
    unreadable: set[UUID] = field(default_factory=set)  # subjects whose values cannot be loaded

    def kind(self, name: str = "parcel", *, askable: bool = True, **more: Any) -> Kind:
        query = self._query if askable else None
        return Kind(name, self._load, self._call, self._settle, query=query, **more)

    def _load(self, intents: Sequence[Intent]) -> Mapping[UUID, Intent]:
        self.loads.append(len(intents))
        if self.unreadable & {intent.subject_id for intent in intents}:
            raise LookupError("unreadable")
        return {intent.id: intent for intent in intents if intent.subject_id not in self.moot}

    def _call(self, intent: Intent, client: Any) -> Answer:
        assert not db.is_open()
        self.calls.append(intent)
        return self.says(intent)

    def _query(self, intent: Intent, client: Any) -> Answer:
        assert not db.is_open()
        self.queries.append(intent)
        return self.knows(intent)

    def _settle(self, intent: Intent, answer: Answer) -> None:
        """Count settlements in the database, where a rolled back one leaves nothing."""
        self.settled.append((intent.subject_id, answer))
        shelf.put(number=new_id())
        if intent.subject_id in self.breaks_on:
            raise LookupError("poisoned")

    @property
    def answers(self) -> list[Answer]:
        return [answer for _, answer in self.settled]


@contextmanager
def wired(*mine: Kind) -> Iterator[None]:
    """Let these kinds of effects be the only ones inside the block; rows of others stay untouched."""
    before = list(kinds.wired().values())
    effects.wire(mine)
    try:
        yield
    finally:
        effects.wire(before)


@contextmanager
def dying_at(name: str, times: int = 1) -> Iterator[list[str]]:
    """Let the process die when it reaches a failpoint for the first `times`; yields the names reached."""
    reached: list[str] = []

    def die(at: str) -> None:
        reached.append(at)
        if at.startswith(name) and sum(seen.startswith(name) for seen in reached) <= times:
            raise Killed(at)

    failpoint.arm(die)
    try:
        yield reached
    finally:
        failpoint.arm(None)


def sent(merchant: int, count: int = 1, *, kind: str = "parcel", **more: Any) -> list[UUID]:
    """Ask in a unit of its own for `count` parcels, and return the effects' ids."""
    due_at = more.pop("due_at", None) or clock.now()
    return db.write(merchant, lambda: [effects.intend(kind, new_id(), due_at=due_at, **more) for _ in range(count)])


def row(merchant: int, number: UUID) -> Effect:
    return db.read(merchant, lambda: effects.get(number))


def settlements(merchant: int) -> int:
    """Return how many settlements were committed."""
    return len(shelf.look(merchant))


@contextmanager
def later(**passed: float) -> Iterator[datetime]:
    """Let time be later by so much inside the block, and stand still."""
    now = clock.now() + timedelta(**passed)
    with clock.running(lambda: now):
        yield now
