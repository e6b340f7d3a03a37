"""What can be done with merchants."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from app.kit import colours, db
from app.kit.errors import Invalid, Refusal, Required, TooLong
from app.kit.events import By, publish
from app.merchants import queries
from app.merchants.errors import AddressTaken, BadColour, BadDomain, BadReplyTo, BadSlug, OutOfBounds, TooPale
from app.merchants.events import MailProofChanged, ReplyToChanged, RevealsChanged, ShopChanged, ShopClosed, ShopOpened
from app.merchants.models import Directory, Merchant, Returned, RevealRule, ShopText
from app.merchants.queries import Reveals as Reveals
from app.merchants.queries import ShopWords as ShopWords
from app.merchants.rules import (
    LONGEST_LICENCE,
    LONGEST_SHOP_NAME,
    LONGEST_WORDS,
    hash_key,
    is_host,
    is_slug,
    reply_address,
)

UNPAID_ORDERS = 5
QUEUE_HOURS = 24
REVEAL_BOUNDS = {
    "link_hours": (1, 90 * 24),
    "most_devices": (1, 50),
    "fresh_minutes": (1, 24 * 60),
    "hide_seconds": (5, 600),
}
MAY_BE_NONE = {"fresh_minutes", "hide_seconds"}
PLAIN: Mapping[str, Any] = {  # how a shop looks until somebody says otherwise
    "accent": "",
    "logo_id": None,
    "licence": "",
    "tells_stock": False,
    "is_closed": False,
    "shelf_version": 0,
    "returned": Returned.ASIDE,
}


def create(
    *, slug: str, name: str, now: datetime, currency: str = "CNY", domain: str = "", sandbox: bool = False
) -> Merchant:
    """Open a shop in a unit of its own new merchant id; refuses a slug or domain that is taken or malformed."""
    if not is_slug(slug):
        raise BadSlug(slug)
    if domain and not is_host(domain):
        raise BadDomain(domain)
    merchant = Merchant(
        slug=slug,
        name=name,
        currency=currency,
        zone="Asia/Shanghai",
        lang="zh",
        sandbox=sandbox,
        unpaid_orders=UNPAID_ORDERS,
        reply_to="",
        mail_proof=False,
        queue_hours=QUEUE_HOURS,
        **PLAIN,
        created_at=now,
    )
    db.session().add(merchant)
    list_address("slug", slug, target=slug)
    if domain:
        list_address("host", domain, target=slug)
    db.session().flush()
    return merchant


def list_address(kind: str, key: str, *, target: str) -> None:
    """Let `key` lead to the running merchant; refuses when it leads to somebody already."""
    if queries.find_address(kind, key) is not None:
        raise AddressTaken(key)
    queries.forget()
    entry = {"kind": kind, "key_hash": hash_key(key), "merchant_id": db.merchant_id(), "target": target}
    db.session().execute(insert(Directory), [entry])


def delist_address(kind: str, key: str) -> None:
    """Let `key` lead nowhere any more, if it leads to the running merchant."""
    queries.forget()
    mine = (Directory.kind == kind, Directory.key_hash == hash_key(key), Directory.merchant_id == db.merchant_id())
    db.session().execute(delete(Directory).where(*mine))


def change_reply_to(address: str, *, now: datetime, by: By) -> None:
    """Let answers to the shop's letters go to `address`, or to nobody when it is empty; the same once more is no news.

    Raises Invalid with BadReplyTo of its field.
    """
    reply_to = reply_address(address)
    if address.strip() and not reply_to:
        raise Invalid({"reply_to": BadReplyTo()})
    if db.changed(update(Merchant).where(Merchant.reply_to != reply_to).values(reply_to=reply_to)):
        queries.forget()
        publish(ReplyToChanged(subject_id=_subject(), is_set=bool(reply_to), at=now, by=by))


def change_mail_proof(allowed: bool, *, now: datetime, by: By) -> None:
    """Let a code by mail stand in for the order password, or no longer; at once, and the same once more is no news."""
    if db.changed(update(Merchant).where(Merchant.mail_proof != allowed).values(mail_proof=allowed)):
        publish(MailProofChanged(subject_id=_subject(), is_allowed=allowed, at=now, by=by))


def change_reveals(wanted: Reveals, *, now: datetime, by: By) -> None:
    """Show codes again by other rules: for new links at once, for looks from the next one on. Raises Invalid."""
    wrong = {
        name: OutOfBounds(least, most)
        for name, (least, most) in REVEAL_BOUNDS.items()
        if not (least <= getattr(wanted, name) <= most) and (getattr(wanted, name) or name not in MAY_BE_NONE)
    }
    if wrong:
        raise Invalid(wrong)
    if wanted == queries.reveals():
        return
    row = {"merchant_id": db.merchant_id(), **asdict(wanted)}
    db.changed(
        db.insert_or(RevealRule).values(row).on_conflict_do_update(index_elements=["merchant_id"], set_=asdict(wanted))
    )
    publish(RevealsChanged(subject_id=_subject(), at=now, by=by, **asdict(wanted)))


@dataclass(frozen=True)
class Look:
    """How a shop presents itself, whatever the language."""

    name: str
    accent: str  # "#rrggbb", or "" for the house's own colour
    licence: str
    tells_stock: bool
    is_closed: bool
    returned: Returned = Returned.ASIDE  # what becomes of unseen codes of refunded orders


def change_look(look: Look, *, now: datetime, by: By) -> None:
    """Let the shop look like this, and be open or closed; raises Invalid with all that cannot be."""
    if faults := _faults_of(look):
        raise Invalid(faults)
    wanted = asdict(look) | {"name": look.name.strip(), "licence": look.licence.strip()}
    wanted["accent"] = colours.normal(look.accent)
    merchant = db.session().scalars(select(Merchant)).one()
    changes = tuple(name for name in wanted if getattr(merchant, name) != wanted[name])
    for name in changes:
        setattr(merchant, name, wanted[name])
    if "is_closed" in changes:
        happened = ShopClosed if look.is_closed else ShopOpened
        publish(happened(subject_id=_subject(), at=now, by=by))
    _tell(tuple(name for name in changes if name != "is_closed"), now=now, by=by)
    if changes:
        touch_shelf()


def change_logo(logo_id: UUID | None, *, now: datetime, by: By) -> None:
    """Put a picture of the kit at the head of the shop's pages, or none; the same once more is no news."""
    merchant = db.session().scalars(select(Merchant)).one()
    if merchant.logo_id != logo_id:
        merchant.logo_id = logo_id
        _tell(("logo",), now=now, by=by)
        touch_shelf()


