"""The cashier: what an order can be paid with where its page is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.kit.errors import words
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order
from app.payments import queries as paying
from app.payments.queries import Method, Scene, Way
from app.web.agents import place_of

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
    due: Money | None = None  # as the payment that was started asks for it; None as long as none was

    @property
    def button(self) -> Money | None:
        """Return what is to be paid when it is the same by all ways."""
        sums = {method.due for method in self.shown}
        return sums.pop() if len(sums) == 1 else None


def cashier_of(found: Order) -> Cashier:
    """Return how an order can be paid where the page is open; one that is paid has nothing to choose."""
    tender = orders.find_due(found.id)
    if tender is None:
        return Cashier()
    methods = paying.list_methods()
    offered = paying.offered(methods, scene(), tender.price)
    shown = [_shown(method, way, tender.price) for method, way in offered]
    due = tender.due if tender.method_id else None
    return Cashier([method for method, _ in offered], shown, elsewhere=bool(methods) and not offered, due=due)


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
