"""The import in four steps: a file is staged, its columns are chosen, a dry run counts, somebody decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.inventory import files, mapping
from app.inventory.errors import NotChecked, NothingNew, NotStaged, StoppedByChoice, TooDear
from app.inventory.events import ImportBegun, ImportDropped, ImportStaged
from app.inventory.files import Format
from app.inventory.mapping import Check, Plan
from app.inventory.models import Batch, BatchState, ImportChunk, ImportIssue, ImportMapping
from app.inventory.queries import CHECK, DISCARD, IMPORT, list_lanes
from app.inventory.service.checking import forget_check
from app.inventory.service.staging import ImportOrder, open_batch, take
from app.inventory.staged import DECIDE, first_lines, kind_of, lines_of, mapping_key, place_of, worth_of
from app.kit import db, tasks
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.kit.money import LARGEST


@dataclass(frozen=True)
class Layout:
    """How somebody says a staged file is to be read."""

    sheet: int
    encoding: str
    form: Format


def stage(merchant_id: int, order: ImportOrder, pieces: Iterable[bytes], *, now: datetime, today: date) -> UUID:
    """Take in a stream of bytes and return the batch that waits for a decision; opens its own units.

    Refuses what is no list of codes, and then leaves nothing behind.
    """
    batch = open_batch(merchant_id, order, now=now, today=today)
    encodings = files.Encodings.among(files.WIDER)

    def settle(sheets: Sequence[mapping.Sheet]) -> UUID:
        encodings.best()
        return _settle(batch.id, tuple(sheets), tuple(encodings.decoders), order.by, now)

    return take(batch, pieces, encodings, settle, most=files.MOST_SHEETS)


def _settle(
    batch_id: UUID, sheets: tuple[mapping.Sheet, ...], encodings: tuple[str, ...], by: By, now: datetime
) -> UUID:
    batch = db.get(Batch, batch_id)
    chosen = next(number for number, sheet in enumerate(sheets) if sheet.lines)
    plan = Plan(sheets=sheets, encodings=encodings, sheet=chosen)
    batch.encoding = encodings[-1]
    sample = "\n".join(lines_of(batch, plan.first_chunk) or ()).encode(encodings[-1])
    batch.encoding = files.likeliest(encodings, sample)
    found = first_lines(batch, plan)
    form = files.proposed(found, kind_of(batch).fields)
    known = db.session().get(ImportMapping, (batch.merchant_id, batch.sku_id, mapping_key(found[0], form.delimiter)))
    _lay_out(batch, plan, mapping.remembered(known.columns) if known else form)
    batch.state = BatchState.STAGED
    tasks.wake(DISCARD, now + DECIDE)
    publish(ImportStaged(subject_id=batch.id, lines=plan.lines, at=now, by=by))
    return batch.id


def _lay_out(batch: Batch, plan: Plan, form: Format) -> None:
    batch.delimiter, batch.columns = form.delimiter, ",".join(form.columns)
    batch.choices = replace(plan, has_header=form.has_header).written()


def check_import(batch_id: UUID, layout: Layout, *, now: datetime) -> UUID:
    """Read a staged file as somebody says, start its dry run, and return the task; refuses columns that do not fit."""
    batch = get_staged(batch_id)
    mapping.refuse_unfit(layout.form, kind_of(batch).fields)
    plan = mapping.read_plan(batch.choices)
    if layout.sheet not in range(len(plan.sheets)) or layout.encoding not in plan.encodings:
        raise NotFound
    batch.encoding = layout.encoding
    plan = forget_check(batch, replace(plan, sheet=layout.sheet, has_header=layout.form.has_header))
    place = place_of(batch, plan)
    plan = replace(plan, check=Check(chunk=place.chunk, row=place.row, lines=place.line - 1))
    _lay_out(batch, plan, layout.form)
    _keep_mapping(batch, plan, layout.form, now)
    return tasks.start(CHECK, batch_id, due_at=now, total=plan.lines)


def _keep_mapping(batch: Batch, plan: Plan, form: Format, now: datetime) -> None:
    lines = first_lines(batch, plan)
    key = mapping_key(lines[0], files.proposed(lines, kind_of(batch).fields).delimiter)
    values = {"columns": mapping.kept(form), "used_at": now}
    put = db.insert_or(ImportMapping).values(merchant_id=batch.merchant_id, sku_id=batch.sku_id, header=key, **values)
    db.session().execute(put.on_conflict_do_update(index_elements=["merchant_id", "sku_id", "header"], set_=values))


def begin_import(batch_id: UUID, *, duplicates: str, invalid: str, lane: int = 0, by: By, now: datetime) -> UUID:
    """Let a checked file be imported into a lane and return the task.

    Refuses when somebody chose to stop and there is cause, and a lane that the SKU does not have.
    """
    batch = get_staged(batch_id)
    plan = replace(mapping.read_plan(batch.choices), duplicates=duplicates, invalid=invalid)
    if plan.check is None or plan.check.state != "done":
        raise NotChecked
    unwanted = plan.check.duplicates * (duplicates == mapping.STOP) + plan.check.invalid * (invalid == mapping.STOP)
    if unwanted:
        raise StoppedByChoice(unwanted)
    if not plan.check.new:
        raise NothingNew
    if worth_of(batch, plan.check) > LARGEST:
        raise TooDear
    if lane not in {0, *(one.number for one in list_lanes(batch.sku_id))}:
        raise NotFound
    batch.lane = lane
    batch.choices = forget_check(batch, plan).written()
    place = place_of(batch, plan)
    batch.next_chunk, batch.next_row, batch.lines = place.chunk, place.row, place.line - 1
    batch.state = BatchState.IMPORTING
    publish(ImportBegun(subject_id=batch.id, lines=plan.lines, duplicates=duplicates, invalid=invalid, at=now, by=by))
    return tasks.start(IMPORT, batch_id, due_at=now, total=plan.lines)


def drop_import(batch_id: UUID, *, by: By, now: datetime) -> None:
    """Wipe a staged file that nobody wants to import, with all that was known of it."""
    batch = get_staged(batch_id)
    publish(ImportDropped(subject_id=batch.id, at=now, by=by))
    _wipe(batch)


def discard_undecided(*, before: datetime) -> datetime | None:
    """Wipe the files staged before a moment that nobody decided about, and return when the next one was staged."""
    staged = Batch.state == BatchState.STAGED
    old = select(Batch).where(staged, Batch.created_at <= before).with_for_update()
    for batch in db.session().scalars(old).all():
        _wipe(batch)
    next_one = select(Batch.created_at).where(staged, Batch.created_at > before).order_by(Batch.created_at).limit(1)
    return db.session().scalar(next_one)


def stop_check(batch_id: UUID) -> None:
    """Say on a staged file that its dry run could not go on."""
    batch = db.find(Batch, batch_id)
    if batch is not None and batch.state is BatchState.STAGED:
        batch.choices = mapping.read_plan(batch.choices).with_check(state="failed").written()


def _wipe(batch: Batch) -> None:
    task = tasks.find(CHECK, batch.id)
    if task is not None:
        tasks.cancel(task.id)
    for model in (ImportChunk, ImportIssue):
        db.session().execute(delete(model).where(model.batch_id == batch.id))
    db.session().delete(batch)


def get_staged(batch_id: UUID | None) -> Batch:
    """Return a file that waits for a decision, for a change; refuses when it does not wait any more."""
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one_or_none()
    if batch is None:
        raise NotFound
    if batch.state is not BatchState.STAGED:
        raise NotStaged
    return batch
