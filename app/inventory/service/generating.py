"""Generating: a task makes codes of a pattern, seals them and puts them into a batch of their SKU, slice by slice.

The codes are made in the unit that inserts them: neither the task nor the batch's staging ever holds one. A code that
happens to exist is made anew, so a batch has just as many as were asked for.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.queries import Kind
from app.inventory import patterns
from app.inventory.errors import BadCount, BadExpiry, NotMaking, OnlyPlainCodes
from app.inventory.events import CodesImported, CodesStocked, MakingCancelled
from app.inventory.models import MADE_HERE, Batch, BatchState
from app.inventory.queries import GENERATE
from app.inventory.service.counting import recount
from app.inventory.service.intake import Row, take_in
from app.inventory.service.staging import COUNTERS, UNTOLD
from app.kit import crypto, db, tasks
from app.kit.errors import Invalid, NotFound, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id

MOST, SLICE = 100_000, 2000


@dataclass(frozen=True)
class Wish:
    """How many codes of which look are to be made for a SKU."""

    sku_code: str
    name: str
    pattern: str
    count: int
    expires_on: date | None
    by: By


def generate(wish: Wish, *, now: datetime, today: date, currency: str) -> UUID:
    """Open a batch and start the task that fills it; returns the batch.

    Raises Invalid with BadPattern, TooGuessable, BadCount, BadExpiry, OnlyPlainCodes.
    """
    sku = catalog.get_sku(wish.sku_code)
    if faults := _faults(wish, sku.kind, today):
        raise Invalid(faults)
    batch = _batch(wish, sku.id, currency, now)
    db.session().add(batch)
    db.session().flush()
    tasks.start(GENERATE, batch.id, due_at=now, total=wish.count)
    return batch.id


def _batch(wish: Wish, sku_id: UUID, currency: str, now: datetime) -> Batch:
    number, pattern = new_id(), patterns.parse(wish.pattern).text
    return Batch(
        id=number,
        sku_id=sku_id,
        name=wish.name or pattern,
        supplier="",
        cost_amount=0,
        cost_currency=currency,
        expires_on=wish.expires_on,
        file_name="",
        key_id=crypto.create_key("code", number.hex).id,
        state=BatchState.IMPORTING,
        created_at=now,
        created_by=wish.by.id,
        **UNTOLD,
        encoding=MADE_HERE,
        columns=pattern,
        delimiter="",
        **dict.fromkeys(COUNTERS, 0),
    )


def _faults(wish: Wish, kind: Kind, today: date) -> dict[str, Refusal]:
    """Return what is wrong with a wish, by field."""
    faults: dict[str, Refusal] = {}
    if kind is not Kind.CODE:
        faults["sku"] = OnlyPlainCodes()
    if not 0 < wish.count <= MOST:
        faults["count"] = BadCount(MOST)
    if wish.expires_on is not None and wish.expires_on < today:
        faults["expires"] = BadExpiry()
    try:
        patterns.parse(wish.pattern)
    except patterns.BadPattern as refusal:
        faults["pattern"] = refusal
    return faults


def generate_slice(batch_id: UUID, total: int, *, now: datetime) -> Batch:
    """Make the next codes of a batch, or finish it; they are in stock with the commit."""
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one()
    if batch.state is not BatchState.IMPORTING:
        return batch
    count = min(SLICE, total - batch.imported)
    if count <= 0:
        finish_generating(batch_id, now=now)
        return batch
    pattern, before = patterns.parse(batch.columns), batch.imported
    rows = [Row(batch.lines + number, (pattern.make(),)) for number in range(1, count + 1)]
    take_in(batch, Kind.CODE, rows)
    batch.lines += len(rows)
    skus, made = (batch.sku_id,), batch.imported - before
    if made:
        publish(CodesStocked(subject_id=batch.sku_id, batch_id=batch.id, skus=skus, count=made, at=now, by=_by(batch)))
    return batch


def cancel_generating(batch_id: UUID, *, by: By, now: datetime) -> None:
    """End the making of codes where it is: those that are there stay; refuses with NotMaking when it is over."""
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one_or_none()
    if batch is None:
        raise NotFound
    task = tasks.find(GENERATE, batch_id)
    if batch.state is not BatchState.IMPORTING or task is None:
        raise NotMaking
    tasks.cancel(task.id)
    publish(MakingCancelled(subject_id=batch.id, made=batch.imported, wanted=task.total, at=now, by=by))
    finish_generating(batch_id, now=now)


def finish_generating(batch_id: UUID, *, now: datetime) -> None:
    """End the making of codes, with all of them or with those that are there by now."""
    batch = db.get(Batch, batch_id)
    if batch.state is not BatchState.IMPORTING:
        return
    batch.state = BatchState.READY
    db.session().flush()
    recount((batch.sku_id,), now=now)
    counts = {name: getattr(batch, name) for name in COUNTED}
    publish(CodesImported(subject_id=batch.id, skus=(batch.sku_id,), at=now, by=_by(batch), **counts))


COUNTED = ("total", "imported", "duplicate_in_file", "duplicate_in_stock", "invalid")


def _by(batch: Batch) -> By:
    return By("user", batch.created_by) if batch.created_by else By("system")
