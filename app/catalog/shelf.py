"""The shelf: products as visitors look for them, a page at a time, each page in one statement."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from app.catalog.models import Category, CategoryText, GuideStep, Product, ProductStatus, ProductText, Sku
from app.catalog.rules import in_language
from app.kit import db
from app.kit.money import Money
from app.kit.recent import Recent
from app.merchants import queries as merchants

SHELF = 24
SORTS = ("", "cheap", "dear", "new")  # the shop's own order first
MOST_WORDS = 6
NUMBER = re.compile("[0-9a-f]{32}")
MERCHANT: BindParameter[int] = bindparam("merchant")

PRODUCT, TEXT, SKU, CATEGORY, CATEGORY_TEXT = (
    model.__table__ for model in (Product, ProductText, Sku, Category, CategoryText)
)

_shelves: "Recent[Shelf]" = Recent()
_known: "Recent[tuple[Department, ...]]" = Recent()


@dataclass(frozen=True)
class Wanted:
    """What a visitor looks for; `among` keeps products that have one of these SKUs, `after` is where a page begins.

    Of a product that has others, the variants of `hidden` are not shown.
    """

    category: UUID | None = None
    words: str = ""
    sort: str = ""
    among: frozenset[UUID] | None = None
    after: str = ""
    hidden: frozenset[UUID] = frozenset()

    @property
    def is_common(self) -> bool:
        """Whether many may ask for the same: nothing is searched for, and nothing hangs on the stock of a moment."""
        return not self.words and self.among is None


@dataclass(frozen=True)
class Shape:
    """The form of a question, whatever its values: statements of one shape are built and compiled once."""

    category: bool
    words: int
    sort: str
    among: bool
    after: bool
    hidden: bool


@dataclass(frozen=True)
class ShelfSku:
    """A variant that is on sale."""

    id: UUID
    code: str
    price: Money
    was: Money | None


@dataclass(frozen=True)
class ShelfProduct:
    """A product on the shelf, in the reader's language."""

    id: UUID
    slug: str
    name: str
    summary: str
    place: int
    cover_id: UUID | None
    tags: tuple[str, ...]
    skus: tuple[ShelfSku, ...]


@dataclass(frozen=True)
class Shelf:
    """A page of the shelf; `count` is how many products there are from its first one on."""

    products: tuple[ShelfProduct, ...]
    count: int
    next: str


NOTHING = Shelf((), 0, "")


@dataclass(frozen=True)
class Department:
    """A category that has something to sell."""

    id: UUID
    slug: str
    name: str
    count: int


def list_shelf(wanted: Wanted, lang: str, fallback: str) -> Shelf:
    """Return a page of live products that a visitor wants, with the variants that are on sale.

    What is not searched for is remembered, as long as the catalogue has the same version.
    """
    if not wanted.is_common:
        return _read_shelf(wanted, lang, fallback)
    key = (db.merchant_id(), merchants.current().shelf_version, wanted, lang, fallback)
    return _shelves.find(key, lambda: _read_shelf(wanted, lang, fallback)) or NOTHING


def _read_shelf(wanted: Wanted, lang: str, fallback: str) -> Shelf:
    words = wanted.words.casefold().split()[:MOST_WORDS]
    after = _read(wanted.after)
    chosen = (wanted.category is not None, len(words), wanted.sort, wanted.among is not None, after is not None)
    shape = Shape(*chosen, hidden=bool(wanted.hidden))
    binds: dict[str, Any] = {f"word_{number}": _within(word) for number, word in enumerate(words)}
    binds |= {"merchant": db.merchant_id(), "category": wanted.category, "among": list(wanted.among or ())}
    binds |= {"hidden": list(wanted.hidden)} if wanted.hidden else {}
    binds |= {"value": after[0], "last": after[1]} if after else {}
    rows = db.session().execute(_question(shape), binds | {"lang": lang, "fallback": fallback}).all()
    return _shelf(_seen(rows, wanted.hidden), db.session().scalar(_counting(shape), binds) or 0)


def list_departments(lang: str, fallback: str) -> tuple[Department, ...]:
    """List the categories with live products in the shop's order, each with how many."""
    key = (db.merchant_id(), merchants.current().shelf_version, lang, fallback)
    return _known.find(key, lambda: _read_departments(lang, fallback)) or ()


