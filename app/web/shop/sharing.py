"""Sharing: a card of what was bought, to be shown to friends. It names goods and shop, nothing of the buyer."""

from app.kit.errors import NotFound
from app.orders import queries as orders
from app.web.language import here
from app.web.render import Page, page
from app.web.shop import bp
from app.web.shop.checkout import goods_of
from app.web.shop.placing import read_card


@bp.get("/card/<card>", endpoint="card")
def show_card(card: str) -> Page:
    found = orders.get(read_card(card))
    if not found.paid_at:
        raise NotFound
    goods = goods_of(found)
    things = [(line, goods[line.sku_id]) for line in found.lines if line.sku_id in goods]
    return page("shop/orders/card.html", things=things, link=here(".card", card=card, _external=True))
