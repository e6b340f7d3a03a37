"""Handing over: guarded statements that make codes sold, each for an entitlement, and set sold ones aside.

A code is sold by the UPDATE that names its entitlement, while the row still says held by this part, or free. Who comes
second changes no row, whatever he read before.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Integer, Select, bindparam, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from app.inventory.allocation import (
    CODE,
    HELD,
    STILL_FREE,
    STILL_HELD,
    engine,
    is_one_of,
    key_for,
    of_merchant,
    of_pairs,
    paired,
    picked,
    where_free,
)
from app.inventory.models import Code, Status
from app.kit import db
from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.inline import inline

AT_ONCE = 200  # pieces a statement: without statistics PostgreSQL compares each with each
PIECE: dict[str, TypeEngine[Any]] = {"part_id": Id(), "slot": Integer(), "entitlement_id": Id()}


class Piece(NamedTuple):
    """One code that is owed: to which part, which one of it, for which entitlement."""

    part_id: UUID
    slot: int
    entitlement_id: UUID


def sell_held(pieces: Sequence[Piece], *, now: datetime, today: date) -> Sequence[Any]:
    """Turn the codes held for parts into sold ones in the order of sale, and return those it turned.

    A hold in force counts past the code's last day, since it was promised in time; one that ran out does not.
    """
    sold: list[Any] = []
    for some in _slices(pieces):
        binds = _given(_number(some)) | {"merchant": db.merchant_id(), "now": now, "today": today}
        sold += db.session().execute(_sell_held(len(some), engine()), binds).all()
    return sold


def sell_free(pieces: Sequence[Piece], *, sku_id: UUID, today: date, wait: bool, lane: int = 0) -> Sequence[Any]:
    """Turn free codes of a SKU's lane into sold ones while there are any, the first piece first, and return them."""
    sold: list[Any] = []
    for some in _slices(pieces):
        binds = _given([piece._replace(slot=place) for place, piece in enumerate(some)])
        binds |= where_free(sku_id, today, len(some), lane)
        sold += db.session().execute(_sell_free(len(some), engine(), wait), binds).all()
    return sold


def _slices(pieces: Sequence[Piece]) -> list[Sequence[Piece]]:
    return [pieces[at : at + AT_ONCE] for at in range(0, len(pieces), AT_ONCE)]


def _number(pieces: Sequence[Piece]) -> list[Piece]:
    """Number the pieces within each part from 0 on, as the codes that are still held are numbered."""
    count = Counter[UUID]()
    numbered = []
    for piece in pieces:
        numbered.append(piece._replace(slot=count[piece.part_id]))
        count[piece.part_id] += 1
    return numbered


def _given(pieces: Sequence[Piece]) -> dict[str, Any]:
    """Return the parameters of `_new`."""
    return {
        f"new_{number}_{column}": value
        for number, piece in enumerate(pieces)
        for column, value in zip(PIECE, piece, strict=True)
    }


def _new(count: int) -> CTE:
    return inline("new", PIECE, [[None] * len(PIECE)] * count)


@lru_cache(maxsize=256)  # making a statement costs more than running it
def _sell_held(count: int, engine: str) -> ReturningUpdate[Any]:
    new, postgresql = _new(count), engine == "postgresql"
    mine = _held_for(new, count, postgresql=postgresql).cte("mine").prefix_with("MATERIALIZED")
    found = select(mine.c.id.label("key"), new.c.part_id, new.c.entitlement_id)
    same = (mine.c.held_by == new.c.part_id) & (mine.c.slot == new.c.slot)
    pairs = paired(found.join_from(mine, new, same), postgresql=postgresql)
    guards = [STILL_HELD, ~CODE.frozen, CODE.held_by == pairs.c.part_id]
    return _sell(pairs, CODE.id, guards, postgresql=postgresql)


def _held_for(new: CTE, count: int, *, postgresql: bool) -> Select[Any]:
    """Select the first codes held for the parts in `new` that may be sold, numbered within each part."""
    good = or_(
        CODE.expires_on.is_(None),
        CODE.expires_on >= bindparam("today"),
        CODE.held_until.is_(None),
        CODE.held_until >= bindparam("now", type_=Moment),
    )
    theirs = select(new.c.part_id)
    slot = func.row_number().over(partition_by=CODE.held_by, order_by=CODE.pick) - 1
    held = (
        select(CODE.id, CODE.held_by, slot.label("slot"))
        .where(
            of_merchant(),
            is_one_of(CODE.held_by, theirs) if postgresql else CODE.held_by.in_(theirs),
            HELD,
            ~CODE.frozen,
            good,
        )
        .subquery("held")
    )
    return select(held).where(held.c.slot < count)  # of a large part only what this statement can sell


@lru_cache(maxsize=256)
def _sell_free(count: int, engine: str, wait: bool) -> ReturningUpdate[Any]:
    new, postgresql = _new(count), engine == "postgresql"
    key = key_for(engine, wait=wait)
    codes = picked(key, skip_locked=not wait)
    found = select(codes.c.key, new.c.entitlement_id).join_from(codes, new, codes.c.place == new.c.slot)
    return _sell(paired(found, postgresql=postgresql), key, [STILL_FREE], postgresql=postgresql)


def _sell(pairs: CTE, key: ColumnElement[Any], guards: Sequence[Any], *, postgresql: bool) -> ReturningUpdate[Any]:
    return (
        update(Code.__table__)  # type: ignore[arg-type]
        .where(*of_pairs(pairs, key, postgresql=postgresql), *guards)
        .values(status=Status.SOLD, entitlement_id=pairs.c.entitlement_id, held_by=None, held_until=None)
        .returning(CODE.id, CODE.entitlement_id, CODE.pick, CODE.tail, CODE.cost)
    )


def set_aside(entitlement_ids: Sequence[UUID]) -> Sequence[Any]:
    """Quarantine the codes sold for these entitlements; one that is no longer theirs stays as it is."""
    theirs = (
        CODE.merchant_id == db.merchant_id(),
        CODE.entitlement_id.in_(entitlement_ids),
        CODE.status == Status.SOLD,
    )
    aside = update(Code.__table__).where(*theirs).values(status=Status.QUARANTINED)  # type: ignore[arg-type]
    told = aside.returning(CODE.id, CODE.entitlement_id, CODE.sku_id, CODE.cost)
    return db.session().execute(told, {"merchant": db.merchant_id()}).all()
