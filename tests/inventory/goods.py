"""What tests of sources need: variants of every source, shared codes, bundles."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.models import Kind, ProductStatus, Sku, Source
from app.entitlements import queries as entitled
from app.entitlements.models import Entitlement
from app.inventory import service as inventory
from app.inventory.models import SharedCode, Stock
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.kit.money import Money
from app.orders.models import Order
from tests.inventory import pool
from tests.make import Shop

PATTERN = "MF-####-####-####-####-C"


def variant(shop: Shop, source: Source, *, kind: Kind = Kind.CODE, price: int = 1999, pattern: str = PATTERN) -> str:
    """Put a product of one variant of a source on the shelf, and return its SKU."""
    sku = f"SKU-{new_id().hex[-8:]}"
    draft = shelving.SkuDraft(sku, kind, Money(price, "CNY"), {}, source=source, pattern=pattern)
    shop.write(
        lambda: shelving.create_product(
            slug=sku.lower(),
            texts={"en": shelving.Texts(f"Card {sku}"), "zh": shelving.Texts("卡")},
            skus=(draft,),
            status=ProductStatus.LIVE,
            now=clock.now(),
            by=SYSTEM,
        )
    )
    return sku


def share(shop: Shop, sku: str, uses: int, *, text: str = "", cost: int = 100, **known: Any) -> UUID:
    """Add a shared code to a SKU."""
    draft = inventory.SharedDraft({"code": text or new_id().hex.upper()}, uses, Money(cost, "CNY"), **known)
    return shop.write(
        lambda: inventory.add_shared(sku_of(sku).id, draft, now=clock.now(), today=pool.today(), by=SYSTEM)
    )


def bundle(shop: Shop, *parts: tuple[str, int, int], as_ready: bool = False, price: int = 1999) -> str:
    """Put a bundle of (SKU, quantity, weight) on the shelf."""
    sku = variant(shop, Source.BUNDLE, price=price)
    compose(shop, sku, *parts, as_ready=as_ready)
    return sku


def compose(shop: Shop, sku: str, *parts: tuple[str, int, int], as_ready: bool = False) -> None:
    portions = [shelving.Portion(*part) for part in parts]
    shop.write(lambda: shelving.set_components(sku_of(sku), portions, as_ready=as_ready, now=clock.now(), by=SYSTEM))


def release(shop: Shop, sku: str, at: datetime | None, cap: int | None = None) -> None:
    """Sell a SKU before its release."""
    shop.write(lambda: shelving.set_release(sku_of(sku), at, cap, now=clock.now(), by=SYSTEM))


def sku_of(code: str) -> Sku:
    return catalog.get_sku(code)


def left(shop: Shop, sku: str) -> int:
    """Return how many the shop page tells of."""
    shop.drain()
    return shop.read(lambda: db.session().scalar(select(Stock.available).where(Stock.sku_id == sku_of(sku).id))) or 0


def shared(shop: Shop, number: UUID) -> SharedCode:
    return shop.read(lambda: db.get(SharedCode, number))


def owned(shop: Shop, order: Order) -> list[Entitlement]:
    return list(shop.read(lambda: entitled.list_of_order(order.id)))
