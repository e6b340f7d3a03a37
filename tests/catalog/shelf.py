"""Short ways to put things on the shelf in tests, and to look at what stands there."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.catalog import queries, service
from app.catalog.models import Kind, Product, ProductStatus, ProductText
from app.catalog.service import SkuDraft, Texts
from app.kit import clock, db
from app.kit.events import SYSTEM, EventRow
from app.kit.money import Money
from app.merchants import queries as merchants
from app.merchants import service as speaking
from tests.make import Shop, fresh_code

TEXTS = {"zh": Texts("音乐会员"), "en": Texts("Music")}


def yuan(amount: int) -> Money:
    return Money(amount, "CNY")


def draft(code: str = "", price: int = 1000, **more: Any) -> SkuDraft:
    return SkuDraft(code or fresh_code(), Kind.CODE, yuan(price), more.pop("names", {}), **more)


def make(shop: Shop, *skus: SkuDraft, **more: Any) -> Product:
    """Put a product on the shelf."""
    given: dict[str, Any] = {"slug": fresh_code().lower(), "texts": TEXTS, "status": ProductStatus.LIVE} | more
    drafts = skus or (draft(),)
    return shop.write(lambda: service.create_product(skus=drafts, now=clock.now(), by=SYSTEM, **given))


def change(shop: Shop, product: Product, *skus: SkuDraft, **more: Any) -> None:
    """Change a product; what is not named is as `make` left it."""
    given: dict[str, Any] = {
        "texts": TEXTS,
        "status": ProductStatus.LIVE,
        "category_id": None,
        "tags": (),
        "redeem_url": "",
    } | more
    shop.write(
        lambda: service.change_product(
            db.get(Product, product.id), skus=skus or kept(product), now=clock.now(), by=SYSTEM, **given
        )
    )


def kept(product: Product) -> list[SkuDraft]:
    """Return the variants of a product as they are; inside a unit."""
    return [
        SkuDraft(sku.code, sku.kind, sku.price, {}, sku.was, sku.on_sale) for sku in queries.list_skus_of(product.id)
    ]


def dress(shop: Shop) -> None:
    """Let the shop say something, and give it a category."""
    words = {"en": speaking.ShopWords(notice="Closed on Monday")}
    shop.write(lambda: speaking.change_texts(words, now=clock.now(), by=SYSTEM))
    shop.write(lambda: service.create_category(slug="cards", names={"en": "Cards"}, now=clock.now(), by=SYSTEM))


def whole(shop: Shop, number: UUID) -> Product:
    return shop.read(lambda: queries.get_whole(number))


def version(shop: Shop) -> int:
    return shop.read(merchants.get_current).shelf_version


def told(shop: Shop, name: str) -> list[Any]:
    """Return what was told under this name, oldest first."""
    query = select(EventRow.data).where(EventRow.name == name).order_by(EventRow.id)
    return shop.read(lambda: list(db.session().scalars(query)))


def finds(shop: Shop, number: UUID, lang: str) -> str:
    query = select(ProductText.finds).where(ProductText.product_id == number, ProductText.lang == lang)
    return str(shop.read(lambda: db.session().scalar(query)))
