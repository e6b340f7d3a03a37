"""What the goods of an order are called: as they were sold, or, inside a bundle, as they are called now."""

from collections.abc import Iterable
from uuid import UUID

from app.catalog import queries as catalog
from app.orders.queries import Order
from app.web.guard import frame
from app.web.language import lang


def titles_of(order: Order, sku_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the titles of SKUs that an order has brought; asks nothing where all were sold by themselves."""
    titles = {line.sku_id: line.title for line in order.lines}
    inside = set(sku_ids) - set(titles)
    return titles | (catalog.titles(inside, lang(), frame().lang) if inside else {})
