"""Questions about stock."""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, func, select, text

from app.inventory.models import Batch, BatchState, Code, ImportIssue, Stock
from app.inventory.models import Status as Status
from app.inventory.rules import canonical, canonical_pair
from app.inventory.rules import class_of as class_of
from app.kit import clock, crypto, db, tasks
from app.kit.crypto import Sealed
from app.kit.ids import from_public
from app.kit.inline import MANY, among, is_in, spread
from app.kit.listing import Listing
from app.kit.secret import Secret
from app.merchants import queries as merchants

IMPORT = "inventory.import"
DISCARD = "inventory.discard"
UPLOAD_TIME = timedelta(hours=1)
OF_SKU = text("code.status >= 0")  # names the index ix_code_sku
LOOK_UP = 500  # fingerprints a query
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


# Codes by what people type ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """What somebody typed: a code, or a number or account, and its PIN or password when there is one."""

    text: Secret
    pin: Secret | None = None


@dataclass(frozen=True)
class Standing:
    """How a code stands: whose it is, and whether it may be used; `proved` when the PIN that was typed is its own."""

    code_id: UUID
    sku_id: UUID
    entitlement_id: UUID | None
    status: Status
    frozen: bool
    needs_pin: bool = False
    proved: bool = False


CODE = Code.__table__.c
FACTS = (CODE.id, CODE.sku_id, CODE.entitlement_id, CODE.status, CODE.frozen)


def mark_of(text: Secret) -> str:
    """Return a mark of what was typed; it tells nobody without our key what that was. Without codes there is none."""
    key = crypto.find_fingerprint_key("code")
    return key.fingerprint(canonical("code", text.expose())).hex() if key else ""


def list_typed(typed: Sequence[Typed]) -> list[Standing | None]:
    """Return for each text the code it is, or None; by fingerprint, so nothing is opened."""
    key = crypto.find_fingerprint_key("code")
    if key is None:
        return [None] * len(typed)
    marks = [_marks(key, one) for one in typed]
    found: dict[bytes, Any] = {}
    wanted = sorted({mark for pair in marks for mark in pair})
    for at in range(0, len(wanted), LOOK_UP):
        some = wanted[at : at + LOOK_UP]
        count = 0 if len(some) > MANY and not db.is_sqlite() else len(some)
        binds = {"merchant": db.merchant_id()} | (spread("mark", some) if count else {"mark": some})
        found |= {row.fingerprint: row for row in db.session().execute(_with_marks(count), binds)}
    rows: list[Any] = [next((found[mark] for mark in pair if mark in found), None) for pair in marks]
    return [_standing(key, one, row) if row else None for one, row in zip(typed, rows, strict=True)]


@lru_cache(maxsize=64)  # making a statement costs more than running it
def _with_marks(count: int) -> Select[Any]:
    """Return the question for so many marks, or, for 0, for any number that comes as an array."""
    mark = among(CODE.fingerprint, "mark", count) if count else is_in(CODE.fingerprint, "mark")
    mine = (CODE.merchant_id == bindparam("merchant"), mark)
    return select(*FACTS, CODE.fingerprint, CODE.pin_fingerprint).where(*mine)


def _marks(key: crypto.Key, typed: Typed) -> tuple[bytes, ...]:
    """Return the fingerprints that a text may have; an account has one of its own spelling."""
    text = typed.text.expose()
    return tuple(key.fingerprint(each) for each in dict.fromkeys((canonical("code", text), canonical("account", text))))


def _standing(key: crypto.Key, typed: Typed, row: Any) -> Standing:
    proved = row.pin_fingerprint is None
    if typed.pin is not None and not proved:
        text, pin = typed.text.expose(), typed.pin.expose()
        pairs = (canonical_pair(field, text, pin) for field in ("number", "account"))
        proved = any(hmac.compare_digest(key.fingerprint(pair), row.pin_fingerprint) for pair in pairs)
    facts = (row.id, row.sku_id, row.entitlement_id, row.status, row.frozen)
    return Standing(*facts, needs_pin=row.pin_fingerprint is not None, proved=proved)


def is_barred(merchant_id: ColumnElement[int], code_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that nobody may use a code: frozen, set aside, void, or not sold at all."""
    own = (CODE.merchant_id == merchant_id, CODE.id == code_id, CODE.frozen | (CODE.status != Status.SOLD))
    return exists(select(CODE.id).where(*own))
