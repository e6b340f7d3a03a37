"""Batches: their facts are corrected, they are recalled and released, and an import is undone before its first sale."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.inventory.changes import Action, CodeChange
from app.inventory.errors import (
    BadCost,
    BadTags,
    BatchNotReady,
    BatchTouched,
    ChangeUnderWay,
    CostIsFixed,
    NotRecalled,
)
from app.inventory.events import BatchChanged, BatchRecalled, BatchUndone, RecallReleased
from app.inventory.lives import has_codes, last_recall, running_change, was_sold_at_its_cost, was_touched
from app.inventory.models import Batch, BatchState
from app.inventory.queries import count_chosen
from app.inventory.service.changing import change_codes
from app.inventory.staged import STAGING
from app.kit import crypto, db
from app.kit.errors import Invalid
from app.kit.events import By, publish
from app.kit.ids import public

MOST_TAGS, LONGEST_TAG = 20, 30
EVERY = 2**31 - 1


@dataclass(frozen=True)
class BatchFacts:
    """What is known of a batch and may be corrected."""

    name: str
    supplier: str
    cost_amount: int
    purchased_on: date | None
    expires_on: date | None
    rank: int
    tags: str
    note: str


def change_batch(batch_id: UUID, facts: BatchFacts, *, now: datetime, by: By) -> list[UUID]:
    """Correct what is known of a batch, and return the tasks that carry it to its codes.

    A new expiry reaches the codes that are not sold, a new cost those that have none of their own; the cost stays once
    one was sold at it. Raises Invalid, ChangeUnderWay.
    """
    batch = _locked(batch_id)
    before = BatchFacts(**{field.name: getattr(batch, field.name) for field in fields(BatchFacts)})
    differ = [field.name for field in fields(BatchFacts) if getattr(before, field.name) != getattr(facts, field.name)]
    _check(batch, facts, differ)
    for name in differ:
        setattr(batch, name, getattr(facts, name))
    publish(*(_changed(batch.id, name, before, facts, now, by) for name in differ))
    expires = facts.expires_on.isoformat() if facts.expires_on else ""
    return [
        *(_carry(batch, Action.EXPIRY, expires, now, by) if "expires_on" in differ else ()),
        *(_carry(batch, Action.COST, str(facts.cost_amount), now, by) if "cost_amount" in differ else ()),
    ]


def recall(batch_id: UUID, *, count: int, reason: str, now: datetime, by: By) -> UUID | None:
    """Freeze what a batch has not sold, and what of it comes in later; returns the task that does it, if there is one.

    Refuses with MoreCodesNow, ChangeUnderWay.
    """
    batch = _locked(batch_id)
    batch.recalled_at = now
    publish(BatchRecalled(subject_id=batch.id, reason=reason, at=now, by=by))
    known: dict[str, Any] = {"count": count, "reason": reason, "now": now, "by": by, "batch_id": batch.id}
    filters = _codes_of(batch)
    return change_codes(Action.RECALL, filters, **known) if count_chosen(Action.RECALL, filters) else None


def release_recall(batch_id: UUID, *, reason: str, now: datetime, by: By) -> UUID | None:
    """Unfreeze what the recall of a batch froze; what was frozen before stays. Refuses with NotRecalled."""
    batch = _locked(batch_id)
    if batch.recalled_at is None:
        raise NotRecalled
    batch.recalled_at = None
    publish(RecallReleased(subject_id=batch.id, reason=reason, at=now, by=by))
    made, filters = last_recall(batch.id), _codes_of(batch)
    if made is None or not count_chosen(Action.RELEASE, filters, recall=made.id):
        return None
    known: dict[str, Any] = {"count": EVERY, "reason": reason, "now": now, "by": by, "batch_id": batch.id}
    return change_codes(Action.RELEASE, filters, value=str(made.id), **known)


def undo_import(batch_id: UUID, *, count: int, reason: str, now: datetime, by: By) -> UUID:
    """Have the codes of a batch removed of which none was ever touched, and return the task that does it.

    Refuses with BatchNotReady, BatchTouched. A code that is sold while the task runs stays, and the batch with it.
    """
    batch = _locked(batch_id)
    if batch.state is not BatchState.READY:
        raise BatchNotReady
    if was_touched(batch):
        raise BatchTouched
    known: dict[str, Any] = {"count": count, "reason": reason, "now": now, "by": by, "batch_id": batch.id}
    return change_codes(Action.WITHDRAW, _codes_of(batch), **known)


def finish_change(row: CodeChange, now: datetime) -> None:
    """Do what is left to do at the end of a change: a batch without codes is undone, and their key destroyed."""
    if row.action is not Action.WITHDRAW or row.batch_id is None:
        return
    batch = db.get(Batch, row.batch_id)
    if has_codes(batch):
        return
    batch.state = BatchState.UNDONE
    crypto.destroy_key("code", batch.id.hex)
    crypto.destroy_key(STAGING, batch.id.hex)
    publish(BatchUndone(subject_id=batch.id, count=row.done, at=now, by=By(row.actor_type, row.actor_id)))


def _locked(batch_id: UUID) -> Batch:
    """Return a batch, locked, of which nothing else is being changed."""
    db.get(Batch, batch_id)
    query = select(Batch).where(Batch.id == batch_id).with_for_update().execution_options(populate_existing=True)
    batch = db.session().scalars(query).one()
    if running_change(batch.id) is not None:
        raise ChangeUnderWay
    return batch


def _codes_of(batch: Batch) -> dict[str, str]:
    return {"batch": public("bat", batch.id)}


def _check(batch: Batch, facts: BatchFacts, differ: list[str]) -> None:
    tags = facts.tags.split()
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
        raise Invalid({"tags": BadTags(MOST_TAGS, LONGEST_TAG)})
    if "cost_amount" not in differ:
        return
    if facts.cost_amount < 0:
        raise Invalid({"cost": BadCost()})
    if batch.state is not BatchState.READY:
        raise Invalid({"cost": BatchNotReady()})
    if was_sold_at_its_cost(batch):
        raise Invalid({"cost": CostIsFixed()})


def _changed(batch_id: UUID, name: str, before: BatchFacts, after: BatchFacts, now: datetime, by: By) -> BatchChanged:
    was, is_now = (str(value if (value := getattr(one, name)) is not None else "")[:200] for one in (before, after))
    return BatchChanged(subject_id=batch_id, field=name, before=was, after=is_now, at=now, by=by)


def _carry(batch: Batch, action: Action, value: str, now: datetime, by: By) -> list[UUID]:
    """Have the codes of a batch follow it, if there are any."""
    filters = _codes_of(batch)
    if not count_chosen(action, filters):
        return []
    known: dict[str, Any] = {"count": EVERY, "reason": "", "now": now, "by": by, "batch_id": batch.id}
    return [change_codes(action, filters, value=value, **known)]
