"""Products: put on the shelf, changed, moved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from app.catalog import queries
from app.catalog.events import ProductChanged, ProductCreated, ProductMoved
from app.catalog.models import TAGS, Product, ProductStatus, ProductText, Sku
from app.catalog.rules import finds_of
from app.catalog.service.drafts import (
    SkuDraft,
    Texts,
    faults_of_sale,
    faults_of_skus,
    faults_of_slug,
    faults_of_texts,
)
from app.catalog.service.pictures import write_steps
from app.catalog.service.variants import Change, append_sku, names_of, skus_of, write_skus
from app.kit import db
from app.kit.errors import Invalid
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.merchants import service as merchants


def create_product(
    *,
    slug: str,
    texts: Mapping[str, Texts],
    skus: Sequence[SkuDraft],
    status: ProductStatus,
    now: datetime,
    by: By,
    category_id: UUID | None = None,
    cover_id: UUID | None = None,
    tags: Collection[str] = (),
    redeem_url: str = "",
    steps: Sequence[UUID | None] = (),
) -> Product:
    """Put a product with its variants on the shelf; refuses taken or malformed names, all faults at once.

    `steps` are the pictures of the lines of its guide, in their order; None for a line without one.
    """
    faults = faults_of_slug(slug) | faults_of_texts(texts) | faults_of_skus(skus, {})
    if faults := faults | faults_of_sale(status, skus, redeem_url, category_id):
        raise Invalid(faults)
    product = _add(slug, status, category_id, cover_id, now)
    product.tags, product.redeem_url = _tagged(tags), redeem_url
    write_steps(product, steps)
    _write_texts(product, texts)
    write_skus(product, skus, {})
    _write_finds(product)
    publish(ProductCreated(subject_id=product.id, slug=slug, at=now, by=by))
    merchants.touch_shelf()
    return product


def _add(slug: str, status: ProductStatus, category_id: UUID | None, cover_id: UUID | None, now: datetime) -> Product:
    product = Product(
        id=new_id(),
        slug=slug,
        status=status,
        position=queries.count_products(),
        created_at=now,
        category_id=category_id,
        cover_id=cover_id,
        tags="",
        redeem_url="",
    )
    db.session().add(product)
    db.session().flush()
    queries.forget_offers()
    return product


def change_product(
    product: Product,
    *,
    texts: Mapping[str, Texts],
    skus: Sequence[SkuDraft],
    status: ProductStatus,
    category_id: UUID | None,
    tags: Collection[str],
    redeem_url: str,
    now: datetime,
    by: By,
) -> None:
    """Change what a product says, costs and whether it is for sale; `skus` are its variants in their new order.

    A code that is new is a new variant; those not named stay as they are, at the end. Orders keep what they were
    placed for.
    """
    known = skus_of(product)
    faults = faults_of_texts(texts) | faults_of_skus(skus, known)
    if faults := faults | faults_of_sale(status, skus, redeem_url, category_id):
        raise Invalid(faults)
    before = _facts(product)
    product.status, product.category_id = status, category_id
    product.tags, product.redeem_url = _tagged(tags), redeem_url
    after = _facts(product)
    changes = [(name, before[name], after[name]) for name in before if before[name] != after[name]]
    changes += [(f"texts {lang}", "", "") for lang in _write_texts(product, texts)]
    changes += write_skus(product, skus, known)
    _write_finds(product)
    tell(product, changes, now=now, by=by)


def add_variant(product: Product, draft: SkuDraft, *, now: datetime, by: By) -> Sku:
    """Add one variant at the end of a product's; refuses with Invalid what cannot be one."""
    known = skus_of(product)
    if faults := faults_of_skus((draft,), known):
        raise Invalid(faults)
    sku = append_sku(product, draft, len(known))
    db.session().flush()
    _write_finds(product)
    tell(product, [(f"variant {draft.code}", "", draft.price.major)], now=now, by=by)
    return sku


def tell(product: Product, changes: Sequence[Change], *, now: datetime, by: By) -> None:
    """Write down what of a product changed, and let buyers see it; nothing at all is no news."""
    if changes:
        publish(ProductChanged(subject_id=product.id, changes=tuple(changes), at=now, by=by))
        merchants.touch_shelf()
        queries.forget_offers()


def move_product(product: Product, *, up: bool, now: datetime, by: By) -> None:
    """Let a product change places with the one before or after it in the shop; at the end it stays."""
    kept = Product.status != ProductStatus.ARCHIVED
    query = select(Product.id, Product.position).where(kept).order_by(Product.position, Product.id)
    rows = db.session().execute(query).all()
    if moved := in_new_order([row.id for row in rows], product.id, up=up):
        _number(moved, {row.id: row.position for row in rows})
        publish(ProductMoved(subject_id=product.id, up=up, at=now, by=by))
        merchants.touch_shelf()


def in_new_order(ids: Sequence[UUID], mover: UUID, *, up: bool) -> list[UUID]:
    """Return `ids` with one of them a place further up or down, or [] where there is no such place."""
    if mover not in ids:
        return []
    place = ids.index(mover)
    aim = place - 1 if up else place + 1
    if not 0 <= aim < len(ids):
        return []
    order = list(ids)
    order[place], order[aim] = order[aim], order[place]
    return order


def _number(order: Sequence[UUID], before: Mapping[UUID, int]) -> None:
    """Give products the places of their order; the places themselves stay the same, unless two shared one."""
    places = sorted(before.values())
    if len(set(places)) < len(places):
        places = list(range(len(places)))
    for number, place in zip(order, places, strict=True):
        if before[number] != place:
            db.changed(update(Product).where(Product.id == number).values(position=place))


def _facts(product: Product) -> dict[str, str]:
    return {
        "status": product.status.name,
        "category": str(product.category_id or ""),
        "tags": product.tags,
        "redeem_url": product.redeem_url,
    }


def _tagged(tags: Collection[str]) -> str:
    return " ".join(tag for tag in TAGS if tag in tags)


def _write_texts(product: Product, texts: Mapping[str, Texts]) -> list[str]:
    """Write what a product says, and return the languages in which it says something else now."""
    changed: list[str] = []
    for lang, text in texts.items():
        said = {field: value.strip().replace("\r\n", "\n") for field, value in asdict(text).items()}
        found = db.session().get(ProductText, (db.merchant_id(), product.id, lang))
        if found is None:
            found = ProductText(merchant_id=db.merchant_id(), product_id=product.id, lang=lang, finds="", **said)
            db.session().add(found)
            changed.append(lang)
        elif any(getattr(found, field) != value for field, value in said.items()):
            for field, value in said.items():
                setattr(found, field, value)
            changed.append(lang)
    db.session().flush()
    return changed


def _write_finds(product: Product) -> None:
    """Write down what a search finds the product by."""
    variants = names_of(product)
    for text in db.session().scalars(select(ProductText).where(ProductText.product_id == product.id)):
        text.finds = finds_of(text.name, text.summary, variants.get(text.lang, ()))
