"""The columns of the lists of stock, the same on every page and in every file; a code shows its last letters alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.catalog import queries as catalog
from app.inventory.models import Batch, Code
from app.inventory.rules import class_of
from app.kit import db
from app.kit.errors import words
from app.kit.listing import Column, Reader, Word

CLASS_WORDS: Mapping[str, str] = {
    "available": words("For sale"),
    "held": words("On hold"),
    "sold": words("Sold"),
    "expired": words("Expired"),
    "frozen": words("Frozen"),
    "quarantined": words("Set aside"),
    "void": words("Void"),
}


@dataclass(frozen=True)
class About:
    """What rows of stock refer to: titles and codes of their SKUs, names of their batches."""

    reader: Reader
    titles: Mapping[UUID, str]
    skus: Mapping[UUID, str]
    batches: Mapping[UUID, str]


def about_batches(rows: Sequence[Batch], reader: Reader) -> About:
    """Return what batches refer to."""
    ids = {row.sku_id for row in rows}
    skus = {number: sku.code for number, sku in catalog.list_skus_by_id(ids).items()}
    return About(reader, catalog.titles(ids, reader.lang, reader.fallback), skus, {})


def about_codes(rows: Sequence[Code], reader: Reader) -> About:
    """Return what codes refer to."""
    ids, batches = {row.sku_id for row in rows}, {row.batch_id for row in rows}
    skus = {number: sku.code for number, sku in catalog.list_skus_by_id(ids).items()}
    names = db.session().execute(select(Batch.id, Batch.name).where(Batch.id.in_(batches)))
    return About(reader, catalog.titles(ids, reader.lang, reader.fallback), skus, dict(names.all()))


BATCH_COLUMNS: tuple[Column, ...] = (
    Column("name", words("Batch"), lambda row, about: row.name),
    Column("supplier", words("Supplier"), lambda row, about: row.supplier),
    Column("product", words("Product"), lambda row, about: about.titles.get(row.sku_id, "")),
    Column("sku", words("SKU"), lambda row, about: about.skus[row.sku_id]),
    Column("imported", words("Imported"), lambda row, about: row.imported),
    Column("not_taken", words("Not taken"), lambda row, about: row.total - row.imported),
    Column("cost", words("Cost each"), lambda row, about: row.mean_cost),
    Column("expires", words("Expires"), lambda row, about: row.expires_on),
    Column("time", words("Time"), lambda row, about: row.created_at),
)

CODE_COLUMNS: tuple[Column, ...] = (
    Column("code", words("Code"), lambda row, about: f"•••• {row.tail}".strip()),
    Column("status", words("Status"), lambda row, about: Word(CLASS_WORDS[class_of(row, about.reader.today)])),
    Column("product", words("Product"), lambda row, about: about.titles.get(row.sku_id, "")),
    Column("sku", words("SKU"), lambda row, about: about.skus[row.sku_id]),
    Column("batch", words("Batch"), lambda row, about: about.batches[row.batch_id]),
    Column("line", words("Line"), lambda row, about: row.line),
    Column("tags", words("Tags"), lambda row, about: row.tags),
    Column("expires", words("Expires"), lambda row, about: row.expires_on),
)
