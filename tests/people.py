"""Who is who in the tests: Alice owns the shop, Bob may read in it, Charlie owns another one, Dora buys.

They walk in with a session that was really opened, without the log-in page, which has tests of its own.
"""

import functools

from app.accounts import service as accounts
from app.accounts.models import Membership
from app.kit import clock, db
from app.kit.ids import new_merchant_id
from app.web.guard import STAFF_COOKIE
from tests.make import PASSWORD, Browser, Shop


def alice(shop: Shop) -> Browser:
    """The owner's browser."""
    return signed_in(shop, shop.owner)


def bob(shop: Shop, role: str = "viewer") -> Browser:
    """The browser of somebody who works in the shop; a role that nobody knows may do nothing."""
    email = f"bob-{role}@{shop.slug}.example"
    shop.write(lambda: _employ(email, role))
    return signed_in(shop, email)


def charlie(other: Shop) -> Browser:
    """The browser of the owner of another shop."""
    return signed_in(other, other.owner)


def eve(shop: Shop) -> Browser:
    """The browser of somebody who can sign in and works nowhere."""
    email = f"eve@{shop.slug}.example"
    user = {"email": email, "password_hash": _hashed(), "now": clock.now()}
    db.write(new_merchant_id(), lambda: accounts.create_user(**user))  # type: ignore[arg-type]
    return signed_in(shop, email)


def dora(shop: Shop) -> Browser:
    """A buyer's browser that was never here."""
    return shop.client()


def signed_in(shop: Shop, email: str) -> Browser:
    """Return a browser with a session of the person."""
    where = accounts.Browser("127.0.0.0/24", "tests")
    token = accounts.sign_in(email=email, password=PASSWORD, browser=where, now=clock.now())
    browser = shop.client()
    browser.client.set_cookie(STAFF_COOKIE, token, path="/office")
    return browser


def _employ(email: str, role: str) -> None:
    user = accounts.create_user(email=email, password_hash=_hashed(), now=clock.now())
    db.session().add(Membership(user_id=user.id, role=role, created_at=clock.now()))


@functools.cache
def _hashed() -> str:
    return accounts.hash_password(PASSWORD)
