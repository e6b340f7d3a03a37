"""Questions about merchants."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.kit import db
from app.kit.errors import NotFound
from app.merchants.models import Directory, Merchant
from app.merchants.rules import hash_key


@dataclass(frozen=True)
class Address:
    """Where an outside address leads."""

    merchant_id: int
    target: str


def find_address(kind: str, key: str) -> Address | None:
    """Return where `key` leads, or None; needs no merchant."""
    row = db.session().get(Directory, (kind, hash_key(key)))
    return Address(row.merchant_id, row.target) if row else None


def current() -> Merchant:
    """Return the merchant of the running unit, or refuse with NotFound."""
    row = db.session().get(Merchant, db.merchant_id())
    if row is None:
        raise NotFound
    return row


def any_exists() -> bool:
    """Tell whether this installation has a shop at all."""
    return db.session().scalar(select(Directory.kind).where(Directory.kind == "slug").limit(1)) is not None


def list_ids() -> Sequence[int]:
    """List the merchants of this installation, for its own checks."""
    return db.session().scalars(select(Directory.merchant_id).where(Directory.kind == "slug")).all()
