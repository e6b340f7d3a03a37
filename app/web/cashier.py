"""The cashier: what an order can be paid with where its page is open, and the way to pay it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

import segno
from flask import request, url_for
from flask_babel import gettext

from app.kit import clock, db, effects
from app.kit.errors import NotFound, words
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Closed, Order, Purpose, status
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.errors import GatewayAway, GatewaySilent
from app.payments.queries import Attempt, Method, NamesBuyers, Scene, Way
from app.web.agents import place_of
from app.web.guard import frame, settings
from app.web.render import Redirect

READABLE = (Way.GO, Way.SCAN)
WAIT = 3.0  # seconds a buyer waits for a gateway before being told how it stands

HOW = {
    Way.GO: words("Opens the payment page; afterwards you come back here."),
    Way.SCAN: words("Shows a QR code that you scan with the app."),
    Way.IN_APP: words("Asks you in this app; you stay on this page."),
    Way.TRANSFER: words("Shows the account to send the money to."),
}
SCENES = {"desktop": Scene.DESKTOP, "mobile": Scene.MOBILE, "WeChat": Scene.WECHAT, "Alipay": Scene.ALIPAY}


@dataclass(frozen=True)
class MethodShown:
    """One way to pay as the cashier names it."""

    id: UUID
    name: str
    note: str  # what it is, when the name alone misleads
    how: str  # what the buyer does next
    wallets: tuple[str, ...]
    way: str
    price: Money
    fee: Money  # what the buyer bears on top

    @property
    def due(self) -> Money:
        return self.price + self.fee


def scene() -> Scene:
    """Return where the buyer's page is open."""
    return SCENES[place_of(request.user_agent.string)]


@dataclass(frozen=True)
class Cashier:
    """The ways an order can be paid here, and whether there are others that cannot work in this browser."""

    methods: Sequence[Method] = ()
    shown: Sequence[MethodShown] = ()
    elsewhere: bool = False
    price: Money | None = None  # what is to be paid of the order here, without fees
    due: Money | None = None  # as the payment that was started asks for it; None as long as none was

    @property
    def button(self) -> Money | None:
        """Return what is to be paid when it is the same by all ways."""
        sums = {method.due for method in self.shown}
        return sums.pop() if len(sums) == 1 else None


def cashier_of(found: Order, *, plain: bool = False) -> Cashier:
    """Return how an order can be paid where the page is open; one that is paid has nothing to choose.

    A `plain` page leaves out what the shop's own page alone can do: let an app say who its user is, take a bank
    transfer with its proof.
    """
    tender = orders.find_due(found.id)
    if tender is None:
        return Cashier()
    methods = paying.list_methods()
    offered = paying.offered(methods, scene(), tender.price)
    if plain:
        offered = [(method, way) for method, way in offered if way is not Way.TRANSFER and not _asks_who(method)]
    shown = [_shown(method, way, tender.price) for method, way in offered]
    due = tender.due if tender.method_id else None
    return Cashier([method for method, _ in offered], shown, bool(methods) and not offered, tender.price, due)


def _shown(method: Method, way: Way, price: Money) -> MethodShown:
    gateway = paying.gateway_of(method)
    is_test = gateway.is_test(method.bare)
    return MethodShown(
        id=method.id,
        name=method.title or gettext(gateway.title),
        note=gettext("A test: no money moves.") if is_test else "",
        how=gettext(HOW[way]),
        wallets=gateway.shows_wallets,
        way=way.name.lower(),
        price=price,
        fee=paying.fee_on(method, price),
    )


def _asks_who(method: Method) -> bool:
    gateway = paying.gateway_of(method)
    return isinstance(gateway, NamesBuyers) and gateway.needs_payer(scene())


def pages(path: str) -> payments.Pages:
    """Return where gateways tell of a payment, and where they send the buyer's browser, whose cookies are here."""
    return payments.Pages(settings().base_url + url_for("hooks.notice", token=""), request.url_root.rstrip("/") + path)


