"""What a basket costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.kit.money import Money


@dataclass(frozen=True)
class Item:
    """A SKU in a basket at its list price."""

    sku_id: UUID
    list_price: Money
    quantity: int


@dataclass(frozen=True)
class Quote:
    """What each item costs a piece, in the order asked, and all together."""

    prices: tuple[Money, ...]
    total: Money


def quote(items: Sequence[Item]) -> Quote:
    """Return what `items` cost now: their list price, as long as there are no promotions."""
    prices = tuple(item.list_price for item in items)
    total = Money(0, items[0].list_price.currency)
    for item, price in zip(items, prices, strict=True):
        total += price * item.quantity
    return Quote(prices, total)
