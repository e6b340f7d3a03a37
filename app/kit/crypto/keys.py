"""Data keys: made per import batch, per month of contacts, per purpose; wrapped by the newest master key."""

import hashlib
import hmac
import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, Text, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import clock, db
from app.kit.columns import Moment
from app.kit.ids import Id, new_id
from app.kit.secret import Secret
from app.kit.tenancy import Owned

VERSION = b"\x01"
NONCE = 12
CODE = "code"  # the purpose that only `open` may use
PROOF = "proof of master keys"
REMEMBERED_SECONDS = 60.0
REMEMBERED = 512


class Unreadable(RuntimeError):
    """A sealed value does not open: wrong key, moved, or altered. Nothing is guessed; we fail closed."""


class DataKey(Owned):
    __tablename__ = "data_key"
    __table_args__ = (UniqueConstraint("merchant_id", "purpose", "period"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    master: Mapped[str] = mapped_column(Text)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True)
class Sealed:
    """A sealed value and the place it belongs to; in any other place it does not open."""

    table: str
    column: str
    merchant_id: int
    row_id: UUID
    key_id: UUID
    blob: bytes = field(repr=False)


@dataclass(frozen=True)
class Key:
    """An unwrapped data key, for one purpose of one merchant."""

    merchant_id: int
    id: UUID
    purpose: str
    raw: bytes = field(repr=False)

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self.raw)

    def seal(self, table: str, column: str, row_id: UUID, secret: Secret) -> bytes:
        """Return the blob for this place; the nonce is random, one key seals at most 2^30 values."""
        nonce = os.urandom(NONCE)
        place = _place(self.purpose, table, column, self.merchant_id, row_id, self.id)
        return VERSION + nonce + self._cipher.encrypt(nonce, secret.expose().encode(), place)

    def unseal(self, sealed: Sealed) -> Secret:
        """Return the plaintext of a blob sealed with this key; the doors call it, nobody else."""
        place = _place(self.purpose, sealed.table, sealed.column, sealed.merchant_id, sealed.row_id, self.id)
        try:
            return Secret(_decrypt(self.raw, sealed.blob, place).decode())
        except (InvalidTag, ValueError) as error:
            raise Unreadable(f"{sealed.table}.{sealed.column}") from error

    def fingerprint(self, text: str) -> bytes:
        """Return the keyed look-up value of `text` (HMAC-SHA256)."""
        return hmac.digest(self.raw, text.encode(), hashlib.sha256)


def _decrypt(raw: bytes, blob: bytes, place: bytes) -> bytes:
    """Return what a blob holds; the version byte is outside the seal, so it is checked by itself."""
    if blob[:1] != VERSION:
        raise ValueError("a seal of a version we do not know")
    return AESGCM(raw).decrypt(blob[1 : 1 + NONCE], blob[1 + NONCE :], place)


def _place(purpose: str, table: str, column: str, merchant_id: int, row_id: UUID, key_id: UUID) -> bytes:
    parts = (purpose, table, column, str(merchant_id), row_id.hex, key_id.hex)
    return "\0".join(parts).encode()


# Master keys -----------------------------------------------------------------------------------------------------

_masters: dict[str, bytes] = {}
_newest = ""


def configure(master_keys: tuple[bytes, ...]) -> None:
    """Take the master keys, newest first: the first wraps, all unwrap."""
    global _newest
    _masters.clear()
    _masters.update({_version(key): key for key in master_keys})
    _newest = _version(master_keys[0])
    _remembered.clear()


def _version(master: bytes) -> str:
    return hashlib.sha256(b"miaofa master key\0" + master).hexdigest()[:12]


def _wrap(merchant_id: int, key_id: UUID, raw: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return VERSION + nonce + AESGCM(_masters[_newest]).encrypt(nonce, raw, _owner(_newest, merchant_id, key_id))


def _unwrap(row: DataKey) -> Key:
    if row.master not in _masters:
        raise Unreadable(f"MASTER_KEYS lacks the key {row.master} that this database was sealed with.")
    owner = _owner(row.master, row.merchant_id, row.id)
    try:
        raw = _decrypt(_masters[row.master], row.wrapped, owner)
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"data key {row.id}") from error
    return Key(row.merchant_id, row.id, row.purpose, raw)


