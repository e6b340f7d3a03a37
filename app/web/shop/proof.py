"""Whose order is it? The browser that placed it proves itself; another one has to know the order password."""

from flask import request

from app.accounts import queries as devices
from app.accounts import service as accounts
from app.entitlements.service import Proof
from app.kit import clock
from app.kit.errors import Invalid, Refusal, Required
from app.kit.events import By
from app.orders import queries as orders
from app.orders.errors import WrongOrderPassword
from app.orders.queries import Order
from app.web.guard import DEVICE_COOKIE, client_network


def is_mine(found: Order) -> bool:
    """Tell whether this browser placed the order."""
    device = devices.find_device(request.cookies.get(DEVICE_COOKIE, ""))
    return device is not None and device.id == found.device_id


def prove(found: Order) -> Proof | Refusal:
    """Return why this browser may see the codes of an order, or what to tell it once the wrong try is committed."""
    agent = request.headers.get("User-Agent", "")
    if is_mine(found):
        return Proof("device", By("device", found.device_id), client_network(), agent)
    typed, now = request.form.get("password", "").strip(), clock.now()
    if not typed:
        raise Invalid({"password": Required()})
    accounts.check_tries(found.id, client_network(), now=now)
    if orders.is_password(found, typed):
        return Proof("password", By("password", found.id), client_network(), agent)
    return accounts.count_wrong_try(found.id, client_network(), _wrong, now=now)


def _wrong(left: int) -> Refusal:
    return Invalid({"password": WrongOrderPassword(left)})
