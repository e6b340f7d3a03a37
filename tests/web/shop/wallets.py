"""A member who is signed in at the shop, in a test of their wallet."""

from app.web.guard import BUYER_COOKIE
from tests.balances.person import Person
from tests.make import Browser, Shop
from tests.members.people import Visitor


def sign_in(shop: Shop, contact: str = "dora@example.com") -> tuple[Browser, Person]:
    """Sign somebody in, and return their browser and who they are."""
    visitor, browser = Visitor(shop).signs_in(contact), shop.client()
    browser.client.set_cookie(BUYER_COOKIE, visitor.token)
    return browser, Person(shop, visitor.present.id)
