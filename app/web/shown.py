"""What people are shown of products, in the shop and in the office alike: plain values in their language."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.catalog.queries import Product, in_language
from app.kit.money import Money

FEW = 10


@dataclass(frozen=True)
class SkuShown:
    """A variant on its product page; `stock` is a word, the number is told only when few are left."""

    code: str
    name: str
    price: Money
    left: int
    fields: tuple[str, ...]

    @property
    def stock(self) -> str:
        return "out" if self.left == 0 else "few" if self.left <= FEW else "plenty"


@dataclass(frozen=True)
class ProductShown:
    """A product in the reader's language."""

    slug: str
    name: str
    summary: str
    guide: str
    skus: tuple[SkuShown, ...]
    place: int  # on the shelf; gives it the same colour on every page

    @property
    def cheapest(self) -> SkuShown:
        return min(self.skus, key=lambda sku: sku.price.minor)

    @property
    def fullest(self) -> SkuShown:
        return max(self.skus, key=lambda sku: sku.left)

    @property
    def offered(self) -> SkuShown:
        """Return the variant that is chosen until the buyer chooses: the first one in stock."""
        return next((sku for sku in self.skus if sku.left), self.skus[0])

    @property
    def has_one_price(self) -> bool:
        return len({sku.price for sku in self.skus}) == 1

    @property
    def stock(self) -> str:
        return self.fullest.stock


def product_shown(product: Product, counts: Mapping[UUID, int], lang: str, fallback: str) -> ProductShown:
    """Return a product with its texts in `lang` and the stock words of its SKUs."""
    texts = {text.lang: text for text in product.texts}

    def say(field: str) -> str:
        return in_language({key: getattr(text, field) for key, text in texts.items()}, lang, fallback)

    skus = tuple(
        SkuShown(
            sku.code,
            in_language({text.lang: text.name for text in sku.texts}, lang, fallback),
            sku.price,
            counts.get(sku.id, 0),
            sku.kind.fields,
        )
        for sku in product.skus
    )
    return ProductShown(product.slug, say("name"), say("summary"), say("guide"), skus, product.position)
