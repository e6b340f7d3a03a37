"""Questions to the catalog."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select
from sqlalchemy.orm import selectinload

from app.catalog.clearances import Clearance as Clearance
from app.catalog.clearances import clearances as clearances
from app.catalog.clearances import find_clearance as find_clearance
from app.catalog.clearances import forget_clearances
from app.catalog.clearances import read_clearances as read_clearances
from app.catalog.errors import NoSuchSku
from app.catalog.models import TAGS as TAGS
from app.catalog.models import Category as Category
from app.catalog.models import CategoryText as CategoryText
from app.catalog.models import Component as Component
from app.catalog.models import Kind as Kind
from app.catalog.models import Product as Product
from app.catalog.models import ProductStatus as ProductStatus
from app.catalog.models import ProductText, SkuText
from app.catalog.models import Sku as Sku
from app.catalog.models import Source as Source
from app.catalog.models import Strategy as Strategy
from app.catalog.recipes import Ingredient as Ingredient
from app.catalog.recipes import Supply as Supply
from app.catalog.recipes import forget_supply
from app.catalog.recipes import read_recipes as read_recipes
from app.catalog.recipes import read_supply as read_supply
from app.catalog.recipes import supply as supply
from app.catalog.rules import facts_of as facts_of
from app.catalog.rules import faq_of as faq_of
from app.catalog.rules import in_language as in_language
from app.catalog.rules import is_web_address as is_web_address
from app.catalog.rules import lines_of as lines_of
from app.catalog.shelf import SHELF as SHELF
from app.catalog.shelf import SORTS as SORTS
from app.catalog.shelf import Department as Department
from app.catalog.shelf import ShelfProduct as ShelfProduct
from app.catalog.shelf import ShelfSku as ShelfSku
from app.catalog.shelf import Wanted as Wanted
from app.catalog.shelf import list_departments as list_departments
from app.catalog.shelf import list_guides as list_guides
from app.catalog.shelf import list_shelf as list_shelf
from app.kit import db
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.kit.inline import among, spread
from app.kit.listing import Listing
from app.kit.money import Money
from app.kit.recent import Recent

_offered: "Recent[dict[str, Offer]]" = Recent()
WHOLE = (selectinload(Product.texts), selectinload(Product.skus).selectinload(Sku.texts))

PRODUCTS = Listing(
    query=lambda: select(Product).options(*WHOLE),
    keys=(Product.id,),
    filters={
        "q": lambda query, text: query.where(
            Product.slug.contains(text.lower(), autoescape=True)
            | Product.texts.any(ProductText.name.icontains(text, autoescape=True))
            | Product.skus.any(Sku.code.icontains(text, autoescape=True))
        ),
        "status": lambda query, text: query.where(Product.status.in_(_named(text))),
        "category": lambda query, text: query.where(Product.category_id == from_public("cat", text)),
    },
)


def _named(text: str) -> list[ProductStatus]:
    """Return the status with this name; none for a name that none has."""
    return [status for status in ProductStatus if status.name.lower() == text]


def find_product(slug: str) -> Product | None:
    """Return the product with this address, with texts and SKUs."""
    return db.session().scalar(select(Product).where(Product.slug == slug).options(*WHOLE))


def count_products() -> int:
    """Count the products of the shop, whatever their status."""
    return db.session().scalar(select(func.count()).select_from(Product)) or 0


def find_sku(code: str) -> Sku | None:
    """Return the SKU with this code."""
    return db.session().scalar(select(Sku).where(Sku.code == code))


def get_sku(code: str) -> Sku:
    """Return the SKU with this code, or refuse with NoSuchSku."""
    sku = find_sku(code)
    if sku is None:
        raise NoSuchSku(code)
    return sku


@dataclass(frozen=True)
class Offer:
    """A SKU as it is for sale now: its price, and what product and variant are called together."""

    sku_id: UUID
    price: Money
    title: str
    recipe: tuple[Ingredient, ...]  # of a plain SKU: itself


SKU, PRODUCT, PRODUCT_TEXT, SKU_TEXT = (model.__table__ for model in (Sku, Product, ProductText, SkuText))


@lru_cache
def _offers(count: int) -> Select[Any]:
    """Return the question for so many SKUs, as it is asked at each placement."""
    for_sale = (PRODUCT.c.status == ProductStatus.LIVE) & SKU.c.on_sale
    return (
        select(
            SKU.c.id,
            SKU.c.code,
            SKU.c.price_amount,
            SKU.c.price_currency,
            SKU.c.source,
            SKU.c.release_at,
            SKU.c.presale_cap,
            PRODUCT_TEXT.c.lang,
            PRODUCT_TEXT.c.name.label("product"),
            SKU_TEXT.c.name.label("variant"),
        )
        .select_from(SKU)
        .join(PRODUCT, (PRODUCT.c.merchant_id == SKU.c.merchant_id) & (PRODUCT.c.id == SKU.c.product_id))
        .outerjoin(
            PRODUCT_TEXT,
            (PRODUCT_TEXT.c.merchant_id == SKU.c.merchant_id) & (PRODUCT_TEXT.c.product_id == SKU.c.product_id),
        )
        .outerjoin(
            SKU_TEXT,
            (SKU_TEXT.c.merchant_id == SKU.c.merchant_id)
            & (SKU_TEXT.c.sku_id == SKU.c.id)
            & (SKU_TEXT.c.lang == PRODUCT_TEXT.c.lang),
        )
        .where(SKU.c.merchant_id == bindparam("merchant"), among(SKU.c.code, "code", count), for_sale)
    )


def list_offers(codes: Iterable[str], lang: str, fallback: str) -> Mapping[str, Offer]:
    """Return what is for sale under these SKU codes, named in `lang` or else in the shop's language, by code.

    What other processes change is seen a few seconds later: a buyer in that time gets the price he was shown.
    """
    asked = tuple(codes)
    key = (db.merchant_id(), asked, lang, fallback)
    return _offered.find(key, lambda: _read_offers(asked, lang, fallback) or None) or {}


def forget_offers() -> None:
    """Let the next buyer be offered what the running unit changes."""
    _offered.forget()
    forget_supply()
    forget_clearances()


def _read_offers(asked: Sequence[str], lang: str, fallback: str) -> dict[str, Offer]:
    found: dict[str, Any] = {}
    named: dict[str, dict[str, str]] = {}
    binds = {"merchant": db.merchant_id()} | spread("code", asked)
    for row in db.session().execute(_offers(len(asked)), binds):
        found[row.code] = row
        if row.product:
            texts = named.setdefault(row.code, {})
            texts[row.lang] = f"{row.product} · {row.variant}" if row.variant else row.product
    bundles = read_recipes([row.id for row in found.values() if row.source is Source.BUNDLE])
    return {
        code: Offer(
            row.id,
            Money(row.price_amount, row.price_currency),
            in_language(named.get(code, {}), lang, fallback),
            recipe,
        )
        for code, row in found.items()
        if (recipe := _recipe(row, bundles))
    }


def _recipe(row: Any, bundles: Mapping[UUID, tuple[Ingredient, ...]]) -> tuple[Ingredient, ...]:
    """Return what a SKU consists of: a bundle of its components, anything else of itself."""
    if row.source is Source.BUNDLE:
        return bundles.get(row.id, ())
    return (Ingredient(row.id, row.source, release_at=row.release_at, presale_cap=row.presale_cap),)


def read_source(sku_id: UUID, now: datetime) -> Source:
    """Return where a SKU comes from at a moment, as the running unit sees it: a release may have just been moved."""
    row = db.session().execute(select(SKU.c.source, SKU.c.release_at).where(_is_sku(sku_id))).one()
    return Ingredient(sku_id, row.source, release_at=row.release_at).source_at(now)


def _is_sku(sku_id: UUID) -> ColumnElement[bool]:
    return (SKU.c.merchant_id == db.merchant_id()) & (SKU.c.id == sku_id)


def pattern_of(sku_id: UUID) -> str:
    """Return how a generated code of a SKU looks."""
    return supply().patterns.get(sku_id, "")


def titles(sku_ids: Iterable[UUID], lang: str, fallback: str) -> dict[UUID, str]:
    """Return what each SKU is called, product and variant, in `lang` with the shop's language as fallback."""
    ids = list(sku_ids)
    products: dict[UUID, dict[str, str]] = {}
    variants: dict[UUID, dict[str, str]] = {}
    query = (
        select(Sku.id, ProductText.lang, ProductText.name, SkuText.name)
        .join(ProductText, (ProductText.merchant_id == Sku.merchant_id) & (ProductText.product_id == Sku.product_id))
        .outerjoin(
            SkuText,
            (SkuText.merchant_id == Sku.merchant_id) & (SkuText.sku_id == Sku.id) & (SkuText.lang == ProductText.lang),
        )
        .where(Sku.id.in_(ids))
    )
    for sku_id, text_lang, product, variant in db.session().execute(query):
        for named, name in ((products, product), (variants, variant)):
            if name:
                named.setdefault(sku_id, {})[text_lang] = name
    return {
        sku_id: " · ".join(in_language(texts, lang, fallback) for texts in (names, variants.get(sku_id)) if texts)
        for sku_id, names in products.items()
    }


