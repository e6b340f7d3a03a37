"""What tests of stock need: imports of any bytes, and a look at what then lies in the pool."""

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app.catalog import queries as catalog
from app.inventory.models import Batch, Code, ImportChunk, ImportIssue
from app.inventory.queries import list_issues
from app.inventory.service import ImportOrder, import_codes
from app.kit import clock, db
from app.kit.crypto import Sealed, load_key
from app.kit.events import SYSTEM, EventRow
from app.kit.money import Money
from tests.make import Shop

T = TypeVar("T")
DEPTH = int(os.environ.get("DEPTH", "1"))
ZONE = ZoneInfo("Asia/Shanghai")


def today(now: datetime | None = None) -> date:
    """Return the business day of the shops of tests."""
    return (now or clock.now()).astimezone(ZONE).date()


def bring(
    shop: Shop,
    data: bytes | str | Iterable[bytes],
    *,
    sku: str = "",
    piece: int = 50_000,
    cost: int = 1000,
    expires_on: date | None = None,
    seconds: float | None = None,
) -> Batch:
    """Import bytes that arrive in pieces, and return the finished batch (or as far as `seconds` sufficed)."""
    now = clock.now()
    source = order(sku or shop.sku, cost=cost, expires_on=expires_on)
    pieces = cut(data, piece) if isinstance(data, bytes | str) else data
    return import_codes(shop.merchant_id, source, pieces, now=now, today=today(now), seconds=seconds)


def order(sku: str, *, cost: int = 1000, expires_on: date | None = None) -> ImportOrder:
    """Return what is known of a file that is to be imported."""
    return ImportOrder(
        sku_code=sku,
        name="batch",
        file_name="codes.csv",
        supplier="Supplier",
        cost=Money(cost, "CNY"),
        expires_on=expires_on,
        by=SYSTEM,
    )


def cut(data: bytes | str, size: int) -> Iterator[bytes]:
    """Cut a file into pieces as a network would."""
    data = data.encode() if isinstance(data, str) else data
    return (data[at : at + size] for at in range(0, len(data), size))


def numbers(batch: Batch) -> tuple[int, int, int, int]:
    """Return imported, duplicate in file, duplicate in stock, invalid."""
    return batch.imported, batch.duplicate_in_file, batch.duplicate_in_stock, batch.invalid


def contents(shop: Shop, sku: str = "") -> list[dict[str, str]]:
    """Return what the codes of a SKU say, in the order of sale."""

    def look() -> list[dict[str, str]]:
        number = catalog.get_sku(sku or shop.sku).id
        rows = db.session().scalars(select(Code).where(Code.sku_id == number).order_by(Code.pick)).all()
        keys = {key_id: load_key(key_id) for key_id in {row.key_id for row in rows}}
        seals = [Sealed("code", "sealed", row.merchant_id, row.id, row.key_id, row.sealed) for row in rows]
        return [json.loads(keys[seal.key_id].unseal(seal).expose()) for seal in seals]

    return shop.read(look)


def codes(shop: Shop, sku: str = "") -> list[str]:
    """Return the codes of a SKU of one field, in the order of sale."""
    return [said["code"] for said in contents(shop, sku)]


def issues(shop: Shop, batch: Batch) -> list[tuple[int, str, str]]:
    """Return line, kind and reason of the rows of a file that were not taken."""
    found = shop.read(lambda: list_issues(batch.id, limit=10_000))
    return [(row.line, row.kind.name, row.reason) for row in found]


def traces(shop: Shop) -> dict[str, int]:
    """Count everything that imports leave behind in a shop."""

    def look() -> dict[str, int]:
        count: Any = lambda model: db.session().scalar(select(func.count()).select_from(model))  # noqa: E731
        told = db.session().scalar(select(func.count()).where(EventRow.name == "codes.imported"))
        return {model.__tablename__: count(model) for model in (Batch, ImportChunk, Code, ImportIssue)} | {
            "told": told or 0
        }

    return shop.read(look)


NOTHING = {"batch": 0, "import_chunk": 0, "code": 0, "import_issue": 0, "told": 0}


def fresh_codes(count: int, length: int = 16) -> list[str]:
    """Return codes that nobody has seen."""
    return [secrets.token_hex(length // 2 + 1).upper()[:length] for _ in range(count)]


def rows(model: type[T]) -> list[T]:
    """Return every row of a table of the running shop."""
    return list(db.session().scalars(select(model)))
