"""Cards: what the shelf shows of each product, as plain values, so that a page of them costs little to draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.queries import ShelfProduct, Wanted
from app.inventory import queries as stock
from app.kit.money import Money
from app.web.language import here
from app.web.shown import stock_word

NOBODY = "~"  # stands for a slug or an id while an address is made once for all cards


@dataclass(frozen=True)
class Card:
    """A product on the shelf."""

    slug: str
    name: str
    summary: str
    sku: str
    url: str
    cover: str  # the address of its picture; "" without one
    is_lazy: bool  # its cover is a file of its own
    place: int
    tags: tuple[str, ...]
    price: Money
    was: Money | None
    has_one_price: bool
    left: int
    stock: str


@dataclass(frozen=True)
class Cards:
    """A page of cards; `count` is how many there are from the first of them on, `next` where the next page begins."""

    cards: tuple[Card, ...]
    count: int
    next: str


def cards(wanted: Wanted, sheet: str, lang: str, fallback: str) -> Cards:
    """Return the cards a visitor wants; `sheet` is the address of the one file with all their covers, or ""."""
    found = catalog.list_shelf(wanted, lang, fallback)
    counts = stock.stock_of(sku.id for product in found.products for sku in product.skus)
    url, cover = here(".product", slug=NOBODY), here(".small_picture", picture=UUID(int=0))
    made = tuple(
        _card(product, counts, url.replace(NOBODY, product.slug), _cover(product, sheet, cover))
        for product in found.products
    )
    return Cards(made, found.count, found.next)


def mark_of(product_id: UUID) -> str:
    """Return what a product's cover is called on the sheet of covers."""
    return f"c{product_id.hex[-12:]}"


def _card(product: ShelfProduct, counts: Mapping[UUID, int], url: str, cover: tuple[str, bool]) -> Card:
    cheapest = min(product.skus, key=lambda sku: sku.price.minor)
    left = max(counts.get(sku.id, 0) for sku in product.skus)
    return Card(
        slug=product.slug,
        name=product.name,
        summary=product.summary,
        sku=cheapest.code,
        url=url,
        cover=cover[0],
        is_lazy=cover[1],
        place=product.place,
        tags=product.tags,
        price=cheapest.price,
        was=cheapest.was,
        has_one_price=len({sku.price for sku in product.skus}) == 1,
        left=left,
        stock=stock_word(left),
    )


def _cover(product: ShelfProduct, sheet: str, alone: str) -> tuple[str, bool]:
    """Return where the cover of a card is, and whether it is a file of its own."""
    if product.cover_id is None:
        return "", False
    if sheet:
        return f"{sheet}#{mark_of(product.id)}", False
    return alone.replace(str(UUID(int=0)), str(product.cover_id)), True
