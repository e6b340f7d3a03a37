"""Cards: what the shelf shows of each product, as plain values, so that a page of them costs little to draw."""

from dataclasses import dataclass
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.queries import ShelfProduct, Wanted
from app.inventory import queries as stock
from app.kit.money import Money
from app.kit.recent import Recent
from app.web.guard import frame
from app.web.language import here, lang
from app.web.shop.short import before
from app.web.shown import stock_word

NOBODY = "~"  # stands for a slug or an id while an address is made once for all cards


@dataclass(frozen=True)
class Card:
    """A product on the shelf, with all that does not move; how much is left of it stands beside the card."""

    slug: str
    name: str
    summary: str
    sku: str
    skus: tuple[UUID, ...]
    url: str
    cover: str  # the address of its picture; "" without one
    is_lazy: bool  # its cover is a file of its own
    place: int
    tags: tuple[str, ...]
    price: Money
    was: Money | None
    has_one_price: bool


@dataclass(frozen=True)
class Cards:
    """A page of cards; `count` is how many there are from the first of them on, `next` where the next page begins."""

    cards: tuple[Card, ...]
    count: int
    next: str


Goods = tuple[tuple[Card, int, str], ...]

NO_CARDS = Cards((), 0, "")

_known: Recent[Cards] = Recent()


def list_cards(wanted: Wanted, base: str, category: str | None) -> Cards:
    """Return the cards that a visitor wants of the shelf at `base`: of a category by its slug, or of everything."""
    if not wanted.is_common:
        return _cards_of(wanted, category)
    key = (frame().merchant_id, frame().shelf_version, base, wanted, lang(), frame().lang)
    return _known.find(key, lambda: _cards_of(wanted, category)) or NO_CARDS


def list_goods(found: Cards) -> Goods:
    """Return cards with how much is left of each, as a number and as a word."""
    counts = stock.stock_of(sku for card in found.cards for sku in card.skus)
    left = [max(counts.get(sku, 0) for sku in card.skus) for card in found.cards]
    return tuple((card, count, stock_word(count)) for card, count in zip(found.cards, left, strict=True))


def mark_of(product_id: UUID) -> str:
    """Return what a product's cover is called on the sheet of covers."""
    return f"c{product_id.hex[-12:]}"


def _cards_of(wanted: Wanted, category: str | None) -> Cards:
    found = catalog.list_shelf(wanted, lang(), frame().lang)
    is_first = wanted == Wanted(
        category=wanted.category, hidden=wanted.hidden
    )  # the only page that has a sheet of covers
    sheet = here(".covers", v=frame().shelf_version, category=category) if is_first else ""
    url, alone = here(".product", slug=NOBODY), here(".small_picture", picture=UUID(int=0))
    cards = (_card(one, url.replace(NOBODY, one.slug), _cover(one, sheet, alone)) for one in found.products)
    return Cards(tuple(cards), found.count, found.next)


def _card(product: ShelfProduct, url: str, cover: tuple[str, bool]) -> Card:
    cheapest = min(product.skus, key=lambda sku: sku.price.minor)
    rule = catalog.clearances().get(cheapest.id)
    return Card(
        slug=product.slug,
        name=product.name,
        summary=product.summary,
        sku=cheapest.code,
        skus=tuple(sku.id for sku in product.skus),
        url=url,
        cover=cover[0],
        is_lazy=cover[1],
        place=product.place,
        tags=product.tags,
        price=cheapest.price,
        was=before(rule, cheapest) if rule else cheapest.was,
        has_one_price=len({sku.price for sku in product.skus}) == 1,
    )


def _cover(product: ShelfProduct, sheet: str, alone: str) -> tuple[str, bool]:
    """Return where the cover of a card is, and whether it is a file of its own."""
    if product.cover_id is None:
        return "", False
    if sheet:
        return f"{sheet}#{mark_of(product.id)}", False
    return alone.replace(str(UUID(int=0)), str(product.cover_id)), True
