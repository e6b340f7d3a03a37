"""Staging: an upload becomes sealed chunks in the database, so that any process can go on with it, in clear nowhere."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import delete, select

from app.catalog import queries as catalog
from app.inventory import files, mapping
from app.inventory.errors import BadCost, BadExpiry, EmptyFile
from app.inventory.models import Batch, BatchState, ImportChunk
from app.inventory.queries import DISCARD, IMPORT, UPLOAD_TIME
from app.inventory.staged import BYTES, STAGING, kind_of, lines_of
from app.kit import crypto, db, tasks
from app.kit.events import By
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.secret import Secret

T = TypeVar("T")
COUNTERS = (
    *("next_chunk", "next_row", "lines", "imported", "duplicate_in_file", "duplicate_in_stock", "invalid"),
    *("own_costed", "own_costs"),
)
UNTOLD: dict[str, Any] = {"purchased_on": None, "tags": "", "note": "", "rank": 0, "lane": 0, "choices": ""}


@dataclass(frozen=True)
class ImportOrder:
    """What is to be imported, and what is known of where it comes from."""

    sku_code: str
    name: str
    file_name: str
    supplier: str
    cost: Money
    expires_on: date | None
    by: By


def receive(merchant_id: int, order: ImportOrder, pieces: Iterable[bytes], *, now: datetime, today: date) -> UUID:
    """Take in a stream of bytes, start the task that imports it, and return the task; opens its own units.

    Refuses a file that is no list of codes, and then leaves nothing behind; what a killed process leaves, nobody sees,
    and a task discards it.
    """
    batch = open_batch(merchant_id, order, now=now, today=today)
    encodings = files.Encodings()

    def begin(sheets: Sequence[mapping.Sheet]) -> UUID:
        return _begin(batch.id, encodings.best(), sheets[0].lines, now)

    return take(batch, pieces, encodings, begin, most=1)


def take(
    batch: Batch,
    pieces: Iterable[bytes],
    encodings: files.Encodings,
    then: Callable[[Sequence[mapping.Sheet]], T],
    *,
    most: int,
) -> T:
    """Stage a stream of bytes and return what `then` answers in the unit that ends it; discards all when one raises."""
    try:
        sheets = [
            _take_sheet(batch, number, name, text, encodings)
            for number, (name, text) in enumerate(files.sheets_of(pieces, most=most))
        ]
        if not any(sheet.lines for sheet in sheets):
            raise EmptyFile
        return db.write(batch.merchant_id, lambda: then(sheets))
    except BaseException:  # a refusal, a sender who hung up, Ctrl-C
        db.write(batch.merchant_id, lambda: discard([batch.id]))
        raise


def _take_sheet(
    batch: Batch, number: int, name: str, text: Iterable[bytes], encodings: files.Encodings
) -> mapping.Sheet:
    starts, lines = [], 0
    for place, chunk in enumerate(files.whole_lines(text, encodings)):
        stage_chunk(batch, number * mapping.SHEET + place, chunk)
        starts.append(lines + 1)
        lines += files.count_lines(chunk)
    return mapping.Sheet(name, lines, tuple(starts))


def open_batch(merchant_id: int, order: ImportOrder, *, now: datetime, today: date) -> Batch:
    """Open the batch that a file will be staged for; refuses a cost or an expiry that cannot be."""
    return db.write(merchant_id, lambda: _open(order, now, today))


def _open(order: ImportOrder, now: datetime, today: date) -> Batch:
    sku = catalog.get_sku(order.sku_code)
    _check(order, today)
    number = new_id()
    batch = Batch(
        id=number,
        sku_id=sku.id,
        name=order.name,
        supplier=order.supplier,
        cost_amount=order.cost.minor,
        cost_currency=order.cost.currency,
        expires_on=order.expires_on,
        file_name=order.file_name,
        key_id=crypto.create_key("code", number.hex).id,
        state=BatchState.RECEIVING,
        created_at=now,
        created_by=order.by.id,
        **UNTOLD,
        encoding="",
        columns="",
        delimiter="",
        **dict.fromkeys(COUNTERS, 0),
    )
    crypto.create_key(STAGING, number.hex)
    db.session().add(batch)
    tasks.wake(DISCARD, now + UPLOAD_TIME)
    return batch


def _check(order: ImportOrder, today: date) -> None:
    if order.cost.minor < 0:
        raise BadCost
    if order.expires_on is not None and order.expires_on < today:
        raise BadExpiry


def stage_chunk(batch: Batch, number: int, chunk: bytes) -> None:
    """Seal some lines of an upload and keep them, in a unit of their own."""
    db.write(batch.merchant_id, lambda: _write_chunk(batch.id, number, chunk))


def _write_chunk(batch_id: UUID, number: int, chunk: bytes) -> None:
    key = crypto.key_for(STAGING, batch_id.hex)
    sealed = key.seal("import_chunk", str(number), batch_id, Secret(chunk.decode(BYTES)))
    db.session().add(ImportChunk(batch_id=batch_id, number=number, key_id=key.id, sealed=sealed))


def _begin(batch_id: UUID, encoding: str, total: int, now: datetime) -> UUID:
    """Find out how the file is to be read, and start the import; refuses one without codes or with a broken header."""
    batch = db.get(Batch, batch_id)
    batch.encoding = encoding
    while (lines := lines_of(batch, batch.next_chunk)) is not None and not any(map(str.strip, lines)):
        batch.lines, batch.next_chunk = batch.lines + len(lines), batch.next_chunk + 1
    if lines is None:
        raise EmptyFile
    first = next(number for number, line in enumerate(lines) if line.strip())
    form = files.format_of(lines[first], kind_of(batch).fields)
    batch.delimiter, batch.columns = form.delimiter, ",".join(form.columns)
    if form.has_header:
        batch.lines, batch.next_row = batch.lines + first + 1, first + 1
        if not any(map(str.strip, lines[batch.next_row :])) and lines_of(batch, batch.next_chunk + 1) is None:
            raise EmptyFile
    batch.state = BatchState.IMPORTING
    return tasks.start(IMPORT, batch_id, due_at=now, total=total)


def discard(batch_ids: Sequence[UUID]) -> None:
    """Remove uploads with what was staged of them; one whose import has begun by now stays."""
    receiving = (Batch.id.in_(batch_ids), Batch.state == BatchState.RECEIVING)
    lost = db.session().scalars(select(Batch.id).where(*receiving).with_for_update()).all()
    db.session().execute(delete(ImportChunk).where(ImportChunk.batch_id.in_(lost)))
    db.session().execute(delete(Batch).where(Batch.id.in_(lost)))
