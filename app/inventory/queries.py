"""Questions about stock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, text

from app.inventory.models import Batch, BatchState, Code, ImportIssue, Status, Stock
from app.inventory.rules import class_of as class_of
from app.kit import clock, db, tasks
from app.kit.crypto import Sealed
from app.kit.ids import from_public
from app.kit.inline import among, spread
from app.kit.listing import Listing
from app.merchants import queries as merchants

IMPORT = "inventory.import"
DISCARD = "inventory.discard"
UPLOAD_TIME = timedelta(hours=1)
OF_SKU = text("code.status >= 0")  # names the index ix_code_sku
CLASSES = ("available", "held", "sold", "expired", "frozen", "quarantined", "void")


def _in_class(query: Select[Any], name: str) -> Select[Any]:
    """Keep the codes that count under a class on the shop's present day."""
    today = clock.now().astimezone(ZoneInfo(merchants.current().zone)).date()
    return query.where(_class_on(today) == name) if name in CLASSES else query


def _class_on(today: date) -> ColumnElement[str]:
    """Return what rules.class_of says, for the database."""
    return case(
        (Code.status == Status.VOID, "void"),
        (Code.status == Status.SOLD, "sold"),
        (Code.frozen, "frozen"),
        (Code.expires_on < today, "expired"),
        (Code.status == Status.QUARANTINED, "quarantined"),
        (Code.status == Status.HELD, "held"),
        else_="available",
    )


CODES = Listing(
    query=lambda: select(Code),
    keys=(Code.id,),
    filters={
        "sku": lambda query, said: query.where(OF_SKU, Code.sku_id == from_public("sku", said)),
        "batch": lambda query, said: query.where(Code.batch_id == from_public("bat", said)),
        "status": _in_class,
        "tail": lambda query, said: query.where(Code.tail.in_({said, said.upper(), said.lower()})),
    },
)

# What is still being received is no stock yet, and may never be.
BATCHES = Listing(query=lambda: select(Batch).where(Batch.state != BatchState.RECEIVING), keys=(Batch.id,))


@dataclass(frozen=True)
class Progress:
    """How far an import is: lines of the file done and in all, and when the work on it began."""

    done: int
    total: int
    began_at: datetime

    def seconds_left(self, now: datetime) -> int | None:
        """Return how long it still takes at its pace up to now, or None while there is no pace."""
        passed = (now - self.began_at).total_seconds()
        return round(passed * (self.total - self.done) / self.done) if self.done and passed > 0 else None

    def rate(self, now: datetime) -> int:
        """Return how many lines a second it did up to now."""
        passed = (now - self.began_at).total_seconds()
        return round(self.done / passed) if passed > 0 else 0


def count_by_class(sku_id: UUID, *, today: date) -> dict[str, int]:
    """Count all codes of a SKU, each under the first class that fits (design.md, Stock)."""
    under = _class_on(today)
    query = select(under, func.count()).where(OF_SKU, Code.sku_id == sku_id).group_by(under)
    counted: dict[str, int] = dict(db.session().execute(query).all())
    return {name: counted.get(name, 0) for name in CLASSES}


def list_in_stock() -> frozenset[UUID]:
    """Return the SKUs that have stock by the rolled-up count."""
    return frozenset(db.session().scalars(select(Stock.sku_id).where(Stock.available > 0)))


def stock_of(sku_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the rolled-up stock of SKUs; a SKU never counted has none."""
    asked = list(sku_ids)
    binds = {"merchant": db.merchant_id()} | spread("sku", asked)
    return dict(db.session().execute(_stock(len(asked)), binds).all()) if asked else {}


@lru_cache
def _stock(count: int) -> Select[Any]:
    """Return the question for the stock of so many SKUs, as every page of the shelf asks it."""
    stock = Stock.__table__.c
    return select(stock.sku_id, stock.available).where(
        stock.merchant_id == bindparam("merchant"), among(stock.sku_id, "sku", count)
    )


def get_batch(number: UUID | None) -> Batch:
    """Return a batch of the shop, or refuse with NotFound."""
    return db.get(Batch, number)


def progress_of(batch: Batch) -> Progress:
    """Return how far the import of a batch is."""
    task = tasks.find(IMPORT, batch.id)
    if task is None:
        return Progress(batch.lines, batch.lines, batch.created_at)
    return Progress(batch.lines, task.total, task.created_at)


def list_batches_by_id(ids: Iterable[UUID]) -> dict[UUID, Batch]:
    """Return the batches with these ids."""
    return {batch.id: batch for batch in db.session().scalars(select(Batch).where(Batch.id.in_(list(ids))))}


def list_issues(batch_id: UUID, *, limit: int) -> Sequence[ImportIssue]:
    """List the rows of an import that were not taken, first lines first."""
    query = select(ImportIssue).where(ImportIssue.batch_id == batch_id).order_by(ImportIssue.line).limit(limit)
    return db.session().scalars(query).all()


def sealed_codes(code_ids: Iterable[UUID]) -> dict[UUID, Sealed]:
    """Return the seals of codes; only `crypto.open` gets at what is inside."""
    query = select(Code.merchant_id, Code.id, Code.key_id, Code.sealed).where(Code.id.in_(list(code_ids)))
    return {
        number: Sealed("code", "sealed", merchant, number, key_id, blob)
        for merchant, number, key_id, blob in db.session().execute(query)
    }
