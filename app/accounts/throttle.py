"""Throttle of tries: so many per name and per network in a window, counted in the database, not in Redis."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.errors import TooManyTries
from app.accounts.models import LoginTry
from app.kit import db
from app.kit.errors import Refusal

WINDOW_MINUTES = 15
PER_NAME = 8
PER_NETWORK = 60
LINKS_PER_NAME = 4
LINKS_PER_NETWORK = 20


@dataclass(frozen=True)
class Key:
    """Something whose tries are counted, and how many are too many."""

    hash: bytes
    limit: int


def keys(email: str, network: str) -> list[Key]:
    """Return the two counters of a try: by name and by network, each on its own."""
    return [Key(_hash("name", email), PER_NAME), Key(_hash("network", network), PER_NETWORK)]


def keys_of_links(email: str, network: str) -> list[Key]:
    """Return the two counters of asking for a link; wrong log-ins do not fill them, nor they the log-in's."""
    return [Key(_hash("link name", email), LINKS_PER_NAME), Key(_hash("link network", network), LINKS_PER_NETWORK)]


def keys_of_owner(user_id: UUID, network: str) -> list[Key]:
    """Return the counters of present passwords asked of somebody signed in: a thief of the session guesses here."""
    return [Key(_hash("present password", str(user_id)), PER_NAME), Key(_hash("network", network), PER_NETWORK)]


def keys_of_proof(subject_id: UUID, network: str) -> list[Key]:
    """Return the counters of proofs that something is one's own."""
    return [Key(_hash("proof", str(subject_id)), PER_NAME), Key(_hash("proof network", network), PER_NETWORK)]


def minutes_to_wait(keys: Sequence[Key], *, now: datetime) -> int:
    """Return 0, or the minutes until the window of a full counter ends; the window before weighs in by its rest."""
    window, passed = _window(now)
    query = select(LoginTry.key_hash, LoginTry.window, LoginTry.failures).where(
        LoginTry.key_hash.in_([key.hash for key in keys]), LoginTry.window >= window - 1
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
    db.session().execute(delete(LoginTry).where(LoginTry.key_hash == key.hash))


def minutes_left(now: datetime) -> int:
    """Return the minutes until the present window ends, at least 1."""
    return max(1, round((1 - _window(now)[1]) * WINDOW_MINUTES))


def _add_one(key: Key, now: datetime) -> int:
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"merchant_id": db.merchant_id(), "key_hash": key.hash, "window": _window(now)[0], "failures": 1}
    statement = insert(LoginTry).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["merchant_id", "key_hash", "window"], set_={"failures": LoginTry.failures + 1}
    )
    db.session().execute(statement)
    total = select(func.sum(LoginTry.failures)).where(LoginTry.key_hash == key.hash, LoginTry.window == row["window"])
    return int(db.session().scalar(total) or 0)


def _window(now: datetime) -> tuple[int, float]:
    whole, rest = divmod(now.timestamp(), WINDOW_MINUTES * 60)
    return int(whole), rest / (WINDOW_MINUTES * 60)


def _hash(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}\0{text}".encode()).digest()
