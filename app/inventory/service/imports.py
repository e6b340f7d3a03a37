"""Importing: a file becomes sealed chunks, chunks become sealed codes, slice by slice, each in its own unit.

A slice moves its position in the same transaction as its codes, so an import that is cut off can go on where it
stopped: no row twice, none lost.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.catalog import queries as catalog
from app.catalog.queries import Kind
from app.inventory import files
from app.inventory.errors import BadCost, BadExpiry, EmptyFile
from app.inventory.events import CodesImported
from app.inventory.models import Batch, BatchState, ImportChunk, ImportIssue
from app.inventory.service.counting import recount
from app.inventory.service.intake import Row, take_in
from app.kit import crypto, db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.secret import Secret

SLICE = 2000
STAGING = "import staging"
COUNTERS = ("next_chunk", "next_row", "lines", "imported", "duplicate_in_file", "duplicate_in_stock", "invalid")
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


def import_codes(
    merchant_id: int,
    order: ImportOrder,
    pieces: Iterable[bytes],
    *,
    now: datetime,
    today: date,
    progress: Callable[[Batch], None] = lambda batch: None,
) -> Batch:
    """Import a stream of bytes and return the finished batch with its four numbers; opens its own units.

    Refuses a file that is no list of codes, and then leaves nothing behind.
    """
    batch = db.write(merchant_id, lambda: _open(order, now, today))
    try:
        encodings = files.Encodings()
        for number, chunk in enumerate(files.whole_lines(pieces, encodings)):
            _stage(batch, number, chunk)
        encoding = encodings.best()
        db.write(merchant_id, lambda: _begin(batch.id, encoding))
    except BaseException:  # a refusal, a sender who hung up, Ctrl-C
        db.write(merchant_id, lambda: _discard(batch.id))
        raise
    return _work_off(merchant_id, batch.id, now, progress)


def _work_off(merchant_id: int, batch_id: UUID, now: datetime, progress: Callable[[Batch], None]) -> Batch:
    batch = db.write(merchant_id, lambda: _import_slice(batch_id, now))
    while batch.state is BatchState.IMPORTING:
        progress(batch)
        batch = db.write(merchant_id, lambda: _import_slice(batch_id, now))
    return batch


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
        state=BatchState.IMPORTING,
        created_at=now,
        created_by=order.by.id,
        encoding="",
        columns="",
        delimiter="",
        **dict.fromkeys(COUNTERS, 0),
    )
    crypto.create_key(STAGING, number.hex)
    db.session().add(batch)
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


def _begin(batch_id: UUID, encoding: str) -> None:
    """Find out how the file is to be read; refuses one without codes or with a broken header."""
    batch = db.get(Batch, batch_id)
    batch.encoding = encoding
    while (lines := _lines(batch, batch.next_chunk)) is not None and not any(map(str.strip, lines)):
        batch.lines, batch.next_chunk = batch.lines + len(lines), batch.next_chunk + 1
    if lines is None:
        raise EmptyFile
    first = next(number for number, line in enumerate(lines) if line.strip())
    form = files.format_of(lines[first], _kind(batch).fields)
    batch.delimiter, batch.columns = form.delimiter, ",".join(form.columns)
    if form.has_header:
        batch.lines, batch.next_row = batch.lines + first + 1, first + 1
        if not any(map(str.strip, lines[batch.next_row :])) and _lines(batch, batch.next_chunk + 1) is None:
            raise EmptyFile


def _discard(batch_id: UUID) -> None:
    for table in (ImportChunk, ImportIssue):
        db.session().execute(delete(table).where(table.batch_id == batch_id))
    db.session().execute(delete(Batch).where(Batch.id == batch_id))


def _import_slice(batch_id: UUID, now: datetime) -> Batch:
    """Take in the next slice of lines, or finish; the position moves in the same transaction."""
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one()
    if batch.state is not BatchState.IMPORTING:
        return batch
    lines = _lines(batch, batch.next_chunk)
    if lines is None:
        _finish(batch, now)
        return batch
    kind = _kind(batch)
    form = files.Format(batch.delimiter, tuple(batch.columns.split(",")), has_header=False)
    part = lines[batch.next_row : batch.next_row + SLICE]
    rows = [
        Row(batch.lines + offset + 1, tuple(form.values(line, kind.fields)))
        for offset, line in enumerate(part)
        if line.strip()
    ]
    take_in(batch, kind, rows)
    batch.lines += len(part)
    batch.next_row += len(part)
    if batch.next_row >= len(lines):
        batch.next_chunk, batch.next_row = batch.next_chunk + 1, 0
    return batch


def _finish(batch: Batch, now: datetime) -> None:
    batch.state = BatchState.READY
    db.session().execute(delete(ImportChunk).where(ImportChunk.batch_id == batch.id))
    db.session().flush()
    recount((batch.sku_id,), now=now)
    publish(
        CodesImported(
            subject_id=batch.id,
            skus=(batch.sku_id,),
            total=batch.total,
            imported=batch.imported,
            duplicate_in_file=batch.duplicate_in_file,
            duplicate_in_stock=batch.duplicate_in_stock,
            invalid=batch.invalid,
            at=now,
            by=By("user", batch.created_by) if batch.created_by else By("system"),
        )
    )


def _lines(batch: Batch, number: int) -> Sequence[str] | None:
    """Return the lines of a staged chunk, or None after the last."""
    chunk = db.session().get(ImportChunk, (batch.merchant_id, batch.id, number))
    if chunk is None:
        return None
    place = crypto.Sealed("import_chunk", str(number), batch.merchant_id, batch.id, chunk.key_id, chunk.sealed)
    text = crypto.unseal(place, STAGING).expose().encode(BYTES).decode(batch.encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _kind(batch: Batch) -> Kind:
    return catalog.list_skus_by_id([batch.sku_id])[batch.sku_id].kind
