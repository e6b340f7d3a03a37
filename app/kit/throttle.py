"""Throttle of tries: so many per thing and per network in a window, counted in the database, not in Redis."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, LargeBinary, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import db
from app.kit.errors import Refusal, words
from app.kit.tenancy import Owned

WINDOW_MINUTES = 15


class Try(Owned):
    """Tries of one key in one window of time."""

    __tablename__ = "login_try"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    window: Mapped[int] = mapped_column(Integer, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)


class TooManyTries(Refusal):
    kind = "throttled"
    message = words("Too many wrong tries.")
    mend = words("Wait {minutes} minutes and try again.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


@dataclass(frozen=True)
class Key:
    """Something whose tries are counted, and how many are too many."""

    hash: bytes
    limit: int


def key(kind: str, *names: str, limit: int) -> Key:
    """Return the counter of what these names name; the database keeps a digest of them."""
    return Key(hashlib.sha256("\0".join((kind, *names)).encode()).digest(), limit)


def minutes_to_wait(keys: Sequence[Key], *, now: datetime) -> int:
    """Return 0, or the minutes until the window of a full counter ends; the window before weighs in by its rest."""
    window, passed = _window(now)
    query = select(Try.key_hash, Try.window, Try.failures).where(
        Try.key_hash.in_([key.hash for key in keys]), Try.window >= window - 1
    )
    counts: dict[bytes, float] = {}
    for key_hash, at, failures in db.session().execute(query):
        counts[key_hash] = counts.get(key_hash, 0) + (failures if at == window else failures * (1 - passed))
    return minutes_left(now) if any(counts.get(key.hash, 0) >= key.limit for key in keys) else 0


def check(keys: Sequence[Key], *, now: datetime) -> None:
    """Refuse with TooManyTries when a counter is full."""
    if minutes := minutes_to_wait(keys, now=now):
        raise TooManyTries(minutes)


def count_wrong(keys: Sequence[Key], wrong: Callable[[int], Refusal], *, now: datetime) -> Refusal:
    """Count one wrong try on each key and return what to say: `wrong` with the tries left, or that it is enough."""
    left = count(keys, now=now)
    return wrong(left) if left else TooManyTries(minutes_left(now))


def count(keys: Sequence[Key], *, now: datetime) -> int:
    """Count one try on each key and return how many more the fullest one takes."""
    return max(0, min(key.limit - _add_one(key, now) for key in keys))


def clear(key: Key) -> None:
    """Forget the failures of one key."""
    db.session().execute(delete(Try).where(Try.key_hash == key.hash))


def minutes_left(now: datetime) -> int:
    """Return the minutes until the present window ends, at least 1."""
    return max(1, round((1 - _window(now)[1]) * WINDOW_MINUTES))


def _add_one(key: Key, now: datetime) -> int:
    row = {"merchant_id": db.merchant_id(), "key_hash": key.hash, "window": _window(now)[0], "failures": 1}
    statement = db.insert_or(Try).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["merchant_id", "key_hash", "window"], set_={"failures": Try.failures + 1}
    )
    db.session().execute(statement)
    total = select(func.sum(Try.failures)).where(Try.key_hash == key.hash, Try.window == row["window"])
    return int(db.session().scalar(total) or 0)


def _window(now: datetime) -> tuple[int, float]:
    whole, rest = divmod(now.timestamp(), WINDOW_MINUTES * 60)
    return int(whole), rest / (WINDOW_MINUTES * 60)
