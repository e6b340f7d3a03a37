"""What can be done with merchants."""

from datetime import datetime

from sqlalchemy import insert

from app.kit import db
from app.merchants import queries
from app.merchants.errors import AddressTaken, BadDomain, BadSlug
from app.merchants.models import Directory, Merchant
from app.merchants.rules import hash_key, is_host, is_slug

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
