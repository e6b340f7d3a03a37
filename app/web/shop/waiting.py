"""Waiting: an order's page asks what has become of it, and is answered only when there is news."""

from flask import Response, request

from app.kit import clock
from app.orders import queries as orders
from app.web.render import Page, unchanged
from app.web.shop import bp
from app.web.shop.checkout import order_page
from app.web.shop.placing import read_token
from app.web.shop.shown import state_of


@bp.get("/o/<token>/status")
def status(token: str) -> Page | Response:
    """Tell a page how its order stands, or that nothing has changed since the state it names."""
    found = orders.get(read_token(token))
    if request.args.get("v") == state_of(found, now=clock.now()):
        return unchanged()
    answer = order_page(found, token)
    answer.is_news = True
    return answer