def place(payer: str = "") -> payments.Place:
    """Return where the buyer is."""
    return payments.Place(scene(), payer, request.remote_addr or "")


def lead(begun: payments.Begun, path: str) -> Redirect:
    """Return where a payment that was started is made: at its gateway, or on the page of the order itself."""
    merchant = frame().merchant_id
    effects.perform(merchant, [begun.effect_id], within=WAIT)
    attempt, looked_at = db.read(merchant, lambda: _opened(begun.attempt_id))
    if not attempt.url:
        raise GatewayAway
    return Redirect(path) if attempt.way is not Way.GO else Redirect(attempt.url, tells_origin=looked_at)


def _opened(attempt_id: UUID) -> tuple[Attempt, bool]:
    """Return a payment that was started, and whether its page looks where a browser comes from."""
    attempt = paying.get_attempt(attempt_id)
    method = paying.list_methods_by_id([attempt.method_id])[attempt.method_id]
    return attempt, paying.checks_referrer([method])


def ask_gateways(order_id: UUID, asked: Sequence[UUID]) -> str:
    """Wait for what gateways were asked, and return what to say when nothing was paid; GatewaySilent."""
    merchant = frame().merchant_id
    effects.perform(merchant, asked, within=WAIT)
    answered, unpaid = db.read(merchant, lambda: (paying.is_answered(asked), _is_unpaid(order_id)))
    if not answered:
        raise GatewaySilent
    return gettext("Not paid yet") if asked and unpaid else ""


def end(order_id: UUID, asked: Sequence[UUID]) -> str:
    """Wait for gateways to close what was started, and return what to say when they have not yet."""
    merchant = frame().merchant_id
    effects.perform(merchant, asked, within=WAIT)
    waits = db.read(merchant, lambda: _is_unpaid(order_id))
    return gettext("Cancelled as soon as the gateway answers") if waits else ""


def _is_unpaid(order_id: UUID) -> bool:
    return phase(orders.get(order_id), now=clock.now()) in {"pending", "asking"}


def phase(order: Order, *, now: datetime) -> str:
    """Return the status of an order, but "asking" while only a gateway knows whether it was paid in time."""
    word = status(order, now=now)
    return "asking" if word == "expired" and order.started_at and order.closed is Closed.OPEN else word


def state_of(order: Order, *, now: datetime) -> str:
    """Return the phase of an order as its waiting page names it: an unpaid one is another once its payment started."""
    word = phase(order, now=now)
    return "started" if word == "pending" and order.started_at else word


def attempt_of(found: Order) -> Attempt | None:
    """Return the payment of an order that was started last; None when that is for another amount than is due now."""
    attempt = paying.find_attempt(found.id)
    tender = orders.find_due(found.id) if attempt and found.is_split else None
    return None if attempt and tender and tender.id != attempt.tender_id else attempt


def subject_of(found: Order) -> str:
    """Return what a gateway shows as what is paid for."""
    title = gettext("Top-up") if found.purpose is Purpose.TOP_UP else found.lines[0].title
    return f"{frame().merchant_name} · {title}"


def titles_of_ways(order_ids: list[UUID]) -> Mapping[UUID, str]:
    """Return by top-up the way it was paid, in words."""
    found = orders.list_methods_of(order_ids)
    methods = paying.list_methods_by_id(found.values())
    names = {number: method.title or gettext(paying.gateway_of(method).title) for number, method in methods.items()}
    return {order_id: names.get(method_id, "") for order_id, method_id in found.items()}


def pay_address(found: Order) -> str:
    """Return where an order is being paid, or refuse with NotFound when it is not."""
    attempt = attempt_of(found)
    if attempt is None or not attempt.url or attempt.way not in READABLE or phase(found, now=clock.now()) != "pending":
        raise NotFound
    return attempt.url


def qr_picture(url: str) -> bytes:
    """Return an address as a picture, for another phone to read."""
    drawn = BytesIO()
    segno.make_qr(url, error="l").save(drawn, kind="png", scale=4, border=4)
    return drawn.getvalue()
