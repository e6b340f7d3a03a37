"""What can be done with merchants."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update

from app.kit import db
from app.kit.errors import Invalid
from app.kit.events import By, publish
from app.merchants import queries
from app.merchants.errors import AddressTaken, BadDomain, BadReplyTo, BadSlug
from app.merchants.events import MailProofChanged, ReplyToChanged
from app.merchants.models import Directory, Merchant
from app.merchants.rules import hash_key, is_host, is_slug, reply_address

UNPAID_ORDERS = 5
QUEUE_HOURS = 24


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


def change_reply_to(address: str, *, now: datetime, by: By) -> None:
    """Let answers to the shop's letters go to `address`, or to nobody when it is empty; the same once more is no news.

    Raises Invalid with BadReplyTo of its field.
    """
    reply_to = reply_address(address)
    if address.strip() and not reply_to:
        raise Invalid({"reply_to": BadReplyTo()})
    if db.changed(update(Merchant).where(Merchant.reply_to != reply_to).values(reply_to=reply_to)):
        queries.forget()
        subject = UUID(int=db.merchant_id())  # a shop's id is a number
        publish(ReplyToChanged(subject_id=subject, is_set=bool(reply_to), at=now, by=by))


def change_mail_proof(allowed: bool, *, now: datetime, by: By) -> None:
    """Let a code by mail stand in for the order password, or no longer; at once, and the same once more is no news."""
    if db.changed(update(Merchant).where(Merchant.mail_proof != allowed).values(mail_proof=allowed)):
        publish(MailProofChanged(subject_id=UUID(int=db.merchant_id()), is_allowed=allowed, at=now, by=by))
