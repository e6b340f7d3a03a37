"""Importing: sealed chunks become sealed codes, slice by slice, each in its own unit; a task takes the slices.

A slice moves its position in the same transaction as its codes, so an import that is cut off goes on where it stopped:
no row twice, none lost. Its codes are in stock with its commit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.catalog.queries import Kind
from app.inventory import mapping
from app.inventory.errors import ImportStopped, NothingToRetry, NotRunning
from app.inventory.events import CodesImported, CodesStocked, ImportCancelled
from app.inventory.models import Batch, BatchState, ImportChunk
from app.inventory.queries import IMPORT, get_batch, progress_of
from app.inventory.service.checking import unwanted_line
from app.inventory.service.counting import recount
from app.inventory.service.intake import Row, rows_of, take_in
from app.inventory.service.staging import ImportOrder, discard, receive
from app.inventory.staged import kind_of, lines_of
from app.kit import db, tasks
from app.kit.errors import NotFound
from app.kit.events import By, publish

SLICE = 1000


def import_codes(
    merchant_id: int,
    order: ImportOrder,
    pieces: Iterable[bytes],
    *,
    now: datetime,
    today: date,
    seconds: float | None = None,
) -> Batch:
    """Import a stream of bytes and return the batch, finished or as far as `seconds` sufficed; opens its own units.

    Refuses a file that is no list of codes, and then leaves nothing behind. The rest is a worker's.
    """
    task = tasks.run(merchant_id, receive(merchant_id, order, pieces, now=now, today=today), seconds=seconds)
    batch = db.read(merchant_id, lambda: get_batch(task.subject_id))
    if batch.state is BatchState.FAILED:
        raise ImportStopped(batch.name, batch.lines)
    return batch


def import_slice(batch_id: UUID, *, now: datetime) -> Batch:
    """Take in the next slice of lines, or finish; the position moves in the same transaction."""
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one()
    if batch.state is not BatchState.IMPORTING:
        return batch
    lines = lines_of(batch, batch.next_chunk)
    if lines is None:
        _finish(batch, now)
        return batch
    before, part = batch.imported, lines[batch.next_row : batch.next_row + SLICE]
    kind = kind_of(batch)
    rows = rows_of(batch, kind, part, batch.lines)
    if batch.choices and _stops(batch, kind, rows):
        return batch
    take_in(batch, kind, rows)
    batch.lines += len(part)
    batch.next_row += len(part)
    if batch.next_row >= len(lines):
        batch.next_chunk, batch.next_row = batch.next_chunk + 1, 0
    _tell_stocked(batch, batch.imported - before, now)
    return batch


def _stops(batch: Batch, kind: Kind, rows: Sequence[Row]) -> bool:
    """Let an import stop before rows that are not new, where somebody chose so; nothing of these rows is taken."""
    plan = mapping.read_plan(batch.choices)
    line = unwanted_line(plan, kind, rows) if mapping.STOP in (plan.duplicates, plan.invalid) else 0
    if line:
        batch.state, batch.choices = BatchState.FAILED, replace(plan, stopped_at=line).written()
    return bool(line)


def _tell_stocked(batch: Batch, count: int, now: datetime) -> None:
    if count:
        told = CodesStocked(
            subject_id=batch.sku_id, batch_id=batch.id, skus=(batch.sku_id,), count=count, at=now, by=_by(batch)
        )
        publish(told)


def _by(batch: Batch) -> By:
    return By("user", batch.created_by) if batch.created_by else By("system")


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
            by=_by(batch),
        )
    )


# When it does not go well ----------------------------------------------------------------------------------------


def stop_import(batch_id: UUID) -> None:
    """Mark an import as failed that could not go on; what it has imported stays, and what is staged waits."""
    batch = db.get(Batch, batch_id)
    if batch.state is BatchState.IMPORTING:
        batch.state = BatchState.FAILED


def retry_import(batch_id: UUID, *, now: datetime) -> None:
    """Let a failed import go on where it stopped; refuses with NothingToRetry when there is none.

    One that stopped since somebody chose so leaves out from now on what is not new.
    """
    batch = db.get(Batch, batch_id)
    if batch.state is not BatchState.FAILED:
        raise NothingToRetry
    if batch.choices:
        plan = mapping.read_plan(batch.choices)
        batch.choices = replace(plan, duplicates=mapping.SKIP, invalid=mapping.SKIP, stopped_at=0).written()
    batch.state = BatchState.IMPORTING
    tasks.start(IMPORT, batch_id, due_at=now, total=progress_of(batch).total)


def cancel_import(batch_id: UUID, *, by: By, now: datetime) -> None:
    """End an import where it is: what came in stays, the rest of the file is wiped; refuses when it does not run."""
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one_or_none()
    if batch is None:
        raise NotFound
    if batch.state not in {BatchState.IMPORTING, BatchState.FAILED} or batch.is_made_here:
        raise NotRunning
    task = tasks.find(IMPORT, batch_id)
    if task is not None:
        tasks.cancel(task.id)
    batch.choices = replace(mapping.read_plan(batch.choices), cut_at=max(batch.lines, 1)).written()
    publish(ImportCancelled(subject_id=batch.id, lines=batch.lines, at=now, by=by))
    _finish(batch, now)


def discard_abandoned(*, before: datetime) -> datetime | None:
    """Remove uploads begun before a moment that never came to their end, and return when the next one began."""
    receiving = Batch.state == BatchState.RECEIVING
    lost = db.session().scalars(select(Batch.id).where(receiving, Batch.created_at <= before)).all()
    if lost:
        discard(lost)
    next_one = select(Batch.created_at).where(receiving, Batch.created_at > before).order_by(Batch.created_at).limit(1)
    return db.session().scalar(next_one)