def list_skus() -> Sequence[Sku]:
    """List all SKUs of the shop by code."""
    return db.session().scalars(select(Sku).order_by(Sku.code)).all()


def list_skus_for_sale() -> Sequence[Sku]:
    """List all SKUs whose product is live, by code."""
    query = select(Sku).join(Product, (Product.merchant_id == Sku.merchant_id) & (Product.id == Sku.product_id))
    return db.session().scalars(query.where(Product.status == ProductStatus.LIVE).order_by(Sku.code)).all()


def list_skus_by_id(ids: Iterable[UUID]) -> dict[UUID, Sku]:
    """Return the SKUs with these ids."""
    return {sku.id: sku for sku in db.session().scalars(select(Sku).where(Sku.id.in_(list(ids))))}


def keep_strategy(sku_id: UUID) -> Strategy:
    """Return which codes of a SKU are sold first; nobody changes it before the running unit ends."""
    query = select(Sku.strategy).where(Sku.id == sku_id).with_for_update(read=True)
    return db.session().scalars(query).one()


def list_watched() -> Sequence[Sku]:
    """List the SKUs of whose stock the staff want to be told."""
    told = Sku.low_stock.is_not(None) | Sku.low_days.is_not(None) | Sku.expiry_days.is_not(None)
    return db.session().scalars(select(Sku).where(told).order_by(Sku.code)).all()


