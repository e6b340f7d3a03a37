"""What is sold before it expires: its price before, until when it is good, and that it is seen while it is there."""

from collections.abc import Mapping
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.queries import Clearance, Product, ShelfSku, Sku
from app.inventory import queries as stock
from app.kit import clock
from app.kit.money import Money
from app.web.guard import frame
from app.web.shown import ShortDated
from app.web.times import business_day


def list_gone() -> frozenset[UUID]:
    """Return the variants for short-dated codes that have none."""
    rules = catalog.clearances()
    counts = stock.stock_of(rules)
    return frozenset(sku_id for sku_id in rules if not counts.get(sku_id))


def short_dated(product: Product, counts: Mapping[UUID, int]) -> dict[UUID, ShortDated]:
    """Return which variants of a product sell short-dated codes."""
    rules, today = catalog.clearances(), business_day(clock.now(), frame().zone)
    return {
        sku.id: ShortDated(before(rules[sku.id], sku), stock.good_until(sku.id, today) if counts.get(sku.id) else None)
        for sku in product.skus
        if sku.id in rules
    }


def before(rule: Clearance, sku: Sku | ShelfSku) -> Money | None:
    """Return the price that is struck through: of the same with more time left, where that is higher."""
    return rule.price if sku.price < rule.price else sku.was
