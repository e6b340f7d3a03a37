"""What the shop's own words say to the buyer of an order, about each product of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.catalog import queries as catalog
from app.delivery.models import WHOLE_SHOP, Medium
from app.delivery.wording_text import Said, Values, Words, say
from app.delivery.wordings import choose, list_words, published
from app.entitlements.queries import Entitlement, State
from app.kit import clock
from app.kit.money import Money
from app.merchants import queries as merchants
from app.orders.queries import Order

NUMBER = "MF2026070100"  # of an order that does not exist
EXAMPLE = {"zh": "示例商品", "en": "A product"}  # what it is of, where words are for all products


@dataclass(frozen=True)
class Bought:
    """What of a product an order has: how many, and since when the first is there."""

    count: int
    since: datetime


def said_of(
    order: Order, owned: Sequence[Entitlement], *, lang: str, medium: Medium, now: datetime
) -> dict[UUID, Said]:
    """Return by product what the shop says to an order's buyer, as it stood when his codes were ready.

    A product without own words is left out; a shop without any is asked nothing further.
    """
    there = published()
    mine = [item for item in owned if item.state is not State.REVOKED]
    if not there or not mine:
        return {}
    skus = catalog.list_skus_by_id({item.sku_id for item in mine})
    bought = _bought([(skus[item.sku_id].product_id, item) for item in mine], now)
    shop = merchants.current()
    chosen = choose({it: one.since for it, one in bought.items()}, lang, shop.lang, medium, there)
    words = list_words(chosen.values())
    names = _names(chosen, lang, shop.lang)
    return {
        product: say(words[version], values_of(order, names[product], bought[product].count), version)
        for product, version in chosen.items()
    }


def _bought(pieces: Sequence[tuple[UUID, Entitlement]], now: datetime) -> dict[UUID, Bought]:
    found: dict[UUID, Bought] = {}
    for product, item in pieces:
        before, since = found.get(product), item.ready_at or now
        found[product] = Bought(before.count + 1, min(before.since, since)) if before else Bought(1, since)
    return found


def _names(product_ids: Mapping[UUID, UUID], lang: str, fallback: str) -> dict[UUID, str]:
    found = catalog.list_products_by_id(product_ids)
    return {
        number: catalog.in_language({text.lang: text.name for text in product.texts}, lang, fallback)
        for number, product in found.items()
    }


def values_of(order: Order, product: str, count: int) -> Values:
    """Return what can be put into words about a product of an order; no secret is among it."""
    shop = merchants.current()
    day = (order.paid_at or order.placed_at).astimezone(ZoneInfo(shop.zone))
    return Values(shop.name, product, order.number, order.contact_mask, str(count), f"{day:%Y-%m-%d}")


def product_name(product_id: UUID, lang: str) -> str:
    """Return what a product is called; "" for the whole shop."""
    if product_id == WHOLE_SHOP:
        return ""
    texts = {text.lang: text.name for text in catalog.get_whole(product_id).texts}
    return catalog.in_language(texts, lang, merchants.current().lang)


def sample_of(words: Words, product: str, lang: str, *, now: datetime) -> Said:
    """Return what words would say to a buyer who does not exist."""
    shop = merchants.current()
    day = f"{now.astimezone(ZoneInfo(shop.zone)):%Y-%m-%d}"
    return say(words, Values(shop.name, product or EXAMPLE[lang], NUMBER, "al***@example.com", "2", day))


def sample_facts(words: Words, product_id: UUID, lang: str) -> dict[str, Any]:
    """Return what a letter to a buyer who does not exist is written from; its link leads nowhere."""
    shop = merchants.current()
    said = sample_of(words, product_name(product_id, lang), lang, now=clock.now())
    return {
        "shop": " ".join(shop.name.split()),
        "slug": shop.slug,
        "zone": shop.zone,
        "reply_to": shop.reply_to,
        "number": NUMBER,
        "lines": [(said.product, 2)],
        "total": Money(19800, shop.currency),
        "part": False,
        "hours": merchants.reveals().link_hours,
        "token": "sample",
        "way": "sample",
        "said": [said],
    }
