"""A company in a test: with money, with members, with short ways to what people do there."""

import functools
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from app.accounts import service as accounts
from app.balances import queries
from app.companies import service as companies
from app.companies.models import Member, Role
from app.kit import clock, db
from app.kit.events import SYSTEM, By
from app.kit.ids import new_id
from app.kit.money import Money
from app.orders.models import Order
from app.redemption import service as redemption
from app.redemption.queries import Channel
from app.web.guard import MEMBER_COOKIE
from tests.make import PASSWORD, Browser, Shop


@dataclass
class Firm:
    """A company of a shop."""

    shop: Shop
    id: UUID

    def top_up(self, amount: int, reference: str = "") -> Any:
        words, money = reference or secrets.token_hex(6), Money(amount, "CNY")
        return self.shop.write(lambda: companies.top_up(self.id, money, words, now=clock.now(), by=SYSTEM))

    def order(self, quantity: int = 1, *, idem: str = "", transfer: str | None = None, by: By = SYSTEM) -> Order:
        wanted = companies.Wanted([(self.shop.sku, quantity)], "en", idem or secrets.token_hex(8))
        return self.shop.write(lambda: companies.place(self.id, wanted, transfer=transfer, now=clock.now(), by=by))

    def mail(self, name: str) -> str:
        """Return an address that nobody in another test has."""
        return f"{name}@{self.id.hex[-12:]}.example"

    def balance(self) -> int:
        return self.shop.read(lambda: queries.balance(self.id)).minor

    def member(self, role: Role = Role.ADMINISTRATOR, email: str = "") -> UUID:
        """Let somebody act for the company, and return who it is."""
        email = email or self.mail(role.name.lower())
        return self.shop.write(lambda: _join(self.id, email, role))

    def browser(self, role: Role = Role.ADMINISTRATOR, email: str = "") -> Browser:
        """The browser of a member who is signed in."""
        email = email or self.mail(role.name.lower())
        self.member(role, email)
        return signed_in(self.shop, email)


def make_busy_firm(shop: Shop) -> Firm:
    """Return a company with money, two members, an invite, and a list nobody confirmed."""
    firm, now = make_firm(shop), clock.now()
    firm.member()
    firm.member(Role.VIEWER)
    firm.top_up(100)
    person = {"email": firm.mail("new"), "role": Role.VIEWER, "lang": "en", "now": now, "by": SYSTEM}
    shop.write(lambda: companies.invite(firm.id, **person))  # type: ignore[arg-type]
    draft = redemption.Draft(redemption.Via(Channel.ENTERPRISE, SYSTEM), "list", firm.id)
    redemption.draft_bulk(shop.merchant_id, draft, [redemption.Asked(entitlement_id=new_id())], now=now)
    return firm


def make_firm(shop: Shop, name: str = "Wei & Co") -> Firm:
    email = f"hr@{secrets.token_hex(4)}.example"
    made = shop.write(lambda: companies.create(name=name, email=email, now=clock.now(), by=SYSTEM))
    return Firm(shop, made.id)


@pytest.fixture
def firm(shop: Shop) -> Firm:
    """A company with no money yet."""
    return make_firm(shop)


def signed_in(shop: Shop, email: str) -> Browser:
    """Return a browser with a session of the person at the companies' surface."""
    where = accounts.Browser("127.0.0.0/24", "tests")
    token = accounts.sign_in(email=email, password=PASSWORD, browser=where, now=clock.now())
    browser = shop.client()
    browser.client.set_cookie(MEMBER_COOKIE, token, path="/enterprise")
    return browser


def _join(company_id: UUID, email: str, role: Role) -> UUID:
    user = accounts.create_user(email=email, password_hash=_hashed(), now=clock.now())
    row = db.session().get(Member, (db.merchant_id(), company_id, user.id))
    if row is None:
        db.session().add(Member(company_id=company_id, user_id=user.id, role=role, created_at=clock.now()))
    return user.id


@functools.cache
def _hashed() -> str:
    return accounts.hash_password(PASSWORD)
