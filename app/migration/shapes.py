"""The tables of the systems people come from, read as products, codes and orders. Pure."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.catalog.queries import Kind
from app.kit.errors import words
from app.migration.dumps import Row

SOLD = words("sold already")
LOCKED = words("locked for a buyer")
DELETED = words("deleted there")
FOREIGN = words("of another merchant there")
NO_NAME = words("without a name or a number")
TAG, BREAK = re.compile(r"<[^>]*>"), re.compile(r"<(?:br|/p|/div|/li|/h\d)\b[^>]*>", re.IGNORECASE)
RACE = re.compile(r"^\s*([^=\[\];#]+?)\s*=\s*(\d+(?:\.\d+)?)\s*$")


@dataclass(frozen=True)
class Variant:
    """A variant as the other system has it; `name` is empty where a product has no variants."""

    name: str
    price: str


@dataclass(frozen=True)
class Goods:
    """A product as the other system has it; `key` is its number there."""

    key: str
    name: str
    variants: tuple[Variant, ...]
    cost: str = "0"
    about: str = ""
    is_manual: bool = False
    kind: Kind | None = None  # None: its codes tell


@dataclass(frozen=True)
class Card:
    """An unsold code of a product: its fields in order, or one text that holds them."""

    key: str
    variant: str
    values: tuple[str, ...] = field(repr=False)
    is_loop: bool = False
    expires: str = ""
    tags: str = ""


@dataclass(frozen=True)
class OldOrder:
    """An order, by what a merchant finds it again; no contact and no code."""

    number: str
    total: str
    at: str


@dataclass(frozen=True)
class Left:
    """Something that does not come, and why; `what` is product or code."""

    what: str
    why: str


Find = Goods | Card | OldOrder | Left


class Shape(Protocol):
    """What is known of one system's tables."""

    name: str
    prefix: str  # of SKUs that are made of its products

    def is_wanted(self, table: str) -> bool:
        """Tell whether a table of an SQL dump is looked at."""
        ...

    def find(self, row: Row) -> Find | None:
        """Return what a row is, by its columns; None for nothing known."""
        ...


class Dujiaoka:
    """dujiaoka 2: goods, carmis, orders."""

    name, prefix = "dujiaoka", "DJ"

    def is_wanted(self, table: str) -> bool:
        """Tell whether a table of an SQL dump is looked at."""
        return bool(re.fullmatch(r"(?:\w+_)?(?:goods|carmis|orders)", table))

    def find(self, row: Row) -> Find | None:
        """Return what a row is, by its columns; None for nothing known."""
        if "carmi" in row and "goods_id" in row:
            return self._card(row)
        if "gd_name" in row:
            return self._goods(row)
        if number := row.get("order_sn"):
            return OldOrder(number, _said(row, "actual_price"), _said(row, "created_at"))
        return None

    def _goods(self, row: Row) -> Find:
        if row.get("deleted_at"):
            return Left("product", DELETED)
        price = _said(row, "actual_price") or _said(row, "retail_price") or "0"
        about = plain(_said(row, "description") or _said(row, "gd_description"))
        manual = _said(row, "type") == "2"
        variants = (Variant("", price),)
        return _whole(Goods(_said(row, "id"), _said(row, "gd_name"), variants, about=about, is_manual=manual))

    def _card(self, row: Row) -> Find:
        if row.get("deleted_at"):
            return Left("code", DELETED)
        if _said(row, "status") == "2":
            return Left("code", SOLD)
        loops = _said(row, "is_loop") == "1"
        return Card(_said(row, "goods_id"), "", (_said(row, "carmi"),), is_loop=loops)