def _read_departments(lang: str, fallback: str) -> tuple[Department, ...]:
    found: dict[UUID, tuple[Any, dict[str, str]]] = {}
    for row in db.session().execute(_departments(), {"merchant": db.merchant_id()}):
        found.setdefault(row.id, (row, {}))[1][row.lang or ""] = row.name or ""
    return tuple(
        Department(row.id, row.slug, in_language(names, lang, fallback) or row.slug, row.count)
        for row, names in found.values()
        if row.count
    )


def list_guides(product_ids: Iterable[UUID]) -> dict[UUID, dict[int, UUID]]:
    """Return the pictures of the guides of products, by the number of their step."""
    query = select(GuideStep).where(GuideStep.product_id.in_(list(product_ids)))
    found: dict[UUID, dict[int, UUID]] = {}
    for step in db.session().scalars(query):
        found.setdefault(step.product_id, {})[step.position] = step.picture_id
    return found


def _seen(rows: Sequence[Any], hidden: frozenset[UUID]) -> Sequence[Any]:
    """Leave out the variants that are hidden, unless a product has no other."""
    others = {row.id for row in rows if row.sku_id not in hidden}
    return [row for row in rows if row.sku_id not in hidden or row.id not in others] if hidden else rows


def _shelf(rows: Sequence[Any], count: int) -> Shelf:
    """Return the page that rows of products and variants make."""
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row)
    groups = list(found.values())
    last = groups[SHELF - 1][0] if len(groups) > SHELF else None
    next_page = f"{last.key}~{last.id.hex}" if last is not None else ""
    return Shelf(tuple(_product(group) for group in groups[:SHELF]), count, next_page)


def _product(rows: Sequence[Any]) -> ShelfProduct:
    first = rows[0]
    return ShelfProduct(
        id=first.id,
        slug=first.slug,
        name=first.name or first.slug,
        summary=first.summary or "",
        place=first.position,
        cover_id=first.cover_id,
        tags=tuple(first.tags.split()),
        skus=tuple(_sku(row) for row in rows),
    )


def _sku(row: Any) -> ShelfSku:
    currency = row.price_currency
    was = Money(row.was_amount, currency) if row.was_amount is not None else None
    return ShelfSku(row.sku_id, row.code, Money(row.price_amount, currency), was)


# Questions -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=128)
def _question(shape: Shape) -> Select[Any]:
    """Return the question for all that cards show of the products of a page: a row for each variant."""
    page = _page(shape)
    own, other = TEXT.alias("own"), TEXT.alias("other")
    return (
        select(
            page,
            _said("name", page.c.id, own, other),
            _said("summary", page.c.id, own, other),
            SKU.c.id.label("sku_id"),
            SKU.c.code,
            SKU.c.price_amount,
            SKU.c.price_currency,
            SKU.c.was_amount,
        )
        .join(SKU, (SKU.c.merchant_id == MERCHANT) & (SKU.c.product_id == page.c.id) & SKU.c.on_sale)
        .outerjoin(own, _is_text(own, page.c.id, "lang"))
        .outerjoin(other, _is_text(other, page.c.id, "fallback"))
        .order_by(page.c.place, SKU.c.position, SKU.c.id)
    )


def _said(name: str, product: ColumnElement[UUID], own: FromClause, other: FromClause) -> ColumnElement[str]:
    """Return a text in the reader's language, else in the shop's, else in any."""
    any_other = (
        select(func.max(TEXT.c[name]))
        .where(TEXT.c.merchant_id == MERCHANT, TEXT.c.product_id == product)
        .scalar_subquery()
    )
    return func.coalesce(func.nullif(own.c[name], ""), func.nullif(other.c[name], ""), any_other).label(name)


def _is_text(text: FromClause, product: ColumnElement[UUID], lang: str) -> ColumnElement[bool]:
    return and_(text.c.merchant_id == MERCHANT, text.c.product_id == product, text.c.lang == bindparam(lang))


@lru_cache(maxsize=128)
def _counting(shape: Shape) -> Select[Any]:
    """Return the question for how many products there are from the first of a page on."""
    key, _ = _order(shape)
    return select(func.count()).select_from(PRODUCT).where(_is_live(), *_wishes(shape), *_after(shape, key))


def _page(shape: Shape) -> Subquery:
    """Return the products of one page and the first of the next, numbered by their place on it."""
    key, order = _order(shape)
    query = select(
        PRODUCT.c.id,
        PRODUCT.c.slug,
        PRODUCT.c.position,
        PRODUCT.c.cover_id,
        PRODUCT.c.tags,
        key.label("key"),
        func.row_number().over(order_by=order).label("place"),
    ).where(_is_live(), *_wishes(shape), *_after(shape, key))
    return query.order_by(*order).limit(SHELF + 1).subquery("page")


