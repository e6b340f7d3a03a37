"""The guard at the door: who asks, in which shop, and may they? Decided before a byte of the body is read."""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar
from uuid import UUID

from flask import current_app, g, request
from flask_login import UserMixin

from app.accounts import queries as accounts
from app.companies import queries as companies
from app.companies.queries import Membership
from app.kit import clock, db
from app.kit.colours import Palette, palette
from app.kit.errors import Denied, NotFound, words
from app.kit.events import By
from app.kit.ids import public
from app.kit.tenancy import System
from app.members import queries as buyers
from app.members.queries import MemberSeen
from app.merchants import queries as merchants
from app.merchants.queries import ShopWords
from app.messages import queries as notes
from app.settings import Settings
from app.web.language import lang

View = TypeVar("View", bound=Callable[..., Any])
STAFF_COOKIE = "office_login"
MEMBER_COOKIE = "enterprise_login"
DEVICE_COOKIE = "device"
BUYER_COOKIE = "member"  # of the shop; a member of a company has the one above
NOTICE_COOKIE = "notice"
COMPANY_COOKIE = "enterprise_company"
LOGINS = {"office": STAFF_COOKIE, "enterprise": MEMBER_COOKIE}  # surfaces where people sign in, each with its cookie
PEOPLE = {"shop", *LOGINS}  # surfaces with a shop or a person; the others find what they need themselves


@dataclass(frozen=True)
class Frame:
    """The shop around a page, read once and kept for layouts and error pages; without a shop the name is empty."""

    merchant_id: int
    merchant_name: str
    slug: str
    currency: str
    zone: str
    lang: str
    sandbox: bool
    demo: bool
    accent: str = ""
    logo_id: UUID | None = None
    licence: str = ""
    tells_stock: bool = False
    is_closed: bool = False
    shelf_version: int = 0
    words: ShopWords = field(default_factory=ShopWords)
    notice: str = ""  # unless this visitor has put it away

    @property
    def palette(self) -> Palette | None:
        return palette(self.accent) if self.accent else None


@dataclass(frozen=True)
class Actor(UserMixin):
    """Somebody who signed in, with what they may do in this shop: for it, or for one of its companies."""

    user_id: UUID
    email: str
    permissions: frozenset[str]
    company: Membership | None = None
    several: bool = False  # whether there are other companies to act for
    unread: int = 0  # notes to the staff that came since

    @property
    def name(self) -> str:
        return self.email.partition("@")[0]

    @property
    def by(self) -> By:
        return By("member" if self.company else "user", self.user_id)

    def can(self, permission: str) -> bool:
        return permission in self.permissions

    def get_id(self) -> str:
        return str(self.user_id)


class SignInFirst(Exception):
    """Nobody is signed in; the error face leads to the log-in page and back."""


class ChooseFirst(Exception):
    """Somebody acts for several companies and has not said for which; the error face leads to the choice and back."""


class NoShopHere(Exception):
    """This address leads to no shop."""

    def __init__(self, *, any_shop: bool) -> None:
        self.any_shop = any_shop


class NotYourRole(Denied):
    """The same no for a member of a company, whose rights come from the company and not from the shop."""

    message = Denied.message
    mend = words("Ask an administrator of your company; the members page shows who may do what.")

    @property
    def code(self) -> str:
        return "denied"


# Marks on views --------------------------------------------------------------------------------------------------


