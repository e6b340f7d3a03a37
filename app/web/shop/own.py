"""The orders of this browser, and having them forgotten in it."""

from flask import request
from flask_babel import gettext

from app.accounts import service as accounts
from app.kit import clock
from app.orders import queries as orders
from app.web.guard import DEVICE_COOKIE
from app.web.language import here
from app.web.render import Cookie, Page, Redirect, page
from app.web.shop import bp
from app.web.shop.placing import token_of
from app.web.shop.proof import DEVICE_LIFE, present_device
from app.web.shop.shown import order_shown


@bp.get("/orders", endpoint="orders")
def own_orders() -> Page:
    device, now = present_device(), clock.now()
    found = orders.list_of_device(device.id, since=now - DEVICE_LIFE) if device else ()
    shown = [(token_of(order.id), order_shown(order, (), {}, now=now)) for order in found]
    return page("shop/orders/orders.html", orders=shown, known=device is not None, secret=True)


@bp.post("/orders/forgotten")
def forget() -> Redirect:
    """Let this browser prove nothing any more; the orders themselves stay as they are."""
    accounts.forget_device(request.cookies.get(DEVICE_COOKIE, ""), now=clock.now())
    gone = Cookie(DEVICE_COOKIE, "", "/")
    return Redirect(here(".orders"), toast=gettext("This browser is forgotten"), cookies=(gone,))
