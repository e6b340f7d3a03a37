"""The order form: what is sent at the same moment is placed together, in one unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import request

from app.accounts import service as accounts
from app.kit import clock, db, tokens
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.gather import Gather
from app.orders import service as ordering
from app.web.forms import Form
from app.web.guard import DEVICE_COOKIE, corrects, frame, public_network, unit
from app.web.language import here, lang
from app.web.render import Cookie, Page, Redirect
from app.web.shop import bp
from app.web.shop.proof import device_cookie
from app.web.shop.shelf import product

ORDER, CARD = "order", "share card"
PASSWORD = "order_password"  # this cookie lets its page show the password of the order, and holds none
PASSWORD_AGE = timedelta(minutes=20)


@dataclass(frozen=True)
class Sent:
    """A form as it came: what is wanted, and the token of the browser, if it has one."""

    basket: ordering.Basket
    device: str
    network: str = ""  # where it came from


@dataclass(frozen=True)
class Placed:
    """The order a form made, and the token of the browser from now on."""

    order_id: UUID
    device: str


def product_of_form() -> Page:
    """Show the product page again that the refused form came from."""
    return product(slug=request.form.get("product", ""))


@bp.post("/orders")
@unit(None)
@corrects(product_of_form)
def place() -> Redirect:
    form = Form(request.form)
    quantity = form.number("quantity", default=1)
    idem = form.text("idem", most=64, required=True)
    form.done()
    sku, contact = request.form.get("sku", "")[:64], request.form.get("contact", "").strip()
    sent = "\n".join((idem, sku, str(quantity), contact))  # gone back to and changed, the form is a new order
    basket = ordering.Basket(((sku, quantity),), contact, lang(), sent)
    placed = together.ask(frame().merchant_id, sent_by(basket))
    url = here(".order", token=token_of(placed.order_id))
    own = Cookie(PASSWORD, tokens.sign(PASSWORD, placed.order_id.hex), url, PASSWORD_AGE / timedelta(days=1))
    return Redirect(url, cookies=(device_cookie(placed.device), own))


def sent_by(basket: ordering.Basket) -> Sent:
    """Return what this request asks for, with what is known of who asks."""
    return Sent(basket, request.cookies.get(DEVICE_COOKIE, ""), public_network())


def place_all(merchant_id: int, sent: Sequence[Sent]) -> Sequence[Placed | Exception]:
    """Place the orders of forms together; where one is refused, each is placed alone."""
    try:
        return db.write(merchant_id, lambda: _place(sent))
    except Exception as error:
        if len(sent) == 1:
            if isinstance(error, ordering.Refused):
                db.write(merchant_id, error.note)
            return [error]
    return [place_all(merchant_id, [one])[0] for one in sent]


def _place(sent: Sequence[Sent]) -> list[Placed]:
    now = clock.now()
    devices = accounts.remember_devices([one.device for one in sent], now=now)
    wishes = [
        ordering.Wish(one.basket, device_id, By("device", device_id), network=one.network)
        for one, (device_id, _) in zip(sent, devices, strict=True)
    ]
    orders = ordering.place_all(wishes, now=now)
    return [Placed(order.id, token) for order, (_, token) in zip(orders, devices, strict=True)]


together: Gather[int, Sent, Placed] = Gather(place_all, most=8)


def token_of(order_id: UUID) -> str:
    """Return the token that an order's page is found by."""
    return tokens.sign(ORDER, order_id.hex)


def read_token(token: str) -> UUID:
    """Return the order that a token names, or refuse with NotFound."""
    return _read(ORDER, token)


def card_of(order_id: UUID) -> str:
    """Return the token of the card that tells friends what was bought; it opens nothing else."""
    return tokens.sign_for_good(CARD, order_id.hex)


def read_card(card: str) -> UUID:
    """Return the order that a card tells of, or refuse with NotFound."""
    return _read(CARD, card)


def _read(purpose: str, token: str) -> UUID:
    value = tokens.read(purpose, token)
    if value is None:
        raise NotFound
    return UUID(value)
