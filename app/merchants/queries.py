"""Questions about merchants."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select

from app.kit import db
from app.kit.errors import NotFound
from app.kit.recent import Recent
from app.merchants.models import Directory, Merchant, RevealRule, ShopText
from app.merchants.models import Returned as Returned
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
    accent: str
    logo_id: UUID | None
    licence: str
    tells_stock: bool
    is_closed: bool
    shelf_version: int
    returned: Returned


@dataclass(frozen=True)
class ShopWords:
    """What a shop says about itself."""

    tagline: str = ""
    notice: str = ""  # one line above everything
    contact: str = ""
    hours: str = ""
    promise: str = ""
    closed: str = ""  # why it is closed and until when


@dataclass(frozen=True)
class Reveals:
    """How a shop shows codes again, and the links that lead to them; 0 minutes or seconds: no such rule."""

    link_hours: int = 30 * 24
    most_devices: int = 5
    fresh_minutes: int = 0
    hide_seconds: int = 0
    by_sms: bool = True  # where the shop has a carrier of SMS

    @property
    def link_life(self) -> timedelta:
        return timedelta(hours=self.link_hours)

    def is_fresh(self, proved_at: datetime | None, *, now: datetime) -> bool:
        """Tell whether a proof of that time is good for showing a code again."""
        in_time = proved_at is not None and now - proved_at <= timedelta(minutes=self.fresh_minutes)
        return not self.fresh_minutes or in_time


FACTS = [Merchant.__table__.c[field.name] for field in fields(Profile)]
PROFILE = select(*FACTS).where(Merchant.__table__.c.merchant_id == bindparam("merchant"))
ADDRESS = select(Directory.__table__.c.merchant_id, Directory.__table__.c.target).where(
    Directory.__table__.c.kind == bindparam("kind"), Directory.__table__.c.key_hash == bindparam("hash")
)
SAYINGS = tuple(field.name for field in fields(ShopWords))
WORDS = select(*(ShopText.__table__.c[name] for name in ("lang", *SAYINGS))).where(
    ShopText.__table__.c.merchant_id == bindparam("merchant")
)
RULE = RevealRule.__table__.c
REVEALS = select(*(RULE[field.name] for field in fields(Reveals))).where(RULE.merchant_id == bindparam("merchant"))
SETTLED = {"slug", "host", "hook"}  # kinds of addresses that stay where they are

_addresses: Recent[Address] = Recent()
_profiles: Recent[Profile] = Recent()
_words: Recent[dict[str, ShopWords]] = Recent()


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


def get_current() -> Profile:
    """Return the merchant of the running unit as it is written down just now, for those who change it."""
    found = _read_profile(db.merchant_id())
    if found is None:
        raise NotFound
    return found


def _read_profile(merchant: int) -> Profile | None:
    row = db.session().execute(PROFILE, {"merchant": merchant}).first()
    return Profile(*row) if row else None


def shop_words(lang: str, fallback: str) -> ShopWords:
    """Return what the shop says in `lang`; what it does not say there it says in `fallback`."""
    merchant = db.merchant_id()
    said = _words.find((merchant,), list_shop_words) or {}
    own, other = said.get(lang, ShopWords()), said.get(fallback, ShopWords())
    return ShopWords(*(getattr(own, name) or getattr(other, name) for name in SAYINGS))


def list_shop_words() -> dict[str, ShopWords]:
    """Return what the shop says, by language, as it is written down just now."""
    rows = db.session().execute(WORDS, {"merchant": db.merchant_id()})
    return {row.lang: ShopWords(*row[1:]) for row in rows}


def get_reply_to() -> str:
    """Return where answers to the shop's letters go, as it is written down just now; empty: to nobody."""
    return db.session().scalars(select(Merchant.reply_to)).one()


def allows_mail_proof() -> bool:
    """Tell whether a code by mail may stand in for the order password, as it is written down just now."""
    return db.session().scalars(select(Merchant.mail_proof)).one()


def reveals() -> Reveals:
    """Return how the shop shows codes again, as it is written down just now."""
    row = db.session().execute(REVEALS, {"merchant": db.merchant_id()}).first()
    return Reveals(*row) if row else Reveals()


def forget() -> None:
    """Let this process read shops and addresses anew after the running unit; every verb that changes one calls it."""
    _addresses.forget()
    _profiles.forget()
    _words.forget()


def any_exists() -> bool:
    """Tell whether this installation has a shop at all."""
    return db.session().scalar(select(Directory.kind).where(Directory.kind == "slug").limit(1)) is not None


def list_ids() -> Sequence[int]:
    """List the merchants of this installation, for its own checks."""
    return db.session().scalars(select(Directory.merchant_id).where(Directory.kind == "slug")).all()
