"""Kinds of effects and the answers of the other side."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Intent:
    """What a unit asked for; `id` is the idempotency key, `attempts` counts the present one."""

    id: UUID
    kind: str
    subject_id: UUID
    attempts: int
    created_at: datetime
    deadline: datetime | None


@dataclass(frozen=True)
class Done:
    """It happened."""

    value: Any = None


@dataclass(frozen=True)
class Refused:
    """The other side said no, for good."""

    reason: str


@dataclass(frozen=True)
class Temporary:
    """It certainly did not happen, and may be tried again."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """Nobody knows whether it happened."""

    reason: str


@dataclass(frozen=True)
class Absent:
    """Only of a query: the other side never heard of it, so the call may follow."""


@dataclass(frozen=True)
class GaveUp:
    """Only of the runner: the deadline passed, or nobody can ask; `unknown` tells whether it may have happened."""

    reason: str
    unknown: bool


Answer = Done | Refused | Temporary | Unknown | Absent | GaveUp


class Lane(IntEnum):
    """What waits together: behind a server that is away waits its own lane, and no other."""

    HOUSE = 0  # gateways, and whatever else a buyer or a merchant waits for
    MAIL = 1
    SMS = 2
    CHAT = 3  # WeChat, WeCom, DingTalk


@dataclass(frozen=True)
class Kind:
    """One kind of outside call: load in a read unit, call without a unit, settle in a write unit."""

    name: str
    load: Callable[[Sequence[Intent]], Mapping[UUID, Any]]  # an intent it leaves out needs no call any more
    call: Callable[[Any, Any], Answer]  # (value, client)
    settle: Callable[[Intent, Answer], None]
    query: Callable[[Any, Any], Answer] | None = None  # (value, client): all that may follow an unknown outcome
    client: Callable[[], AbstractContextManager[Any]] = nullcontext
    repeatable: bool = False  # the call is a question, or the other side knows our id: it may always be made again
    asks: bool = False  # the call is a question that helps however late: it is put once, even past its deadline
    lease: timedelta = timedelta(seconds=60)
    at_risk: int = 1  # how many calls of a fragile kind a dying runner may leave in doubt: it leases so many at once
    lane: Lane = Lane.HOUSE
    abreast: int = 1  # how many calls are under way together; its client must bear that
    door: str = ""  # kinds that go through the same door stop knocking together while it is shut; "" goes by none

    @property
    def fragile(self) -> bool:
        """Tell whether a call that nobody saw end is lost: it can be neither asked about nor made again."""
        return self.query is None and not self.repeatable


_kinds: dict[str, Kind] = {}


def wire(kinds: Iterable[Kind]) -> None:
    """Take the kinds of all areas; called once at start."""
    listed = list(kinds)
    named = {kind.name: kind for kind in listed}
    if len(named) < len(listed):
        raise ValueError("two kinds of effects share a name")
    _kinds.clear()
    _kinds.update(named)


def wired() -> Mapping[str, Kind]:
    """Return the kinds by name."""
    return _kinds
