"""Sharing: guarded statements that take uses of shared codes and give them back.

A use is taken by the UPDATE whose condition says that there are so many left; who comes second changes no row. What is
held lies beside, in a row of its own, and is given back by whoever deletes that row.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update

from app.inventory.models import SharedCode, SharedHold
from app.kit import db

CODE, HOLD = SharedCode.__table__.c, SharedHold.__table__.c
LOOKS = 20
SOME = 50


class Taken(NamedTuple):
    """Uses of one shared code, the cost of one of them, and what may be seen of it."""

    shared_id: UUID
    uses: int
    cost: int
    tail: str


def is_usable(today: date) -> list[ColumnElement[bool]]:
    """Return the conditions under which uses of a code are sold."""
    return [~CODE.frozen, or_(CODE.expires_on.is_(None), CODE.expires_on >= today)]


def take(sku_id: UUID, quantity: int, today: date) -> list[Taken]:
    """Take uses of a SKU's codes in the order of sale, so many or as many as there are."""
    taken, left = list[Taken](), quantity
    for _ in range(LOOKS):
        rows = _list_usable(sku_id, today)
        for row in rows:
            some = min(left, row.uses_left)
            if some and _lower(row.id, some, today):
                taken.append(Taken(row.id, some, row.cost, row.tail))
                left -= some
        if not left or not rows:
            break
    return taken


def _list_usable(sku_id: UUID, today: date) -> Sequence[Any]:
    theirs = (CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, CODE.uses_left > 0, *is_usable(today))
    query = select(CODE.id, CODE.uses_left, CODE.cost, CODE.tail).where(*theirs)
    return db.session().execute(query.order_by(CODE.pick, CODE.id).limit(SOME)).all()


def _lower(shared_id: UUID, uses: int, today: date) -> bool:
    """Take uses of one code if it still has so many."""
    enough = (CODE.merchant_id == db.merchant_id(), CODE.id == shared_id, CODE.uses_left >= uses, *is_usable(today))
    lowered = update(SharedCode.__table__).where(*enough).values(uses_left=CODE.uses_left - uses)  # type: ignore[arg-type]
    return db.changed(lowered) == 1


def give_back(uses: Counter[UUID]) -> set[UUID]:
    """Let uses be free again, ascending, and return the SKUs they are of."""
    skus = set()
    for shared_id in sorted(uses):
        mine = (CODE.merchant_id == db.merchant_id(), CODE.id == shared_id)
        more = update(SharedCode.__table__).where(*mine).values(uses_left=CODE.uses_left + uses[shared_id])  # type: ignore[arg-type]
        skus |= set(db.session().scalars(more.returning(CODE.sku_id)))
    return skus


# Holds -----------------------------------------------------------------------------------------------------------


def keep_for(part_id: UUID, taken: Sequence[Taken], until: datetime) -> None:
    """Write down for whom uses are held."""
    uses = Counter[UUID]()
    for one in taken:
        uses[one.shared_id] += one.uses
    common = {"merchant_id": db.merchant_id(), "part_id": part_id, "held_until": until}
    rows = [common | {"shared_id": shared_id, "uses": uses[shared_id]} for shared_id in sorted(uses)]
    db.insert((SharedHold.__table__, rows))


def keep(part_ids: Sequence[UUID]) -> Counter[UUID]:
    """Let holds last, and return how many uses each part has."""
    held = (HOLD.merchant_id == db.merchant_id(), HOLD.part_id.in_(part_ids))
    kept = update(SharedHold.__table__).where(*held).values(held_until=None)  # type: ignore[arg-type]
    counted = Counter[UUID]()
    for row in db.session().execute(kept.returning(HOLD.part_id, HOLD.uses)):
        counted[row.part_id] += row.uses
    return counted


def end_holds(part_ids: Sequence[UUID]) -> Sequence[Any]:
    """End the holds of parts, and return each with what its code is; nobody else can end the same one."""
    return _end(HOLD.part_id.in_(part_ids))


def end_lapsed(sku_id: UUID, now: datetime) -> Sequence[Any]:
    """End the holds of a SKU that ran out, and return them."""
    of_sku = select(CODE.id).where(CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id)
    return _end(HOLD.shared_id.in_(of_sku), HOLD.held_until < now)


def _end(*which: ColumnElement[bool]) -> Sequence[Any]:
    ended = delete(SharedHold.__table__).where(HOLD.merchant_id == db.merchant_id(), *which)  # type: ignore[arg-type]
    gone = ended.returning(HOLD.part_id, HOLD.shared_id, HOLD.uses, HOLD.held_until)
    return sorted(db.session().execute(gone), key=lambda row: (row.part_id, row.shared_id))


def list_codes(shared_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return what a sale has to know of shared codes."""
    query = select(CODE.id, CODE.frozen, CODE.expires_on, CODE.cost, CODE.tail)
    mine = (CODE.merchant_id == db.merchant_id(), CODE.id.in_(sorted(set(shared_ids))))
    return {row.id: row for row in db.session().execute(query.where(*mine))}
