"""The orders of this browser and of contacts that its person proved to own, and having them forgotten in it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.accounts import service as accounts
from app.accounts.queries import Device
from app.delivery import queries as links
from app.kit import clock
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.guard import DEVICE_COOKIE
from app.web.language import here
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp
from app.web.shop.placing import token_of
from app.web.shop.proof import DEVICE_LIFE, present_device
from app.web.shop.shown import OrderShown, order_shown
from app.web.standing import standings


@dataclass(frozen=True)
class OwnedShown:
    """The orders of one contact, by its mask, beside those of the browser itself."""

    contact: str
    orders: list[tuple[str, OrderShown]]


@bp.get("/orders", endpoint="orders")
def own_orders() -> Page:
    device = present_device()
    found = orders.list_of_device(device.id, since=clock.now() - DEVICE_LIFE) if device else ()
    owned = _owned(device, {order.id for order in found}) if device else []
    known = device is not None
    return page("shop/orders/orders.html", orders=rows_shown(found), owned=owned, known=known, secret=True)


@bp.post("/orders/forgotten")
def forget() -> Redirect:
    """Let this browser prove nothing any more; the orders themselves stay as they are."""
    accounts.forget_device(request.cookies.get(DEVICE_COOKIE, ""), now=clock.now())
    gone = Cookie(DEVICE_COOKIE, "", "/")
    return Redirect(here(".orders"), toast=gettext("This browser is forgotten"), cookies=(gone,))


def _owned(device: Device, listed: Collection[UUID]) -> list[OwnedShown]:
    """Return the orders of each contact this browser is signed in for, without those that are listed already."""
    return [
        OwnedShown(found[0].contact_mask, rows_shown([order for order in found if order.id not in listed]))
        for found in links.list_owned(device.id, now=clock.now())
    ]


def rows_shown(found: Collection[Order]) -> list[tuple[str, OrderShown]]:
    """Return orders as the rows of a list, each with the token of its page."""
    now = clock.now()
    words = standings(found, now=now)
    rows = [(order, order_shown(order, (), {}, now=now)) for order in found]
    return [(token_of(order.id), replace(shown, status=words[order.id])) for order, shown in rows]
