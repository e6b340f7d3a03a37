"""Kinds of tasks: what one step does, and what it answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Step:
    """How far a step came; `finished` with `again_at` sleeps until then, a standing watch."""

    finished: bool
    done: int = 0
    total: int = 0
    again_at: datetime | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of long work; `failed` is told in a write unit when a task fails for good."""

    name: str
    step: Callable[[UUID], Step]  # in a write unit: a slice of the subject's work, its own position moved with it
    failed: Callable[[UUID, str], None] | None = None


_kinds: dict[str, Kind] = {}


def wire(kinds: Iterable[Kind]) -> None:
    """Take the kinds of all areas; called once at start."""
    listed = list(kinds)
    named = {kind.name: kind for kind in listed}
    if len(named) < len(listed):
        raise ValueError("two kinds of tasks share a name")
    _kinds.clear()
    _kinds.update(named)


def wired() -> Mapping[str, Kind]:
    """Return the kinds by name."""
    return _kinds
