"""Questions about the life of codes and batches: what was done to them, and which papers there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, exists, func, literal_column, select
from sqlalchemy.orm import defer

from app.inventory.changes import Action, ChangeState, CodeChange, CodeChanged
from app.inventory.models import Batch, Code, Proof, SharedCode, Status
from app.kit import db, tasks
from app.kit.errors import NotFound
from app.kit.events import EventRow
from app.kit.few import no_index
from app.kit.ids import from_public
from app.kit.listing import Listing
from app.kit.money import Money

CODE = Code.__table__.c
FEW = 10_000
MANY, SOME = literal_column("0.9", Float()), literal_column("0.5", Float())
MOVE = "inventory.move"
CHANGES = Listing(query=lambda: select(CodeChange), keys=(CodeChange.id,))


def in_batch(batch: Batch | None) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a code is of a batch, with the range of ids in which alone it can be."""
    if batch is None:
        return (Code.batch_id.is_(None),)
    known = batch.first_code is not None and batch.last_code is not None
    within = (Code.id >= batch.first_code, Code.id <= batch.last_code) if known else ()
    return (*within, Code.batch_id == batch.id)


def of_batch(query: Select[Any], said: str) -> Select[Any]:
    """Keep the codes of the batch with this public id."""
    number = from_public("bat", said)
    batch = db.find(Batch, number) if number else None
    if batch is None or batch.first_code is None or batch.last_code is None or batch.imported <= FEW:
        return query.where(*in_batch(batch))
    return query.where(*between(batch.first_code, batch.last_code, MANY), Code.batch_id == batch.id)


def between(first: UUID, last: UUID, keeps: ColumnElement[float]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a code of a list has an id from this one to that one.

    Of several bounds on one side SQLite walks from any. Deep in a list that must be the cursor, not the end of a batch
    of a million; so it is told which share of all codes these two keep, MANY or SOME, and takes the cursor for less.
    """
    ends = (Code.id >= first, Code.id <= last)
    return tuple(func.likelihood(end, keeps) for end in ends) if db.is_sqlite() else ends


def get_code(number: UUID | None) -> Code:
    """Return a code of the shop with what may be seen of it, or refuse with NotFound."""
    return db.get(Code, number)


def of_entitlements(query: Select[Any], ids: Collection[UUID]) -> Select[Any]:
    """Keep the codes of these entitlements."""
    return query.where(Code.entitlement_id.in_(list(ids)))


def list_codes_by_entitlement(entitlement_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the code of each of these entitlements that has one."""
    query = select(Code.entitlement_id, Code.id).where(Code.entitlement_id.in_(list(entitlement_ids)))
    return {owner: number for owner, number in db.session().execute(query) if owner is not None}


def is_frozen(merchant_id: ColumnElement[int], code_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a code is frozen, so that nobody may look at it."""
    return exists(select(CODE.id).where(CODE.merchant_id == merchant_id, CODE.id == code_id, CODE.frozen))


def was_touched(batch: Batch) -> bool:
    """Tell whether a code of a batch is held, was ever sold, or is void, or whether others use it at once."""
    touched = select(Code.id).where(*in_batch(batch), Code.status != Status.FREE).limit(1)
    shared = select(SharedCode.id).where(SharedCode.batch_id == batch.id).limit(1)
    return any(db.session().scalar(query) is not None for query in (touched, shared))


def was_sold_at_its_cost(batch: Batch) -> bool:
    """Tell whether a code of a batch was ever sold that cost what its batch says."""
    sold = (Code.status == Status.SOLD) | Code.entitlement_id.is_not(None) | (Code.status == Status.QUARANTINED)
    found = select(Code.id).where(*in_batch(batch), Code.own_cost.is_(None), sold).limit(1)
    return db.session().scalar(found) is not None


def costs_of_batch(batch: Batch) -> tuple[Money, Money] | None:
    """Return what the cheapest and the dearest code of a batch cost, where its rows said it themselves."""
    if not batch.own_costed:
        return None
    query = select(func.min(Code.cost), func.max(Code.cost)).where(*in_batch(batch))
    least, most = db.session().execute(query).one()
    return None if least is None else (Money(least, batch.cost_currency), Money(most, batch.cost_currency))


def has_codes(batch: Batch) -> bool:
    return db.session().scalar(select(Code.id).where(*in_batch(batch)).limit(1)) is not None


# What was done ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """Something that was done to a code together with others."""

    action: str
    reason: str
    at: datetime
    actor_type: str
    count: int


def list_done(code_id: UUID) -> list[Done]:
    """List what was done to a code together with others, the oldest first."""
    mine = select(CodeChanged.change_id).where(CodeChanged.code_id == code_id)
    rows = db.session().scalars(select(CodeChange).where(CodeChange.id.in_(mine)).order_by(CodeChange.id))
    return [Done(row.action.name.lower(), row.reason, row.asked_at, row.actor_type, row.count) for row in rows]


def get_change(number: UUID | None) -> CodeChange:
    """Return a change of many codes, or refuse with NotFound."""
    return db.get(CodeChange, number)


def get_move(number: UUID | None) -> tuple[EventRow, tasks.Task]:
    """Return what asked for a move of codes and the task that does it, or refuse with NotFound."""
    task = tasks.find(MOVE, number) if number else None
    if task is None:
        raise NotFound
    return db.get(EventRow, number), task


def running_change(batch_id: UUID) -> CodeChange | None:
    """Return the change of a batch that is under way."""
    mine = (CodeChange.batch_id == batch_id, CodeChange.state == ChangeState.RUNNING)
    return db.session().scalar(select(CodeChange).where(*mine).order_by(no_index(CodeChange.id).desc()).limit(1))


def last_recall(batch_id: UUID) -> CodeChange | None:
    """Return the newest recall of a batch."""
    mine = (CodeChange.batch_id == batch_id, CodeChange.action == Action.RECALL)
    return db.session().scalar(select(CodeChange).where(*mine).order_by(no_index(CodeChange.id).desc()).limit(1))


# Papers and words ------------------------------------------------------------------------------------------------


def list_proofs(batch_id: UUID) -> Sequence[Proof]:
    """List the papers of a batch, without what is in them."""
    query = select(Proof).where(Proof.batch_id == batch_id).options(defer(Proof.sealed, raiseload=True))
    return db.session().scalars(query.order_by(Proof.id)).all()


def get_proof(batch_id: UUID, number: UUID | None) -> Proof:
    """Return a paper of a batch, or refuse with NotFound."""
    proof = db.get(Proof, number)
    return proof if proof.batch_id == batch_id else db.get(Proof, None)


def list_words() -> tuple[list[str], list[str]]:
    """Return the suppliers and the tags of the shop's batches, for choosing among them."""
    rows = db.session().execute(select(Batch.supplier, Batch.tags).distinct().limit(1000)).all()
    return sorted({row.supplier for row in rows} - {""}), sorted({tag for row in rows for tag in row.tags.split()})


def count_codes(query: Select[Any]) -> int:
    return db.session().scalar(select(func.count()).select_from(query.subquery())) or 0
