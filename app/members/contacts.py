"""The addresses of members: sealed, and found again without being told."""

from typing import Protocol
from uuid import UUID

from app.kit import crypto
from app.kit.secret import Secret
from app.members.rules import Address

SEALED = "member contact"
INDEX = "member address"


class Kept(Protocol):
    """A row that keeps an address."""

    merchant_id: int
    id: UUID
    key_id: UUID
    sealed: bytes


def address_index(address: Address) -> bytes:
    """Return what an address is found by; two addresses never share it."""
    return crypto.fingerprint_key(INDEX).fingerprint(f"{address.channel.name}:{address.text}")


def seal(table: str, number: UUID, text: str) -> tuple[UUID, bytes]:
    """Return an address sealed for its place, and the key that opens it."""
    key = crypto.key_for(SEALED)
    return key.id, key.seal(table, "sealed", number, Secret(text))


def unseal(table: str, row: Kept) -> Secret:
    """Return the address that a row keeps; for writing to its owner, or showing it to them."""
    return crypto.unseal(crypto.Sealed(table, "sealed", row.merchant_id, row.id, row.key_id, row.sealed), SEALED)