def list_products_by_id(ids: Iterable[UUID]) -> dict[UUID, Product]:
    """Return the products with these ids, with their texts."""
    query = select(Product).where(Product.id.in_(list(ids))).options(selectinload(Product.texts))
    return {product.id: product for product in db.session().scalars(query)}


def list_skus_of(product_id: UUID) -> Sequence[Sku]:
    """List the SKUs of a product in its order."""
    return db.session().scalars(select(Sku).where(Sku.product_id == product_id).order_by(Sku.position)).all()


def get_whole(number: UUID | None) -> Product:
    """Return a product with texts, SKUs and the pictures of its guide, or refuse with NotFound."""
    query = select(Product).where(Product.id == number).options(*WHOLE, selectinload(Product.steps))
    found = db.session().scalar(query)
    if found is None:
        raise NotFound
    return found


def list_categories() -> Sequence[Category]:
    """List the categories of the shop in its order, with their names."""
    query = select(Category).options(selectinload(Category.texts))
    return db.session().scalars(query.order_by(Category.position, Category.id)).all()


def get_category(number: UUID | None) -> Category:
    """Return a category with its names, or refuse with NotFound."""
    found = db.session().scalar(select(Category).where(Category.id == number).options(selectinload(Category.texts)))
    if found is None:
        raise NotFound
    return found


def count_by_category() -> dict[UUID | None, tuple[int, int]]:
    """Return of each category how many products it has, and how many of them are for sale."""
    live = func.sum(case((Product.status == ProductStatus.LIVE, 1), else_=0))
    rows = db.session().execute(select(Product.category_id, func.count(), live).group_by(Product.category_id))
    return {number: (count, int(live)) for number, count, live in rows}


def list_in_order() -> Sequence[Product]:
    """List the products of the shop as buyers see them one after the other, those not on sale among them."""
    query = select(Product).where(Product.status != ProductStatus.ARCHIVED).options(selectinload(Product.texts))
    return db.session().scalars(query.order_by(Product.position, Product.id)).all()