def _is_live() -> ColumnElement[bool]:
    on_sale = exists().where(SKU.c.merchant_id == MERCHANT, SKU.c.product_id == PRODUCT.c.id, SKU.c.on_sale)
    return and_(PRODUCT.c.merchant_id == MERCHANT, PRODUCT.c.status == ProductStatus.LIVE, on_sale)


def _wishes(shape: Shape) -> Iterator[ColumnElement[bool]]:
    if shape.category:
        yield PRODUCT.c.category_id == bindparam("category", type_=PRODUCT.c.category_id.type)
    if shape.words:
        fits = (TEXT.c.finds.like(bindparam(f"word_{number}"), escape="/") for number in range(shape.words))
        yield PRODUCT.c.id.in_(select(TEXT.c.product_id).where(TEXT.c.merchant_id == MERCHANT, *fits))
    if shape.among:
        has = select(SKU.c.product_id).where(SKU.c.merchant_id == MERCHANT, SKU.c.on_sale)
        yield PRODUCT.c.id.in_(has.where(SKU.c.id.in_(bindparam("among", expanding=True, type_=SKU.c.id.type))))


def _order(shape: Shape) -> tuple[ColumnElement[Any], tuple[ColumnElement[Any], ...]]:
    """Return what a sort goes by, and the order that it makes; the id settles what is alike."""
    if shape.sort == "new":
        return PRODUCT.c.position, (PRODUCT.c.created_at.desc(), PRODUCT.c.id.desc())
    if shape.sort in ("cheap", "dear"):
        price = _least(shape)
        return price, (price.asc() if shape.sort == "cheap" else price.desc(), PRODUCT.c.id)
    return PRODUCT.c.position, (PRODUCT.c.position, PRODUCT.c.id)


def _least(shape: Shape) -> ColumnElement[Any]:
    """Return the lowest price of a product's variants that are shown."""
    of_product = (SKU.c.merchant_id == MERCHANT, SKU.c.product_id == PRODUCT.c.id, SKU.c.on_sale)
    least = select(func.min(SKU.c.price_amount)).where(*of_product)
    if not shape.hidden:
        return least.scalar_subquery()
    shown = least.where(SKU.c.id.not_in(bindparam("hidden", expanding=True, type_=SKU.c.id.type)))
    return func.coalesce(shown.scalar_subquery(), least.scalar_subquery())


def _after(shape: Shape, key: ColumnElement[Any]) -> Iterator[ColumnElement[bool]]:
    """Keep what comes after the place where the page begins."""
    if not shape.after:
        return
    value, last = bindparam("value", type_=SKU.c.price_amount.type), bindparam("last", type_=PRODUCT.c.id.type)
    if shape.sort == "new":
        other = PRODUCT.alias("other")
        made = select(other.c.created_at).where(other.c.merchant_id == MERCHANT, other.c.id == last).scalar_subquery()
        yield or_(PRODUCT.c.created_at < made, and_(PRODUCT.c.created_at == made, PRODUCT.c.id < last))
    else:
        further = key < value if shape.sort == "dear" else key > value
        yield or_(further, and_(key == value, PRODUCT.c.id > last))


@lru_cache
def _departments() -> Select[Any]:
    count = select(func.count()).where(_is_live(), PRODUCT.c.category_id == CATEGORY.c.id).scalar_subquery()
    same = (CATEGORY_TEXT.c.merchant_id == MERCHANT) & (CATEGORY_TEXT.c.category_id == CATEGORY.c.id)
    return (
        select(CATEGORY.c.id, CATEGORY.c.slug, count.label("count"), CATEGORY_TEXT.c.lang, CATEGORY_TEXT.c.name)
        .outerjoin(CATEGORY_TEXT, same)
        .where(CATEGORY.c.merchant_id == MERCHANT)
        .order_by(CATEGORY.c.position, CATEGORY.c.id)
    )


def _within(word: str) -> str:
    """Return the pattern of texts that hold a word."""
    return "%" + "".join(f"/{letter}" if letter in "%_/" else letter for letter in word) + "%"


def _read(after: str) -> tuple[int, UUID] | None:
    """Return where a page begins; what we did not write begins at the start."""
    value, _, number = after.partition("~")
    fits = value.isascii() and value.isdecimal() and len(value) <= 18 and bool(NUMBER.fullmatch(number))
    return (int(value), UUID(number)) if fits else None
