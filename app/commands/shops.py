"""`shop create`."""

import secrets
from typing import Any

import click

from app.accounts import service as accounts
from app.commands.answer import answers
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import new_merchant_id
from app.merchants import service as merchants


@click.group()
def shop() -> None:
    """Shops of this installation."""


@shop.command()
@click.option("--slug", required=True, help="Short name, part of addresses: /s/SLUG/ and /office/SLUG/.")
@click.option("--owner", required=True, help="E-mail of the owner.")
@click.option("--domain", default="", help="Host name of the shop, such as shop.example.com.")
@click.option("--name", default="", help="What buyers read; default: the short name.")
@click.option("--currency", default="CNY", help="Currency of the shop's prices.")
@answers
def create(slug: str, owner: str, domain: str, name: str, currency: str) -> Any:
    """Open a shop; a new owner's password is printed once."""
    return open_shop(slug=slug, owner=owner, domain=domain.lower(), name=name or slug, currency=currency.upper())


def open_shop(
    *, slug: str, owner: str, domain: str, name: str, currency: str, sandbox: bool = False, password: str = ""
) -> dict[str, Any]:
    """Open a shop with its owner in one unit and return what was made; an owner known already keeps the password."""
    now, merchant_id = clock.now(), new_merchant_id()
    password = password or secrets.token_urlsafe(15)
    password_hash = accounts.hash_password(password)

    def make() -> bool:
        merchants.create(slug=slug, name=name, now=now, currency=currency, domain=domain, sandbox=sandbox)
        user = accounts.create_user(email=owner, password_hash=password_hash, now=now)
        accounts.add_member(user, role="owner", now=now, by=SYSTEM)
        return user.password_hash == password_hash

    fresh = db.write(merchant_id, make)
    made = {"shop": slug, "url": f"/s/{slug}/", "office": f"/office/{slug}/", "owner": owner.strip().lower()}
    return made | ({"domain": domain} if domain else {}) | ({"password": password} if fresh else {})
