"""The claim: one guarded statement that takes free codes of a SKU in `pick` order, all or nothing by itself.

Correct by its guards (`status = free` on the row it updates, the count on the whole); SKIP LOCKED only lets buyers
pass each other. The literals in FREE are on purpose: a bound parameter would hide the partial index from the planner.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, any_, bindparam, func, or_, select, text, update
from sqlalchemy.sql.dml import ReturningUpdate

from app.inventory.models import Code, Status
from app.kit import db
from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.inline import inline

CODE = Code.__table__.c
FREE = text("code.status = 0 AND NOT code.frozen")
STILL_FREE = text("code.status = (SELECT 0) AND NOT code.frozen")  # says what FREE says, but offers no index for it
HELD = text("code.status = 1")
TAKEN_BACK = 200  # at a time; the next buyer takes the next ones


def _given(name: str, like: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Return a parameter that the planner does not look into.

    Where it could, PostgreSQL found in statistics from before an import that the merchant has no codes, so that any
    index is as good as any other, and walked 18,000 sold rows of 20,000 for each claim until the next ANALYZE.
    """
    return select(bindparam(name, type_=like.type)).scalar_subquery()


def _free() -> Select[Any]:
    """Select the free codes of a SKU in the order of sale."""
    return (
        select(CODE.id)
        .where(
            CODE.merchant_id == _given("merchant", CODE.merchant_id),
            CODE.sku_id == _given("sku", CODE.sku_id),
            CODE.lane == _given("of_lane", CODE.lane),
            FREE,
            or_(CODE.expires_on.is_(None), CODE.expires_on >= bindparam("today")),
        )
        .order_by(CODE.pick)
        .limit(bindparam("quantity"))
    )


def _claim(*, skip_locked: bool, postgresql: bool) -> ReturningUpdate[Any]:
    picked = _free().with_for_update(skip_locked=skip_locked).cte("picked").prefix_with("MATERIALIZED")
    return (
        update(Code.__table__)  # type: ignore[arg-type]
        .where(
            CODE.merchant_id == _given("merchant", CODE.merchant_id),
            _is_one_of(select(picked.c.id), postgresql=postgresql),
            STILL_FREE,
            select(func.count()).select_from(picked).scalar_subquery() == bindparam("quantity"),
        )
        .values(status=Status.HELD, held_by=bindparam("part", type_=Id), held_until=bindparam("until", type_=Moment))
        .returning(CODE.id, CODE.cost)
    )


def _is_one_of(ids: Select[Any], *, postgresql: bool) -> ColumnElement[bool]:
    """Return the condition that a code is among `ids`, to be looked up one by one by the primary key.

    PostgreSQL makes a join of IN. Without statistics (after the first import, until the next ANALYZE) it walked all
    free codes for it, 155 ms a claim at 200,000 codes; with a plan for any quantity it would read the whole table.
    """
    return CODE.id == any_(func.array(ids.scalar_subquery())) if postgresql else CODE.id.in_(ids)


CLAIMS = {
    (engine, wait): _claim(skip_locked=not wait, postgresql=engine == "postgresql")
    for engine in ("sqlite", "postgresql")
    for wait in (False, True)
}


def claim(
    *, sku_id: UUID, part_id: UUID, quantity: int, until: datetime, today: date, wait: bool = False
) -> Sequence[Any]:
    """Hold `quantity` free codes for a part, or none; with `wait` it queues behind locks instead of passing them."""
    binds = {
        "merchant": db.merchant_id(),
        "sku": sku_id,
        "of_lane": 0,
        "today": today,
        "quantity": quantity,
        "part": part_id,
        "until": until,
    }
    return db.session().execute(CLAIMS["sqlite" if db.is_sqlite() else "postgresql", wait], binds).all()


def count_free(sku_id: UUID, today: date, *, most: int) -> int:
    """Count the free codes of a SKU without looking at locks, up to `most`."""
    binds = {"merchant": db.merchant_id(), "sku": sku_id, "of_lane": 0, "today": today, "quantity": most}
    return db.session().scalar(select(func.count()).select_from(_free().subquery()), binds) or 0


def take_back(sku_id: UUID, now: datetime, *, keep: Sequence[UUID] = ()) -> Sequence[UUID]:
    """Free codes of a SKU whose unpaid hold ran out, except those of the parts in `keep`; return who lost them."""
    mine = (
        CODE.merchant_id == db.merchant_id(),
        CODE.sku_id == sku_id,
        HELD,
        CODE.held_until < now,
        CODE.held_by.not_in(keep),
    )
    lapsed = db.session().execute(
        select(CODE.id, CODE.held_by).where(*mine).limit(TAKEN_BACK).with_for_update(skip_locked=True)
    )
    parts = {row.id: row.held_by for row in lapsed}
    if parts:
        back = update(Code.__table__).where(*mine, CODE.id.in_(parts))  # type: ignore[arg-type]
        db.session().execute(back.values(status=Status.FREE, held_by=None, held_until=None))
    return sorted(set(parts.values()))


def held(part_ids: Sequence[UUID], *, now: datetime, today: date) -> Sequence[Any]:
    """List the codes held for parts that may be sold to them, in the order of sale.

    A hold in force counts past the code's last day, since it was promised in time; one that ran out does not.
    """
    good = or_(CODE.expires_on.is_(None), CODE.expires_on >= today, CODE.held_until >= now)
    query = (
        select(CODE.id, CODE.held_by, CODE.tail, CODE.cost)
        .where(CODE.merchant_id == db.merchant_id(), CODE.held_by.in_(part_ids), HELD, ~CODE.frozen, good)
        .order_by(CODE.pick)
    )
    return db.session().execute(query).all()


def mark_sold(pairs: Sequence[tuple[UUID, UUID, UUID]]) -> set[UUID]:
    """Turn held codes into sold ones, one statement; pairs are (code, part, entitlement), returned are the codes."""
    new = inline("new", {"code_id": Id(), "part_id": Id(), "entitlement_id": Id()}, pairs)
    statement = (
        update(Code.__table__)  # type: ignore[arg-type]
        .where(
            CODE.merchant_id == db.merchant_id(),
            CODE.id == new.c.code_id,
            CODE.held_by == new.c.part_id,
            HELD,
        )
        .values(status=Status.SOLD, entitlement_id=new.c.entitlement_id, held_by=None, held_until=None)
        .returning(CODE.id)
    )
    return set(db.session().scalars(statement))
