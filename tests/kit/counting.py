"""Long work for the tests of tasks: a counter that counts things on a shelf, one a step, and may fail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.inventory.models import Stock
from app.kit import clock, db, tasks
from app.kit.ids import new_id
from app.kit.tasks import Kind, Step, Task, kinds
from tests.kit import shelf


@dataclass
class Counter:
    """Counts up to `total` in the database, one a step; `during` happens inside a step, after its count."""

    total: int = 3
    during: Callable[[UUID], Any] = lambda subject: None
    again_at: Callable[[], datetime | None] = lambda: None
    steps: list[UUID] = field(default_factory=list)
    failures: list[tuple[UUID, str]] = field(default_factory=list)

    def kind(self, name: str = "count") -> Kind:
        return Kind(name, self._step, self._failed)

    def _step(self, subject: UUID) -> Step:
        self.steps.append(subject)
        query = select(Stock.available).where(Stock.sku_id == subject)
        counted = (db.session().scalar(query) or 0) + 1
        if counted == 1:
            shelf.put(1, number=subject)
        else:
            shelf.add(subject)
        self.during(subject)
        return Step(counted >= self.total, counted, self.total, self.again_at() if counted >= self.total else None)

    def _failed(self, subject: UUID, reason: str) -> None:
        self.failures.append((subject, reason))


@contextmanager
def wired(*mine: Kind) -> Iterator[None]:
    """Let these kinds of tasks be the only ones inside the block; rows of others stay untouched."""
    before = list(kinds.wired().values())
    tasks.wire(mine)
    try:
        yield
    finally:
        tasks.wire(before)


def begun(merchant: int, subject: UUID | None = None, **more: Any) -> UUID:
    """Start counting in a unit of its own, and return the task's id."""
    due_at = more.pop("due_at", None) or clock.now()
    return db.write(merchant, lambda: tasks.start("count", subject or new_id(), due_at=due_at, **more))


def task(merchant: int, number: UUID) -> Task:
    return db.read(merchant, lambda: tasks.get(number))


def counted(merchant: int, number: UUID) -> int:
    """Return how far the work on a task's subject really came."""
    return shelf.look(merchant).get(task(merchant, number).subject_id, 0)
