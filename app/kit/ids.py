"""Ids: UUIDv7 made by the application, and the form in which outsiders see them."""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from uuid_utils.compat import uuid7

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
VALUES = {letter: value for value, letter in enumerate(ALPHABET)} | {"i": 1, "l": 1, "o": 0}
LENGTH = 26  # 130 bits hold the 128 of a UUID


class Id(TypeDecorator[UUID]):
    """A UUID column: `uuid` on PostgreSQL, 16 raw bytes on SQLite."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(LargeBinary(16) if dialect.name == "sqlite" else Uuid())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value.bytes if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return UUID(bytes=value) if isinstance(value, bytes) else value


def new_id() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562); later ids of one process sort after earlier ones."""
    return uuid7()


def new_merchant_id() -> int:
    """Return a random positive 63-bit integer: merchants spread over shards and tell nothing by their id."""
    return secrets.randbelow(2**63 - 1) + 1


def base32(number: UUID) -> str:
    """Return the 26 Crockford letters of an id, without prefix."""
    rest, letters = number.int, []
    for _ in range(LENGTH):
        rest, value = divmod(rest, 32)
        letters.append(ALPHABET[value])
    return "".join(reversed(letters))


def public(prefix: str, number: UUID) -> str:
    """Return the form shown to people and programs: `ord_` and 26 letters."""
    return f"{prefix}_{base32(number)}"


def from_base32(text: str) -> UUID | None:
    """Return the id that `text` spells, or None; upper case and the look-alikes i, l, o are taken."""
    if len(text) != LENGTH:
        return None
    total = 0
    for letter in text.lower():
        if letter not in VALUES:
            return None
        total = total * 32 + VALUES[letter]
    return UUID(int=total) if total < 2**128 else None


def from_public(prefix: str, text: str) -> UUID | None:
    """Return the id behind `ord_…`, or None when prefix or letters do not fit."""
    head, _, rest = text.partition("_")
    return from_base32(rest) if head == prefix else None
