"""A member who is signed in at the shop by digits of their own, in a test of their wallet."""

from app.web.guard import BUYER_COOKIE
from tests.balances.person import Person
from tests.make import Browser, Shop
from tests.members.people import DORA, Visitor

BOB = "bob@example.com"


def sign_in(shop: Shop, browser: Browser, contact: str = DORA) -> Person:
    """Sign somebody in, in a browser, and return them with their wallet."""
    visitor = Visitor(shop).signs_in(contact)
    browser.client.set_cookie(BUYER_COOKIE, visitor.token)
    return Person(shop, visitor.present.id)


def sign_out(browser: Browser) -> None:
    browser.client.delete_cookie(BUYER_COOKIE)
