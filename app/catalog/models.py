"""Tables of the catalog."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned


class ProductStatus(IntEnum):
    DRAFT = 0
    LIVE = 1
    ARCHIVED = 2


class Kind(IntEnum):
    """What one code of a SKU consists of."""

    CODE = 0
    CARD = 1  # number and PIN
    ACCOUNT = 2  # account and password

    @property
    def fields(self) -> tuple[str, ...]:
        return FIELDS[self]


FIELDS = {Kind.CODE: ("code",), Kind.CARD: ("number", "pin"), Kind.ACCOUNT: ("account", "password")}


class Product(Owned):
    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("merchant_id", "slug"), choice_check("status", ProductStatus))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(Text)
    status: Mapped[ProductStatus] = mapped_column(Choice(ProductStatus))
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)

    texts: Mapped[list["ProductText"]] = relationship(lazy="raise", order_by="ProductText.lang")
    skus: Mapped[list["Sku"]] = relationship(lazy="raise", order_by="Sku.position")


class ProductText(Owned):
    __tablename__ = "product_text"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "product_id"], ["product.merchant_id", "product.id"]),)

    product_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    guide: Mapped[str] = mapped_column(Text)


class Sku(Owned):
    __tablename__ = "sku"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "product_id"], ["product.merchant_id", "product.id"]),
        UniqueConstraint("merchant_id", "code"),
        choice_check("kind", Kind),
        CheckConstraint("price_amount >= 0", name="price"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(Id)
    code: Mapped[str] = mapped_column(Text)
    kind: Mapped[Kind] = mapped_column(Choice(Kind))
    price_amount: Mapped[int] = mapped_column(BigInteger)
    price_currency: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)

    texts: Mapped[list["SkuText"]] = relationship(lazy="raise", order_by="SkuText.lang")

    @property
    def price(self) -> Money:
        return Money(self.price_amount, self.price_currency)


class SkuText(Owned):
    __tablename__ = "sku_text"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "sku_id"], ["sku.merchant_id", "sku.id"]),)

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