def _owner(master: str, merchant_id: int, key_id: UUID) -> bytes:
    return "\0".join(("data key", master, str(merchant_id), key_id.hex)).encode()


# Data keys -------------------------------------------------------------------------------------------------------

_remembered: dict[tuple[int, str, str], tuple[float, Key]] = {}


def create_key(purpose: str, period: str) -> Key:
    """Make and store a data key of the running merchant for `purpose` and `period`."""
    key = Key(db.merchant_id(), new_id(), purpose, os.urandom(32))
    db.session().add(
        DataKey(
            merchant_id=key.merchant_id,
            id=key.id,
            purpose=purpose,
            period=period,
            master=_newest,
            wrapped=_wrap(key.merchant_id, key.id, key.raw),
            created_at=clock.now(),
        )
    )
    db.session().flush()
    return key


def key_for(purpose: str, period: str = "") -> Key:
    """Return the running merchant's key for `purpose` and `period`, made now when there is none."""
    name = (db.merchant_id(), purpose, period)
    until, key = _remembered.get(name, (0.0, None))
    if key is not None and time.monotonic() < until:
        return key
    row = _find(purpose, period)
    if row is None:
        _insert_once(purpose, period)
        row = _find(purpose, period)
        assert row is not None
        return _unwrap(row)  # not remembered: this unit may still roll back
    key = _unwrap(row)
    if name not in db.unit().notes.get("new keys", ()):
        _remember(name, key)
    return key


def _find(purpose: str, period: str) -> DataKey | None:
    return db.session().scalar(select(DataKey).where(DataKey.purpose == purpose, DataKey.period == period))


def _insert_once(purpose: str, period: str) -> None:
    """Insert a key unless somebody else just did: two first buyers of a month meet here."""
    merchant, number = db.merchant_id(), new_id()
    db.session().execute(
        db.insert_or(DataKey)
        .values(
            merchant_id=merchant,
            id=number,
            purpose=purpose,
            period=period,
            master=_newest,
            wrapped=_wrap(merchant, number, os.urandom(32)),
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["merchant_id", "purpose", "period"])
    )
    db.unit().notes.setdefault("new keys", set()).add((merchant, purpose, period))


def _remember(name: tuple[int, str, str], key: Key) -> None:
    if len(_remembered) >= REMEMBERED:
        _remembered.clear()
    _remembered[name] = (time.monotonic() + REMEMBERED_SECONDS, key)


def load_key(key_id: UUID) -> Key:
    """Return the running merchant's data key with this id, or raise Unreadable; a unit asks the database once."""
    read: dict[UUID, Key] = db.unit().notes.setdefault("read keys", {})
    if key_id not in read:
        row = db.find(DataKey, key_id)
        if row is None:
            raise Unreadable(f"data key {key_id} is gone")
        read[key_id] = _unwrap(row)
    return read[key_id]


def destroy_key(purpose: str, period: str) -> None:
    """Destroy the running merchant's key, and with it for good whatever was sealed with it."""
    mine = (DataKey.purpose == purpose, DataKey.period == period)
    db.session().execute(delete(DataKey).where(*mine))
    db.unit().notes.pop("read keys", None)
    _remembered.pop((db.merchant_id(), purpose, period), None)


def fingerprint_key(purpose: str) -> Key:
    """Return the running merchant's key for look-ups; it never seals."""
    return key_for(f"fingerprint:{purpose}")


def find_fingerprint_key(purpose: str) -> Key | None:
    """Return the running merchant's key for look-ups if there is one; a question makes none."""
    name = f"fingerprint:{purpose}"
    known = (db.merchant_id(), name, "") in _remembered or _find(name, "") is not None
    return key_for(name) if known else None


def prove() -> None:
    """Seal the proof that `proven` asks for; needs a platform unit."""
    key_for(PROOF)


def proven() -> bool:
    """Tell whether our master keys open what this database was sealed with; raises Unreadable when they do not."""
    row = _find(PROOF, "")
    return row is not None and _unwrap(row) is not None
