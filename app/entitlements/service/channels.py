"""Channels: through which one a part of an order was bought, where the stock is walked by channel."""

from collections.abc import Callable, Sequence
from typing import Any

from app.inventory import queries, service
from app.orders import queries as orders


def channels(rows: Sequence[Any]) -> Callable[[Any], str]:
    """Return what tells through which channel a part of an order was bought; asked only where that matters."""
    matters = queries.any_walks({row.sku_id for row in rows})
    companies = orders.list_companies(row.order_id for row in rows) if matters else {}
    return lambda row: service.channel_of(companies.get(row.order_id))
