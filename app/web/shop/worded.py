"""What the shop itself says on the page of an order: how to use what was bought, and whatever else it wants to say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from app.delivery import queries as delivery
from app.delivery.queries import Medium, Said
from app.entitlements.queries import Entitlement
from app.kit import clock
from app.orders.queries import Order
from app.web.language import here, lang
from app.web.shop.parcels import CodeShown, GoodShown
from app.web.shop.shown import OrderShown
from app.web.worded import Worded, worded


def said_on_page(order: Order, owned: Sequence[Entitlement]) -> dict[UUID, Said]:
    """Return by product what the shop says to the buyer of an order, as it stood when he got it."""
    return delivery.said_of(order, owned, lang=lang(), medium=Medium.PAGE, now=clock.now())


def with_buttons(goods: Mapping[UUID, GoodShown], said: Mapping[UUID, Said]) -> dict[UUID, GoodShown]:
    """Return goods that lead where the shop's own button does, and under its words."""
    return {
        sku: _with_button(good, said.get(good.product_id) if good.product_id else None) for sku, good in goods.items()
    }


def wordings_of(order: OrderShown, said: Mapping[UUID, Said]) -> list[Worded]:
    """Return what stands beside the codes of an order, one for each product; a page shows it with `_wording.html`."""
    first: dict[UUID | None, CodeShown] = {}
    for code in order.codes:
        first.setdefault(code.good.product_id, code)
    mine = [
        (said.get(product) if product else None) or Said(code.good.name or code.title)
        for product, code in first.items()
    ]
    guides = [code.good.steps for code in first.values()]
    shown = worded(delivery.each_once(mine), guides, lambda picture: here(".picture", picture=picture))
    if order.redeem_url:  # the card of the codes has that button: it copies the code first
        shown = [replace(one, button="") if one.button_url == order.redeem_url else one for one in shown]
    return [one for one in shown if not one.is_blank]


def _with_button(good: GoodShown, said: Said | None) -> GoodShown:
    if said is None or not said.button:
        return good
    return replace(good, redeem_url=said.button_url, redeem_label=said.button)
