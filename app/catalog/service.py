"""What can be done with the catalog."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.catalog import queries
from app.catalog.errors import BadCode, BadSlug, ProductTaken, SkuTaken
from app.catalog.events import ProductChanged, ProductCreated
from app.catalog.models import Kind, Product, ProductStatus, ProductText, Sku, SkuText
from app.catalog.rules import LONGEST_GUIDE, LONGEST_NAME, LONGEST_SUMMARY, is_code, is_slug
from app.kit import db
from app.kit.errors import Invalid, Refusal, Required, TooLong
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money


@dataclass(frozen=True)
class Texts:
    """What a product says in one language."""

    name: str
    summary: str = ""
    guide: str = ""


@dataclass(frozen=True)
class SkuDraft:
    """What a SKU is to be."""

    code: str
    kind: Kind
    price: Money
    names: Mapping[str, str]


def create_product(
    *,
    slug: str,
    texts: Mapping[str, Texts],
    skus: tuple[SkuDraft, ...],
    status: ProductStatus,
    now: datetime,
    by: By,
) -> Product:
    """Put a product with its SKUs on the shelf; refuses taken or malformed names, all faults at once."""
    _check(slug, texts, skus)
    product = Product(id=new_id(), slug=slug, status=status, position=queries.count_products(), created_at=now)
    db.session().add(product)
    db.session().flush()
    _write_texts(product, texts)
    for position, draft in enumerate(skus):
        _add_sku(product, draft, position)
    publish(ProductCreated(subject_id=product.id, slug=slug, at=now, by=by))
    return product


def change_product(
    product: Product,
    *,
    texts: Mapping[str, Texts],
    prices: Mapping[str, Money],
    status: ProductStatus,
    now: datetime,
    by: By,
) -> None:
    """Change what a product says, costs and whether it is for sale."""
    _check_texts(texts)
    skus = db.session().scalars(select(Sku).where(Sku.product_id == product.id)).all()
    before = {"status": product.status.name} | {f"price {sku.code}": sku.price.major for sku in skus}
    product.status = status
    _write_texts(product, texts)
    for sku in skus:
        if (price := prices.get(sku.code)) is not None:
            sku.price_amount, sku.price_currency = price.minor, price.currency
    after = {"status": product.status.name} | {f"price {sku.code}": sku.price.major for sku in skus}
    changes = tuple((name, before[name], after[name]) for name in before if before[name] != after[name])
    publish(ProductChanged(subject_id=product.id, changes=changes, at=now, by=by))
    queries.forget_offers()


def _check(slug: str, texts: Mapping[str, Texts], skus: tuple[SkuDraft, ...]) -> None:
    faults: dict[str, Refusal] = _faults_of_texts(texts)
    if not is_slug(slug):
        faults["slug"] = BadSlug()
    elif queries.find_product(slug) is not None:
        faults["slug"] = ProductTaken(slug)
    for draft in skus:
        if not is_code(draft.code):
            faults["sku"] = BadCode()
        elif queries.find_sku(draft.code) is not None:
            faults["sku"] = SkuTaken(draft.code)
    if faults:
        raise Invalid(faults)


def _check_texts(texts: Mapping[str, Texts]) -> None:
    if faults := _faults_of_texts(texts):
        raise Invalid(faults)


def _faults_of_texts(texts: Mapping[str, Texts]) -> dict[str, Refusal]:
    faults: dict[str, Refusal] = {}
    if not any(text.name.strip() for text in texts.values()):
        faults["name_zh"] = Required()
    for lang, text in texts.items():
        limits = (("name", text.name, LONGEST_NAME), ("summary", text.summary, LONGEST_SUMMARY))
        for field, value, limit in (*limits, ("guide", text.guide, LONGEST_GUIDE)):
            if len(value) > limit:
                faults[f"{field}_{lang}"] = TooLong(limit)
    return faults


def _write_texts(product: Product, texts: Mapping[str, Texts]) -> None:
    for lang, text in texts.items():
        db.session().merge(
            ProductText(
                merchant_id=db.merchant_id(),
                product_id=product.id,
                lang=lang,
                name=text.name.strip(),
                summary=text.summary.strip(),
                guide=text.guide.strip(),
            )
        )


def _add_sku(product: Product, draft: SkuDraft, position: int) -> None:
    sku = Sku(
        id=new_id(),
        product_id=product.id,
        code=draft.code,
        kind=draft.kind,
        price_amount=draft.price.minor,
        price_currency=draft.price.currency,
        position=position,
    )
    db.session().add(sku)
    db.session().flush()
    for lang, name in draft.names.items():
        db.session().add(SkuText(sku_id=sku.id, lang=lang, name=name))
