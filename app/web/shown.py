"""What people are shown of products, in the shop and in the office alike: plain values in their language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from app.catalog.queries import Product, Sku, facts_of, faq_of, in_language, lines_of
from app.kit import clock
from app.kit.money import Money
from app.kit.secret import Secret

FEW = 10


def stock_word(left: int) -> str:
    """Return the word for how much there is."""
    return "out" if left <= 0 else "few" if left <= FEW else "plenty"


@dataclass(frozen=True)
class SkuShown:
    """A variant on its product page; `stock` is a word, the number is told only when few are left."""

    code: str
    name: str
    price: Money
    left: int
    fields: tuple[str, ...]
    was: Money | None = None
    on_sale: bool = True
    release_at: datetime | None = None  # sold before it is there
    source: str = "pool"
    is_short_dated: bool = False  # there only as long as it has stock
    good_until: date | None = None  # at least
    open_minutes: int = 0  # from the payment to the hand-over

    @property
    def stock(self) -> str:
        return stock_word(self.left)


@dataclass(frozen=True)
class ShortDated:
    """A variant that sells what expires soon: the price of the same before, and until when what it has is good."""

    was: Money | None
    good_until: date | None


@dataclass(frozen=True)
class StepShown:
    """A step of how to use something; its picture has an address, and a size that is kept for it."""

    text: str
    picture: UUID | None = None
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class ProductShown:
    """A product in the reader's language."""

    slug: str
    name: str
    summary: str
    guide: str
    skus: tuple[SkuShown, ...]
    place: int  # on the shelf; gives it the same colour on every page
    about: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    faq: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    cover_id: UUID | None = None
    redeem_url: str = ""

    @property
    def for_sale(self) -> tuple[SkuShown, ...]:
        offered = tuple(sku for sku in self.skus if sku.on_sale)
        return tuple(sku for sku in offered if sku.left or not sku.is_short_dated) or offered

    @property
    def cheapest(self) -> SkuShown:
        return min(self.for_sale or self.skus, key=lambda sku: sku.price.minor)

    @property
    def fullest(self) -> SkuShown:
        return max(self.for_sale or self.skus, key=lambda sku: sku.left)

    @property
    def offered(self) -> SkuShown:
        """Return the variant that is chosen until the buyer chooses: the first one in stock."""
        choice = self.for_sale or self.skus
        return next((sku for sku in choice if sku.left), choice[0])

    @property
    def has_one_price(self) -> bool:
        return len({sku.price for sku in self.for_sale or self.skus}) == 1

    @property
    def stock(self) -> str:
        return self.fullest.stock


def product_shown(
    product: Product,
    counts: Mapping[UUID, int],
    lang: str,
    fallback: str,
    short: Mapping[UUID, ShortDated] = MappingProxyType({}),
) -> ProductShown:
    """Return a product with its texts in `lang` and the stock words of its SKUs, some of them short-dated."""
    texts = {text.lang: text for text in product.texts}

    def say(field: str) -> str:
        return in_language({key: getattr(text, field) for key, text in texts.items()}, lang, fallback)

    skus = tuple(_sku_shown(sku, counts.get(sku.id, 0), lang, fallback, short.get(sku.id)) for sku in product.skus)
    return ProductShown(
        slug=product.slug,
        name=say("name"),
        summary=say("summary"),
        guide=say("guide"),
        skus=skus,
        place=product.position,
        about=say("about"),
        facts=facts_of(say("facts")),
        faq=faq_of(say("faq")),
        tags=tuple(product.tags.split()),
        cover_id=product.cover_id,
        redeem_url=product.redeem_url,
    )


def steps_shown(
    guide: str, pictures: Mapping[int, UUID], sizes: Mapping[UUID, tuple[int, int]]
) -> tuple[StepShown, ...]:
    """Return the steps of a guide, each with its picture if it has one."""
    lines = enumerate(lines_of(guide), 1)
    return tuple(_step_shown(line, pictures.get(number), sizes) for number, line in lines)


def _step_shown(text: str, picture: UUID | None, sizes: Mapping[UUID, tuple[int, int]]) -> StepShown:
    size = sizes.get(picture) if picture else None
    return StepShown(text, picture, *size) if size else StepShown(text)


def _sku_shown(sku: Sku, left: int, lang: str, fallback: str, short: ShortDated | None) -> SkuShown:
    return SkuShown(
        code=sku.code,
        name=in_language({text.lang: text.name for text in sku.texts}, lang, fallback),
        price=sku.price,
        left=left,
        fields=sku.kind.fields,
        was=short.was if short else sku.was,
        on_sale=sku.on_sale,
        release_at=sku.release_at if sku.release_at and sku.release_at > clock.now() else None,
        source=sku.source.name.lower(),
        is_short_dated=short is not None,
        good_until=short.good_until if short else None,
        open_minutes=sku.open_minutes or 0,
    )


def plain_values(secret: Secret | None) -> Mapping[str, str] | None:
    """Return the fields of a code in clear."""
    return json.loads(secret.expose()) if secret is not None else None