def change_texts(texts: Mapping[str, ShopWords], *, now: datetime, by: By) -> None:
    """Let the shop say this about itself, by language; raises Invalid with what is too long."""
    said = {lang: {name: text.strip() for name, text in asdict(words).items()} for lang, words in texts.items()}
    long = [(f"{name}_{lang}", name) for lang, words in said.items() for name in words if _is_long(name, words[name])]
    if long:
        raise Invalid({field: TooLong(LONGEST_WORDS[name]) for field, name in long})
    before = queries.list_shop_words()
    changes: list[str] = []
    for lang, words in said.items():
        old = asdict(before.get(lang, ShopWords()))
        changes += [f"{name}_{lang}" for name in words if words[name] != old[name]]
        db.session().merge(ShopText(merchant_id=db.merchant_id(), lang=lang, **words))
    _tell(tuple(changes), now=now, by=by)
    if changes:
        touch_shelf()


def touch_shelf() -> None:
    """Say that what buyers see of the shop is about to change, so that nothing of it is shown from memory."""
    db.changed(update(Merchant).values(shelf_version=Merchant.shelf_version + 1))
    queries.forget()


def check_accent(accent: str) -> Refusal | None:
    """Return why a shop cannot wear this colour, or None; none at all is the house's own."""
    colour = colours.normal(accent)
    if not accent.strip() or (colour and colours.is_good(colour)):
        return None
    if not colour:
        return BadColour()
    ratio = colours.contrast(colour, colours.WHITE)
    return TooPale(colour, f"{ratio:.1f}", f"{colours.AA}", colours.nearest_good(colour))


def _faults_of(look: Look) -> dict[str, Refusal]:
    faults: dict[str, Refusal] = {}
    if not look.name.strip():
        faults["name"] = Required()
    for field, text, limit in (("name", look.name, LONGEST_SHOP_NAME), ("licence", look.licence, LONGEST_LICENCE)):
        if len(text.strip()) > limit:
            faults[field] = TooLong(limit)
    if fault := check_accent(look.accent):
        faults["accent"] = fault
    return faults


def _is_long(name: str, text: str) -> bool:
    return len(text) > LONGEST_WORDS[name]


def _tell(changes: tuple[str, ...], *, now: datetime, by: By) -> None:
    if changes:
        publish(ShopChanged(subject_id=_subject(), changes=changes, at=now, by=by))


def _subject() -> UUID:
    """Return the shop as the subject of an event: its id is a number."""
    return UUID(int=db.merchant_id())
