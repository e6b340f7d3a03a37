"""Waiting: an order's page asks what has become of it, and is answered only when there is news."""

from flask import Response, request

from app.kit import clock
from app.orders import queries as orders
from app.web.cashier import pay_address, qr_picture, state_of
from app.web.render import MINE, Page, fixed, unchanged
from app.web.shop import bp
from app.web.shop.checkout import order_page
from app.web.shop.placing import read_token
from app.web.shop.transfers import mark_of


@bp.get("/o/<token>/status")
def status(token: str) -> Page | Response:
    """Tell a page how its order stands, or that nothing has changed since the state it names."""
    found = orders.get(read_token(token))
    known = request.args.get("v", "")
    more = mark_of(found) if "." in known else ""  # of a transfer there is more news than the order's state
    if known == state_of(found, now=clock.now()) + more:
        return unchanged()
    answer = order_page(found, token)
    answer.is_news = True
    return answer


@bp.get("/o/<token>/qr.png")
def qr(token: str) -> Response:
    """Give the address where an order is being paid as a picture, for another phone to read."""
    url = pay_address(orders.get(read_token(token)))
    return fixed(qr_picture(url), "image/png", MINE)