class AcgFaka:
    """acg-faka 3: commodity, card, order; its tables have a prefix of the installer's choice."""

    name, prefix = "acg-faka", "ACG"

    def is_wanted(self, table: str) -> bool:
        """Tell whether a table of an SQL dump is looked at."""
        return bool(re.fullmatch(r"(?:(?!user_)\w+?_)?(?:commodity|card|order)", table)) and "_user_" not in table

    def find(self, row: Row) -> Find | None:
        """Return what a row is, by its columns; None for nothing known."""
        if "secret" in row and "commodity_id" in row and "trade_no" not in row:
            return self._card(row)
        if "delivery_way" in row and "name" in row:
            return self._goods(row)
        if number := row.get("trade_no"):
            return OldOrder(number, _said(row, "amount"), _said(row, "create_time"))
        return None

    def _goods(self, row: Row) -> Find:
        if _said(row, "owner") not in {"", "0"}:
            return Left("product", FOREIGN)
        price = _said(row, "price") or "0"
        races = tuple(Variant(name, said) for name, said in races_of(_said(row, "config")).items())
        return _whole(
            Goods(
                _said(row, "id"),
                _said(row, "name"),
                races or (Variant("", price),),
                cost=_said(row, "factory_price") or "0",
                about=plain(_said(row, "description")),
                is_manual=_said(row, "delivery_way") == "1",
            )
        )

    def _card(self, row: Row) -> Find:
        if _said(row, "owner") not in {"", "0"}:
            return Left("code", FOREIGN)
        status = _said(row, "status")
        if status in {"1", "2"}:
            return Left("code", SOLD if status == "1" else LOCKED)
        return Card(_said(row, "commodity_id"), _said(row, "race"), (_said(row, "secret"),))


class Sheet:
    """Our own plain tables: products and codes, their columns in English or Chinese (docs/migrating.md)."""

    name, prefix = "sheet", ""
    COLUMNS: Mapping[str, str] = {
        "商品编号": "sku",
        "名称": "name",
        "价格": "price",
        "成本": "cost",
        "类型": "kind",
        "说明": "about",
        "卡密": "code",
        "卡号": "number",
        "密码": "pin",
        "账号": "account",
        "账号密码": "password",
        "链接": "link",
        "有效期": "expires",
        "标签": "tags",
    }
    KINDS: Mapping[str, Kind] = {
        **{kind.name.lower(): kind for kind in Kind},
        "卡密": Kind.CODE,
        "卡号": Kind.CARD,
        "账号": Kind.ACCOUNT,
        "链接": Kind.LINK,
    }

    def is_wanted(self, table: str) -> bool:
        """Tell whether a table of an SQL dump is looked at."""
        return table in {"products", "codes"}

    def find(self, row: Row) -> Find | None:
        """Return what a row is, by its columns; None for nothing known."""
        said = {self.COLUMNS.get(name, name): (value or "").strip() for name, value in row.items()}
        if "sku" not in said:
            return None
        if "name" in said and "price" in said:
            kind = self.KINDS.get(said.get("kind", "").lower(), Kind.CODE)
            variants = (Variant("", said["price"]),)
            cost, about = said.get("cost") or "0", said.get("about", "")
            return _whole(Goods(said["sku"], said["name"], variants, cost=cost, about=about, kind=kind))
        for kind in reversed(Kind):  # a row of a card has a number, and perhaps an empty code beside it
            if said.get(kind.fields[0]):
                values = tuple(said.get(name, "") for name in kind.fields)
                return Card(said["sku"], "", values, expires=said.get("expires", ""), tags=said.get("tags", ""))
        return Left("code", NO_NAME) if any(kind.fields[0] in said for kind in Kind) else None


SHAPES: Mapping[str, Shape] = {shape.name: shape for shape in (Dujiaoka(), AcgFaka(), Sheet())}


def _said(row: Row, name: str) -> str:
    return (row.get(name) or "").strip()


def _whole(goods: Goods) -> Find:
    return goods if goods.key and goods.name else Left("product", NO_NAME)


def plain(text: str) -> str:
    """Return the words of a text that may be HTML."""
    if "<" not in text and "&" not in text:
        return text
    return html.unescape(TAG.sub("", BREAK.sub("\n", text))).strip()


def races_of(config: str) -> dict[str, str]:
    """Return the variants of a product of acg-faka with their prices, as its settings list them."""
    races, is_inside = dict[str, str](), False
    for line in config.splitlines():
        if line.strip().startswith("["):
            is_inside = line.strip() == "[category]"
        elif is_inside and (found := RACE.match(line)):
            races[found[1]] = found[2]
    return races