def needs(permission: str) -> Callable[[View], View]:
    """Let only those pass who have `permission` in the shop of the address."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def unit(kind: Literal["own", "auto"] | None) -> Callable[[View], View]:
    """Say that a view opens its own units (`None`), e.g. since it hashes, streams or reveals."""

    def mark(view: View) -> View:
        view.unit = kind  # type: ignore[attr-defined]
        return view

    return mark


def for_programs(view: View) -> View:
    """Say that programs call a view: what they send proves them, no cookie counts, and they hear a no as JSON."""
    view.for_programs = True  # type: ignore[attr-defined]
    return view


def streams(view: View) -> View:
    """Say that a view reads the body itself, bit by bit; it must check the CSRF token it finds there."""
    view.streams = True  # type: ignore[attr-defined]
    return view


def corrects(form: Callable[..., Any]) -> Callable[[View], View]:
    """Show `form` again with what was typed and what is wrong, when the view refuses the input."""

    def mark(view: View) -> View:
        view.form = form  # type: ignore[attr-defined]
        return view

    return mark


# Who and where ---------------------------------------------------------------------------------------------------


def admit(view: Callable[..., Any], surface: str, args: dict[str, Any]) -> None:
    """Find the shop and the person of this request, or refuse; leaves `g.frame` and `g.actor`."""
    if surface not in PEOPLE:
        return
    now = clock.now()
    merchant_id = db.read(System("guard"), lambda: _merchant(surface, args))
    scope = System("guard") if merchant_id is None else merchant_id
    g.signed_in, standing, g.member = db.read(scope, lambda: _met(surface, merchant_id))
    signed_in = g.signed_in
    if standing is not None:
        g.frame, g.memberships, g.actor = standing
    permission = getattr(view, "permission", None)
    if permission is None:
        return
    if signed_in is None:
        raise SignInFirst
    if g.actor is None and g.memberships:
        raise ChooseFirst
    if g.actor is None:
        g.frame = None  # a stranger learns nothing about this shop, not even that it exists
        raise NotFound
    if not g.actor.can(permission):
        raise NotYourRole(permission) if surface == "enterprise" else Denied(permission)
    g.touch = (now - signed_in.seen_at).total_seconds() >= 60


def _merchant(surface: str, args: dict[str, Any]) -> int | None:
    """Return the merchant that the address leads to; None where a surface has none."""
    if "shop" in args:
        address = merchants.find_address("slug", args["shop"])
        if address is None:
            raise NotFound
        return address.merchant_id
    if surface != "shop":
        return None
    address = merchants.find_address("host", (request.host or "").partition(":")[0].lower())
    if address is None and settings().demo:
        address = merchants.find_address("slug", "demo")
    if address is None:
        raise NoShopHere(any_shop=merchants.any_exists())
    return address.merchant_id


def _signed_in(surface: str, merchant_id: int | None) -> accounts.SignedIn | None:
    token = request.cookies.get(LOGINS[surface], "") if surface in LOGINS else ""
    return accounts.find_signed_in(token, now=clock.now(), merchant_id=merchant_id) if token else None


def _frame(surface: str) -> Frame:
    row = merchants.current()
    bare = Frame(
        merchant_id=row.merchant_id,
        merchant_name=row.name,
        slug=row.slug,
        currency=row.currency,
        zone=row.zone,
        lang=row.lang,
        sandbox=row.sandbox,
        demo=settings().demo and row.slug == "demo",
        accent=row.accent,
        logo_id=row.logo_id,
        licence=row.licence,
        tells_stock=row.tells_stock,
        is_closed=row.is_closed,
        shelf_version=row.shelf_version,
    )
    return _with_words(bare) if surface == "shop" else bare


def _with_words(bare: Frame) -> Frame:
    """Return the shop with what it says to this visitor."""
    g.frame = bare  # whoever prefers no language reads the shop's
    words = merchants.shop_words(lang(), bare.lang)
    put_away = request.cookies.get(NOTICE_COOKIE, "") == notice_mark(words.notice)
    return replace(bare, words=words, notice="" if put_away else words.notice)


def notice_mark(notice: str) -> str:
    """Return the mark by which a browser remembers that it has put a notice away."""
    return hashlib.sha256(notice.encode()).hexdigest()[:12]


Standing = tuple[Frame, Sequence[Membership], Actor | None]


def _met(surface: str, merchant_id: int | None) -> tuple[accounts.SignedIn | None, Standing | None, MemberSeen | None]:
    """Return who is signed in, how they stand to the shop of the running unit if there is one, and as which buyer."""
    person = _signed_in(surface, merchant_id)
    if merchant_id is None:
        return person, None, None
    token = request.cookies.get(BUYER_COOKIE, "") if surface == "shop" else ""
    buyer = buyers.find_present(token, now=clock.now()) if token else None
    return person, _standing(surface, person), buyer


def _standing(surface: str, person: accounts.SignedIn | None) -> Standing:
    """Return the shop, the companies somebody may act for in it, and who that is; None for strangers."""
    if person is None:
        return _frame(surface), (), None
    if surface == "enterprise":
        mine = companies.list_memberships(person.user_id)
        chosen = mine[0] if len(mine) == 1 else next(filter(is_chosen, mine), None)
        actor = Actor(person.user_id, person.email, chosen.permissions, chosen, len(mine) > 1) if chosen else None
        return _frame(surface), mine, actor
    may = person.permissions
    if may is None:
        return _frame(surface), (), None
    unread = notes.count_unread(person.user_id) if "notes.read" in may else 0
    return _frame(surface), (), Actor(person.user_id, person.email, may, unread=unread)


def is_chosen(membership: Membership) -> bool:
    """Tell whether this is the company that the browser acts for."""
    return request.cookies.get(COMPANY_COOKIE) == public("com", membership.company_id)


def login_token() -> str:
    """Return the session this request came with, whatever became of it; "" without one."""
    name = LOGINS.get(surface_of(request.endpoint or ""), "")
    return request.cookies.get(name, "")


def settings() -> Settings:
    """Return the settings of the running application."""
    return current_app.config["MIAOFA"]  # type: ignore[no-any-return]


def frame() -> Frame:
    """Return the shop of this request; only for views that have one."""
    return g.frame  # type: ignore[no-any-return]


def actor() -> Actor:
    """Return who is signed in; only for views that need a permission."""
    return g.actor  # type: ignore[no-any-return]


def current_actor() -> Actor | None:
    """Return who is signed in, or None; what flask-login tells templates and extensions."""
    return g.get("actor")  # type: ignore[no-any-return]


def client_network() -> str:
    """Return the network the request comes from; addresses themselves are not kept."""
    return accounts.network(request.remote_addr or "0.0.0.0")


def public_network() -> str:
    """Return the network that tells this visitor from others; "" where everybody seems to come from our own proxy."""
    return accounts.public_network(request.remote_addr or "")


@functools.cache
def surface_of(endpoint: str) -> str:
    """Return the surface an endpoint belongs to: `shop_at.home` → `shop`."""
    blueprint = endpoint.partition(".")[0] if "." in endpoint else ""
    return blueprint.removesuffix("_at")
