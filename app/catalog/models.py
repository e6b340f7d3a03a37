"""Tables of the catalog."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import PARENT, Owned


class ProductStatus(IntEnum):
    DRAFT = 0
    LIVE = 1
    ARCHIVED = 2


class Kind(IntEnum):
    """What one code of a SKU consists of."""

    CODE = 0
    CARD = 1  # number and PIN
    ACCOUNT = 2  # account and password
    LINK = 3

    @property
    def fields(self) -> tuple[str, ...]:
        return FIELDS[self]


FIELDS = {
    Kind.CODE: ("code",),
    Kind.CARD: ("number", "pin"),
    Kind.ACCOUNT: ("account", "password"),
    Kind.LINK: ("link",),
}


class Source(IntEnum):
    """Where the goods of a SKU come from when one is sold."""

    POOL = 0  # one of its codes
    SHARED = 1  # a code that many use, each use counted
    GENERATED = 2  # a code that is made in that moment
    MANUAL = 3  # somebody of the staff
    SUPPLIER = 4
    BUNDLE = 5  # its components
    PRESALE = 6  # of a part alone, never of a SKU: what will be in the pool on the day of release


class Strategy(IntEnum):
    """Which of a SKU's free codes is sold first."""

    FIRST_IN = 0
    RANDOM = 1
    SOONEST = 2  # expiry
    RANKED = 3  # by the rank of batches, then first in


class Category(Owned):
    """A department of the shop; a product stands in one, or in none."""

    __tablename__ = "category"
    __mapper_args__ = PARENT
    __table_args__ = (UniqueConstraint("merchant_id", "slug"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)

    texts: Mapped[list["CategoryText"]] = relationship(lazy="raise", order_by="CategoryText.lang")


class CategoryText(Owned):
    __tablename__ = "category_text"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "category_id"], ["category.merchant_id", "category.id"]),)

    category_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)


TAGS = ("hot", "new", "pick")


class Product(Owned):
    __tablename__ = "product"
    __mapper_args__ = PARENT
    __table_args__ = (
        UniqueConstraint("merchant_id", "slug"),
        ForeignKeyConstraint(["merchant_id", "category_id"], ["category.merchant_id", "category.id"]),
        Index(None, "merchant_id", "status", "position"),
        choice_check("status", ProductStatus),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(Text)
    status: Mapped[ProductStatus] = mapped_column(Choice(ProductStatus))
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    category_id: Mapped[UUID | None] = mapped_column(Id)
    cover_id: Mapped[UUID | None] = mapped_column(Id)  # a picture of the kit
    tags: Mapped[str] = mapped_column(Text)  # words of TAGS, a space between them
    redeem_url: Mapped[str] = mapped_column(Text)  # where its codes are used; empty: nowhere on the web

    texts: Mapped[list["ProductText"]] = relationship(lazy="raise", order_by="ProductText.lang")
    skus: Mapped[list["Sku"]] = relationship(lazy="raise", order_by="Sku.position")
    steps: Mapped[list["GuideStep"]] = relationship(lazy="raise", order_by="GuideStep.position")


class ProductText(Owned):
    __tablename__ = "product_text"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "product_id"], ["product.merchant_id", "product.id"]),)

    product_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)  # one line under its name
    about: Mapped[str] = mapped_column(Text)
    facts: Mapped[str] = mapped_column(Text)  # a line each, "term: value"
    guide: Mapped[str] = mapped_column(Text)  # how to use it, a line each step
    faq: Mapped[str] = mapped_column(Text)  # questions and answers, an empty line between pairs
    finds: Mapped[str] = mapped_column(Text)  # what a search looks through: folded words, pinyin and its initials


class GuideStep(Owned):
    """The picture of one step of a product's guide, whatever the language."""

    __tablename__ = "guide_step"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "product_id"], ["product.merchant_id", "product.id"]),)

    product_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    picture_id: Mapped[UUID] = mapped_column(Id)


