"""What is inside a bundle: on its product page, and of one that was bought."""

from collections.abc import Collection
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.queries import Product, Source
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.guard import frame
from app.web.language import lang

Contents = dict[str, list[tuple[str, int]]]


def inside_of(found: Order, bundles: Collection[UUID]) -> dict[UUID, str]:
    """Return by SKU what was bought inside a bundle, each with the title of that."""
    if not bundles:
        return {}
    titles = {line.id: line.title for line in found.lines if line.sku_id in bundles}
    return {part.sku_id: titles[part.line_id] for part in orders.list_parts([found.id]) if part.line_id in titles}


def contents_of(product: Product) -> Contents:
    """Return by SKU code what the bundles among a product's variants consist of: what, and how many."""
    bundles = {sku.id: sku.code for sku in product.skus if sku.source is Source.BUNDLE}
    if not bundles:
        return {}
    recipes = catalog.read_recipes(bundles)
    titles = catalog.titles({one.sku_id for recipe in recipes.values() for one in recipe}, lang(), frame().lang)
    return {
        bundles[number]: [(titles.get(one.sku_id, ""), one.quantity) for one in recipe]
        for number, recipe in recipes.items()
    }
