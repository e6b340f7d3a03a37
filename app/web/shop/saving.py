"""Saving: the codes of an order as a text file; to its record that is one more look."""

from collections.abc import Iterator
from uuid import UUID

from flask import Response

from app.entitlements import queries as entitled
from app.kit import clock, db
from app.orders import queries as orders
from app.web.guard import corrects, frame, unit
from app.web.render import set_cookies
from app.web.shop import bp
from app.web.shop.checkout import goods_of, order
from app.web.shop.opening import Opened, open_codes
from app.web.shop.placing import read_token
from app.web.shop.shown import OrderShown, order_shown


@bp.post("/o/<token>/codes")
@unit(None)
@corrects(order)
def save(token: str) -> Response:
    """Give the codes of an order to whoever may see them, as a file."""
    order_id = read_token(token)
    opened = open_codes(lambda: orders.get(order_id))
    shown = db.read(frame().merchant_id, lambda: _shown(order_id, opened))
    return set_cookies(codes_file(shown), opened.cookies)


def _shown(order_id: UUID, opened: Opened) -> OrderShown:
    found = orders.get(order_id)
    owned = entitled.list_held(order_id)
    return order_shown(found, owned, goods_of(found), now=clock.now(), opened=opened.codes)


def codes_file(order: OrderShown) -> Response:
    """Return the open codes of an order as a text file: a line each, its fields apart by tabs, below what they are."""
    text = "\r\n".join(_lines(order)) + "\r\n"
    response = Response(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{order.number}.txt"'
    return response


def _lines(order: OrderShown) -> Iterator[str]:
    titles = {code.title for code in order.codes if code.values}
    title = ""
    for code in sorted(order.codes, key=lambda code: code.title):  # stable: in the order of the page
        if code.values and len(titles) > 1 and code.title != title:
            title = code.title
            yield f"# {title}"
        if code.values:
            yield "\t".join(code.values.values())
