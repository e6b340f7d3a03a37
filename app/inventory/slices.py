"""Slices: the next codes of a change are noted, counted and changed by a few statements, however many they are.

They are locked where they are noted, so what was noted is what is changed; should it ever not be, nothing is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, case, delete, false, func, insert, literal, select, update

from app.inventory import marks
from app.inventory.allocation import CODE
from app.inventory.changes import Action, CodeChange, CodeChanged
from app.inventory.models import Code
from app.inventory.transitions import FREES, TRANSITIONS
from app.kit import db
from app.kit.ids import Id

NOTE = CodeChanged.__table__.c


@dataclass(frozen=True)
class Slice:
    """The codes that a change has noted after one of them up to another."""

    change_id: UUID
    after: UUID | None
    last: UUID
    count: int


@dataclass(frozen=True)
class Share:
    """The codes of one SKU in a slice: how many, what they cost before, whether one of them is to be free."""

    sku_id: UUID
    count: int
    cost: int
    frees: bool


class Overtaken(RuntimeError):
    """Codes that were noted and locked changed all the same: the slice is undone."""


def note_next(row: CodeChange, chosen: Select[Any], *, most: int) -> Slice | None:
    """Write down the first of the chosen codes after the last one that was looked at, and lock them."""
    chosen = chosen.where(Code.merchant_id == db.merchant_id())  # the session filters no question inside an INSERT
    if row.after is not None:
        chosen = chosen.where(Code.id > row.after)
    known: tuple[Any, ...] = (Code.merchant_id, Code.id, literal(row.id, Id))
    some = chosen.with_only_columns(*known).order_by(Code.id).limit(most).with_for_update(of=Code)
    names = ("merchant_id", "code_id", "change_id")
    count = db.changed(insert(CodeChanged.__table__).from_select(names, some))  # type: ignore[arg-type]
    return Slice(row.id, row.after, _last(row, count), count) if count else None


def list_shares(some: Slice, action: Action) -> Sequence[Share]:
    """Count the codes of a slice, as they are before the action."""
    frees = func.max(case((FREES.get(action, false()), 1), else_=0))
    query = select(CODE.sku_id, func.count(), func.sum(CODE.cost), frees).where(*_mine(some)).group_by(CODE.sku_id)
    return [Share(sku, count, int(cost), bool(free)) for sku, count, cost, free in db.session().execute(query)]


def list_codes(some: Slice) -> tuple[UUID, ...]:
    """List the codes of a slice."""
    return tuple(db.session().scalars(select(NOTE.code_id).where(*_noted(some))))


def list_owners(some: Slice) -> tuple[UUID, ...]:
    """List the entitlements whose codes are in a slice."""
    query = select(CODE.entitlement_id).where(*_mine(some), CODE.entitlement_id.is_not(None))
    return tuple(db.session().scalars(query))


def change_all(some: Slice, action: Action, values: dict[str, Any] | None = None) -> None:
    """Change the codes of a slice, or remove them, and forget the notes of those that are no more."""
    transition, code = TRANSITIONS[action], Code.__table__
    mine = (*_mine(some), *transition.fits)
    if transition.values is None:
        marks.forget(mine)
        changed = db.changed(delete(code).where(*mine))  # type: ignore[arg-type]
        db.changed(delete(CodeChanged.__table__).where(*_noted(some)))  # type: ignore[arg-type]
    else:
        changed = db.changed(update(code).where(*mine).values(values or transition.values))  # type: ignore[arg-type]
    if changed != some.count:
        raise Overtaken(f"{some.count} codes were noted and {changed} changed")


def _last(row: CodeChange, count: int) -> UUID:
    """Return the last of so many codes that were just noted."""
    noted = (NOTE.merchant_id == db.merchant_id(), NOTE.change_id == row.id)
    after = () if row.after is None else (NOTE.code_id > row.after,)
    query = select(NOTE.code_id).where(*noted, *after).order_by(NOTE.code_id).offset(count - 1).limit(1)
    last: UUID = db.session().scalars(query).one()
    return last


def _noted(some: Slice) -> tuple[ColumnElement[bool], ...]:
    after = () if some.after is None else (NOTE.code_id > some.after,)
    return (
        NOTE.merchant_id == db.merchant_id(),
        NOTE.change_id == some.change_id,
        *after,
        NOTE.code_id <= some.last,
    )


def _mine(some: Slice) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a code is in a slice: on PostgreSQL one array, for it might read all codes to join."""
    ids = select(NOTE.code_id).where(*_noted(some))
    these = CODE.id.in_(ids) if db.is_sqlite() else CODE.id == any_(func.array(ids.scalar_subquery()))
    return (CODE.merchant_id == db.merchant_id(), these)
