"""Questions about merchants."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import bindparam, select

from app.kit import db
from app.kit.errors import NotFound
from app.kit.recent import Recent
from app.merchants.models import Directory, Merchant
from app.merchants.rules import hash_key


@dataclass(frozen=True)
class Address:
    """Where an outside address leads."""

    merchant_id: int
    target: str


@dataclass(frozen=True)
class Profile:
    """What a shop says of itself; it changes seldom and may be a few seconds old."""

    merchant_id: int
    slug: str
    name: str
    currency: str
    zone: str
    lang: str
    sandbox: bool
    unpaid_orders: int
    reply_to: str
    queue_hours: int


FACTS = [Merchant.__table__.c[field.name] for field in fields(Profile)]
PROFILE = select(*FACTS).where(Merchant.__table__.c.merchant_id == bindparam("merchant"))
ADDRESS = select(Directory.__table__.c.merchant_id, Directory.__table__.c.target).where(
    Directory.__table__.c.kind == bindparam("kind"), Directory.__table__.c.key_hash == bindparam("hash")
)
SETTLED = {"slug", "host", "hook"}  # kinds of addresses that stay where they are

_addresses: Recent[Address] = Recent()
_profiles: Recent[Profile] = Recent()


def find_address(kind: str, key: str) -> Address | None:
    """Return where `key` leads, or None; needs no merchant."""
    hashed = hash_key(key)
    if kind not in SETTLED:
        return _read_address(kind, hashed)
    return _addresses.find((kind, hashed), lambda: _read_address(kind, hashed))


def _read_address(kind: str, hashed: bytes) -> Address | None:
    row = db.session().execute(ADDRESS, {"kind": kind, "hash": hashed}).first()
    return Address(*row) if row else None


def current() -> Profile:
    """Return the merchant of the running unit, or refuse with NotFound."""
    merchant = db.merchant_id()
    found = _profiles.find((merchant,), lambda: _read_profile(merchant))
    if found is None:
        raise NotFound
    return found


def _read_profile(merchant: int) -> Profile | None:
    row = db.session().execute(PROFILE, {"merchant": merchant}).first()
    return Profile(*row) if row else None


def get_reply_to() -> str:
    """Return where answers to the shop's letters go, as it is written down just now; empty: to nobody."""
    return db.session().scalars(select(Merchant.reply_to)).one()


def allows_mail_proof() -> bool:
    """Tell whether a code by mail may stand in for the order password, as it is written down just now."""
    return db.session().scalars(select(Merchant.mail_proof)).one()


def forget() -> None:
    """Let this process read shops and addresses anew after the running unit; every verb that changes one calls it."""
    _addresses.forget()
    _profiles.forget()


def any_exists() -> bool:
    """Tell whether this installation has a shop at all."""
    return db.session().scalar(select(Directory.kind).where(Directory.kind == "slug").limit(1)) is not None


def list_ids() -> Sequence[int]:
    """List the merchants of this installation, for its own checks."""
    return db.session().scalars(select(Directory.merchant_id).where(Directory.kind == "slug")).all()
