"""Waiting: an order's page asks what has become of it, and is answered only when there is news."""

from io import BytesIO

import segno
from flask import Response, request

from app.kit import clock
from app.kit.errors import NotFound
from app.orders import queries as orders
from app.orders.queries import Order
from app.payments import queries as paying
from app.payments.queries import Way
from app.web.render import Page, fixed, unchanged
from app.web.shop import bp
from app.web.shop.checkout import order_page
from app.web.shop.placing import read_token
from app.web.shop.shown import phase, state_of

READABLE = (Way.GO, Way.SCAN)


@bp.get("/o/<token>/status")
def status(token: str) -> Page | Response:
    """Tell a page how its order stands, or that nothing has changed since the state it names."""
    found = orders.get(read_token(token))
    if request.args.get("v") == state_of(found, now=clock.now()):
        return unchanged()
    answer = order_page(found, token)
    answer.is_news = True
    return answer


@bp.get("/o/<token>/qr.png")
def qr(token: str) -> Response:
    """Give the address where an order is being paid as a picture, for another phone to read."""
    url = pay_address(orders.get(read_token(token)))
    drawn = BytesIO()
    segno.make_qr(url, error="l").save(drawn, kind="png", scale=4, border=4)
    return fixed(drawn.getvalue(), "image/png", False)


def pay_address(found: Order) -> str:
    """Return where an order is being paid, or refuse with NotFound when it is not."""
    attempt = paying.find_attempt(found.id)
    if attempt is None or not attempt.url or attempt.way not in READABLE or phase(found, now=clock.now()) != "pending":
        raise NotFound
    return attempt.url
