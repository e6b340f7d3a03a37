"""Staging: an upload becomes sealed chunks in the database, so that any process can go on with it, in clear nowhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from app.catalog import queries as catalog
from app.catalog.queries import Kind
from app.inventory import files
from app.inventory.errors import BadCost, BadExpiry, EmptyFile
from app.inventory.models import Batch, BatchState, ImportChunk
from app.inventory.queries import DISCARD, IMPORT, UPLOAD_TIME
from app.kit import crypto, db, tasks
from app.kit.events import By
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.secret import Secret

STAGING = "import staging"
COUNTERS = ("next_chunk", "next_row", "lines", "imported", "duplicate_in_file", "duplicate_in_stock", "invalid")
UNTOLD: dict[str, Any] = {"purchased_on": None, "tags": "", "note": "", "rank": 0, "lane": 0, "choices": ""}
BYTES = "latin-1"  # maps each byte to one letter and back


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
    batch = db.write(merchant_id, lambda: _open(order, now, today))
    try:
        encodings, total = files.Encodings(), 0
        for number, chunk in enumerate(files.whole_lines(pieces, encodings)):
            _stage(batch, number, chunk)
            total += files.count_lines(chunk)
        encoding = encodings.best()
        return db.write(merchant_id, lambda: _begin(batch.id, encoding, total, now))
    except BaseException:  # a refusal, a sender who hung up, Ctrl-C
        db.write(merchant_id, lambda: discard([batch.id]))
        raise


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


def _stage(batch: Batch, number: int, chunk: bytes) -> None:
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


def lines_of(batch: Batch, number: int) -> Sequence[str] | None:
    """Return the lines of a staged chunk, or None after the last."""
    chunk = db.session().get(ImportChunk, (batch.merchant_id, batch.id, number))
    if chunk is None:
        return None
    place = crypto.Sealed("import_chunk", str(number), batch.merchant_id, batch.id, chunk.key_id, chunk.sealed)
    text = crypto.unseal(place, STAGING).expose().encode(BYTES).decode(batch.encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def kind_of(batch: Batch) -> Kind:
    """Return what a code of the batch's SKU consists of."""
    return catalog.list_skus_by_id([batch.sku_id])[batch.sku_id].kind
