"""The guard at the door: who asks, in which shop, and may they? Decided before a byte of the body is read."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar
from uuid import UUID

from flask import current_app, g, request
from flask_login import UserMixin

from app.accounts import queries as accounts
from app.kit import clock, db
from app.kit.colours import Palette, palette
from app.kit.errors import Denied, NotFound
from app.kit.events import By
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.merchants.queries import ShopWords
from app.settings import Settings
from app.web.language import lang

View = TypeVar("View", bound=Callable[..., Any])
STAFF_COOKIE = "office_login"
DEVICE_COOKIE = "device"
NOTICE_COOKIE = "notice"
PEOPLE = {"shop", "office"}  # surfaces with a shop or a person; the others find what they need themselves


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
    """Somebody who signed in at the office, with what they may do in this shop."""

    user_id: UUID
    email: str
    permissions: frozenset[str]

    @property
    def name(self) -> str:
        return self.email.partition("@")[0]

    @property
    def by(self) -> By:
        return By("user", self.user_id)

    def can(self, permission: str) -> bool:
        return permission in self.permissions

    def get_id(self) -> str:
        return str(self.user_id)


class SignInFirst(Exception):
    """Nobody is signed in; the error face leads to the log-in page and back."""


class NoShopHere(Exception):
    """This address leads to no shop."""

    def __init__(self, *, any_shop: bool) -> None:
        self.any_shop = any_shop


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
    merchant_id, signed_in = db.read(System("guard"), lambda: (_merchant(surface, args), _signed_in(surface)))
    g.signed_in = signed_in
    if merchant_id is not None:
        g.frame, permissions = db.read(merchant_id, lambda: (_frame(surface), _permissions(surface)))
        if signed_in is not None and permissions is not None:
            g.actor = Actor(signed_in.user_id, signed_in.email, permissions)
    permission = getattr(view, "permission", None)
    if permission is None:
        return
    if signed_in is None:
        raise SignInFirst
    if g.actor is None:
        g.frame = None  # a stranger learns nothing about this shop, not even that it exists
        raise NotFound
    if not g.actor.can(permission):
        raise Denied(permission)
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


def _signed_in(surface: str) -> accounts.SignedIn | None:
    token = request.cookies.get(STAFF_COOKIE, "") if surface == "office" else ""
    return accounts.find_signed_in(token, now=clock.now()) if token else None


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


def _permissions(surface: str) -> frozenset[str] | None:
    return accounts.find_permissions(g.signed_in.user_id) if g.signed_in is not None else None


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


@functools.cache
def surface_of(endpoint: str) -> str:
    """Return the surface an endpoint belongs to: `shop_at.home` → `shop`."""
    blueprint = endpoint.partition(".")[0] if "." in endpoint else ""
    return blueprint.removesuffix("_at")