class Sku(Owned):
    __tablename__ = "sku"
    __mapper_args__ = PARENT
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "product_id"], ["product.merchant_id", "product.id"]),
        UniqueConstraint("merchant_id", "code"),
        Index(None, "merchant_id", "product_id"),
        choice_check("kind", Kind),
        choice_check("source", Source),
        choice_check("strategy", Strategy),
        CheckConstraint("price_amount >= 0", name="price"),
        CheckConstraint("was_amount > price_amount", name="was"),
        CheckConstraint("presale_cap > 0", name="presale_cap"),
        ForeignKeyConstraint(["merchant_id", "clear_sku_id"], ["sku.merchant_id", "sku.id"]),
        UniqueConstraint("merchant_id", "clear_sku_id"),
        CheckConstraint("clear_days > 0", name="clear_days"),
        CheckConstraint("(clear_days IS NULL) = (clear_sku_id IS NULL)", name="clear_rule"),
        CheckConstraint("clear_sku_id <> id", name="clear_other"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Id)
    code: Mapped[str] = mapped_column(Text)
    kind: Mapped[Kind] = mapped_column(Choice(Kind))
    price_amount: Mapped[int] = mapped_column(BigInteger)
    price_currency: Mapped[str] = mapped_column(Text)
    was_amount: Mapped[int | None] = mapped_column(BigInteger)  # shown struck through beside the price
    position: Mapped[int] = mapped_column(Integer)
    on_sale: Mapped[bool] = mapped_column(Boolean)
    source: Mapped[Source] = mapped_column(Choice(Source))
    strategy: Mapped[Strategy] = mapped_column(Choice(Strategy))
    pattern: Mapped[str] = mapped_column(Text)  # how a generated code looks; empty for other sources
    as_ready: Mapped[bool] = mapped_column(Boolean)  # a bundle shows each code when it is there, not all together
    low_stock: Mapped[int | None] = mapped_column(Integer)  # staff are told when fewer are left; None: never
    low_days: Mapped[int | None] = mapped_column(Integer)  # … when the stock lasts fewer days
    expiry_days: Mapped[int | None] = mapped_column(Integer)  # … so many days before codes expire
    release_at: Mapped[datetime | None] = mapped_column(Moment)  # pre-sale: what is bought before is delivered then
    presale_cap: Mapped[int | None] = mapped_column(Integer)  # how many may be sold before
    clear_days: Mapped[int | None] = mapped_column(Integer)  # so many days before they expire, its codes go …
    clear_sku_id: Mapped[UUID | None] = mapped_column(Id)  # … to this variant, which has a price of its own

    open_minutes: Mapped[int | None] = mapped_column(Integer, default=None)  # from the payment to the hand-over

    texts: Mapped[list["SkuText"]] = relationship(lazy="raise", order_by="SkuText.lang")

    @property
    def price(self) -> Money:
        return Money(self.price_amount, self.price_currency)

    @property
    def was(self) -> Money | None:
        return Money(self.was_amount, self.price_currency) if self.was_amount is not None else None


class Component(Owned):
    """What a bundle consists of: so many of another SKU, which is no bundle itself."""

    __tablename__ = "component"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["sku.merchant_id", "sku.id"]),
        ForeignKeyConstraint(["merchant_id", "component_id"], ["sku.merchant_id", "sku.id"]),
        UniqueConstraint("merchant_id", "sku_id", "component_id"),
        Index(None, "merchant_id", "component_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("sku_id <> component_id", name="other"),
        CheckConstraint("share >= 0", name="share"),
    )

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    component_id: Mapped[UUID] = mapped_column(Id)
    quantity: Mapped[int] = mapped_column(Integer)
    share: Mapped[int] = mapped_column(BigInteger)  # its weight in the bundle's price


class SkuText(Owned):
    __tablename__ = "sku_text"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "sku_id"], ["sku.merchant_id", "sku.id"]),)

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
