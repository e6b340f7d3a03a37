"""The claim: one guarded statement that takes free codes of a SKU for parts, in `pick` order, all or none.

Correct by its guards (`status = free` on the row it updates, the count on the whole); SKIP LOCKED only lets buyers
pass each other. The literals in FREE are on purpose: a bound parameter would hide the partial index from the planner.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    any_,
    bindparam,
    column,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate, Update
from sqlalchemy.types import TypeEngine

from app.inventory.models import Code, Status
from app.inventory.walks import MAIN
from app.kit import db
from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.inline import inline

CODE = Code.__table__.c
FREE = text("code.status = 0 AND NOT code.frozen")
STILL_FREE = text("code.status = (SELECT 0) AND NOT code.frozen")  # says what FREE says, but offers no index for it
HELD = text("code.status = 1")
STILL_HELD = text("code.status = (SELECT 1)")
TID: ColumnElement[Any] = column("ctid", _selectable=Code.__table__)  # where PostgreSQL keeps a row
AT_ONCE = 200  # codes a statement: without statistics PostgreSQL compares each with each
TAKEN_BACK = 200  # at a time; the next buyer takes the next ones
SHARE: dict[str, TypeEngine[Any]] = {"part_id": Id(), "first": Integer(), "after": Integer()}  # of what is picked


def given(name: str, like: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Return a parameter that the planner does not look into.

    Where it could, PostgreSQL found in statistics from before an import that the merchant has no codes, so that any
    index is as good as any other, and walked 18,000 sold rows of 20,000 for each claim until the next ANALYZE. The row
    security of the table lets it look all the same, so the migrations forbid statistics about `merchant_id` as well.
    """
    return select(bindparam(name, type_=like.type)).scalar_subquery()


def of_merchant() -> ColumnElement[bool]:
    return CODE.merchant_id == given("merchant", CODE.merchant_id)


# Looked into, it made PostgreSQL plan each claim anew, one code being cheaper than what it guesses for any number:
# half of the time of a claim, at ten million codes.
HOW_MANY = select(bindparam("quantity", type_=Integer())).scalar_subquery()


def free_codes() -> Select[Any]:
    """Select the free codes of a SKU in the order of sale."""
    return (
        select(CODE.id, CODE.pick)
        .where(
            of_merchant(),
            CODE.sku_id == given("sku", CODE.sku_id),
            CODE.lane == given("of_lane", CODE.lane),
            FREE,
            or_(CODE.expires_on.is_(None), CODE.expires_on >= bindparam("today")),
        )
        .order_by(CODE.pick)
        .limit(HOW_MANY)
    )


def picked(key: ColumnElement[Any], *, skip_locked: bool) -> CTE:
    """Return the first free codes of a SKU, locked: the key of each and its place among them."""
    free = free_codes().add_columns(key.label("key")).with_for_update(skip_locked=skip_locked)
    first = free.cte("picked").prefix_with("MATERIALIZED")
    place = (func.row_number().over(order_by=first.c.pick) - 1).label("place")
    return select(first.c.key, place).cte("placed").prefix_with("MATERIALIZED")


def key_for(engine: str, *, wait: bool) -> ColumnElement[Any]:
    """Return by what a code is looked up that was locked: its id, or where it lies, which spares PostgreSQL an index.

    Who waited for a lock finds a newer version, perhaps, which his statement cannot see where it lies.
    """
    return TID if engine == "postgresql" and not wait else CODE.id


def paired(found: Select[Any], *, postgresql: bool) -> CTE:
    """Return codes with whom they are for, worked out once; SQLite, told so, reads all codes to make a filter."""
    pairs = found.cte("pairs")
    return pairs.prefix_with("MATERIALIZED") if postgresql else pairs


def of_pairs(pairs: CTE, key: ColumnElement[Any], *, postgresql: bool) -> list[ColumnElement[bool]]:
    """Return the condition that the key of a code is in `pairs`; PostgreSQL is kept from walking all codes for it."""
    near = [is_one_of(key, select(pairs.c.key))] if postgresql and key is CODE.id else []
    return [of_merchant(), *near, key == pairs.c.key]


def is_one_of(key: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
    """Return the condition that a key is among `ids`, to be looked up one by one by its index, for PostgreSQL.

    It makes a join of IN. Without statistics (after the first import, until the next ANALYZE) it walked all free codes
    for it, 155 ms a claim at 200,000 codes; with a plan for any quantity it would read the whole table.
    """
    return key == any_(func.array(ids.scalar_subquery()))


@lru_cache(maxsize=64)  # making a statement costs more than running it
def _claim(parts: int, engine: str, wait: bool) -> ReturningUpdate[Any]:
    given, postgresql = inline("given", SHARE, [[None] * len(SHARE)] * parts), engine == "postgresql"
    key = key_for(engine, wait=wait)
    codes = picked(key, skip_locked=not wait)
    mine = (codes.c.place >= given.c.first) & (codes.c.place < given.c.after)
    pairs = paired(select(codes.c.key, given.c.part_id).join_from(codes, given, mine), postgresql=postgresql)
    all_there = select(func.count()).select_from(codes).scalar_subquery() == bindparam("quantity")
    return (
        update(Code.__table__)  # type: ignore[arg-type]
        .where(*of_pairs(pairs, key, postgresql=postgresql), STILL_FREE, all_there)
        .values(status=Status.HELD, held_by=pairs.c.part_id, held_until=bindparam("until", type_=Moment))
        .returning(CODE.id, CODE.held_by, CODE.cost)
    )


def claim(
    *,
    sku_id: UUID,
    parts: Sequence[tuple[UUID, int]],
    until: datetime,
    today: date,
    wait: bool = False,
    lanes: Sequence[int] = MAIN,
) -> Sequence[Any]:
    """Hold as many free codes as each part wants, or none at all; with `wait` it queues behind locks instead.

    Fewer come back only where others took the same codes first: locks make that rare, the guards make it harmless.
    More than AT_ONCE are taken slice by slice, and in their order: two who want so many queue, and never block. So are
    those that no lane has alone: what the first one lacks comes from the next.
    """
    total = sum(quantity for _, quantity in parts)
    if total <= AT_ONCE:
        held = _claim_some(sku_id, parts, until, today, wait, lanes[0])
        if held or len(lanes) == 1:
            return held
    return _claim_along(sku_id, parts, until, today, lanes)


def _claim_along(
    sku_id: UUID, parts: Sequence[tuple[UUID, int]], until: datetime, today: date, lanes: Sequence[int]
) -> Sequence[Any]:
    """Hold codes lane by lane, if all lanes together have enough."""
    left = sum(quantity for _, quantity in parts)
    shares: list[tuple[int, int]] = []  # lane, how many of it in one statement
    for lane in lanes:
        free = count_free(sku_id, today, most=left, lanes=(lane,)) if left else 0
        left -= free
        shares += [(lane, min(AT_ONCE, free - at)) for at in range(0, free, AT_ONCE)]
    held: list[Any] = []
    if not left:
        for (lane, quantity), some in zip(shares, _slices(parts, [quantity for _, quantity in shares]), strict=True):
            held += (rows := _claim_some(sku_id, some, until, today, wait=True, lane=lane))
            if len(rows) < quantity:
                break
    return held


def _slices(parts: Sequence[tuple[UUID, int]], sizes: Sequence[int]) -> Iterator[list[tuple[UUID, int]]]:
    """Yield what parts want in slices of these sizes; a large part is in several."""
    rest = list(reversed(parts))
    for size in sizes:
        some, room = list[tuple[UUID, int]](), size
        while room:
            part_id, quantity = rest.pop()
            taken = min(quantity, room)
            some.append((part_id, taken))
            room -= taken
            if quantity > taken:
                rest.append((part_id, quantity - taken))
        yield some


def _claim_some(
    sku_id: UUID, parts: Sequence[tuple[UUID, int]], until: datetime, today: date, wait: bool, lane: int
) -> Sequence[Any]:
    ends = list(accumulate((quantity for _, quantity in parts), initial=0))
    shares = zip((part_id for part_id, _ in parts), ends, ends[1:], strict=False)
    binds = where_free(sku_id, today, ends[-1], lane) | {"until": until}
    binds |= {
        f"given_{number}_{column}": value
        for number, share in enumerate(shares)
        for column, value in zip(SHARE, share, strict=True)
    }
    return db.session().execute(_claim(len(parts), engine(), wait), binds).all()


def where_free(sku_id: UUID, today: date, quantity: int, lane: int = 0) -> dict[str, Any]:
    """Return the parameters of `free_codes`."""
    return {"merchant": db.merchant_id(), "sku": sku_id, "of_lane": lane, "today": today, "quantity": quantity}


def engine() -> str:
    return "sqlite" if db.is_sqlite() else "postgresql"


def count_free(sku_id: UUID, today: date, *, most: int, lanes: Sequence[int] = MAIN) -> int:
    """Count the free codes of a SKU in some lanes without looking at locks, up to `most`."""
    counted, found = select(func.count()).select_from(free_codes().subquery()), 0
    for lane in lanes:
        if found < most:
            found += db.session().scalar(counted, where_free(sku_id, today, most - found, lane)) or 0
    return found


# Holds that end -------------------------------------------------------------------------------------------------

FREED: dict[str, Any] = {"status": Status.FREE, "held_by": None, "held_until": None}


def take_back(sku_id: UUID, now: datetime) -> Sequence[UUID]:
    """Free codes of a SKU whose hold ran out by itself, and return the parts that lost them.

    It queues behind others who are doing the same: what their turn leaves over is free for the next.
    """
    binds = {"merchant": db.merchant_id(), "sku": sku_id, "now": now}
    lapsed = {row.id: row.held_by for row in db.session().execute(LAPSED[engine()], binds)}
    if not lapsed:
        return []
    still = (of_merchant(), CODE.id.in_(sorted(lapsed)), STILL_HELD, CODE.held_until < now)
    back = _change(FREED).where(*still).returning(CODE.id)
    return sorted({lapsed[code] for code in db.session().scalars(back, {"merchant": db.merchant_id()})})


def _lapsed(same_sku: str) -> Select[Any]:
    """Select holds that ran out, the oldest first."""
    sku = text(same_sku).bindparams(bindparam("sku", type_=Id))
    ran_out = CODE.held_until < bindparam("now", type_=Moment)
    oldest = select(CODE.id, CODE.held_by).where(of_merchant(), sku, HELD, ran_out).order_by(CODE.held_by)
    return oldest.limit(TAKEN_BACK).with_for_update()


# The plus keeps SQLite from walking all codes of the SKU, sold ones included, in place of those that are held.
LAPSED = {"sqlite": _lapsed("+code.sku_id = :sku"), "postgresql": _lapsed("code.sku_id = (SELECT :sku)")}


def keep(part_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Let the holds of parts last until somebody releases them; return the part of each code that is kept."""
    return _change_held(part_ids, {"held_until": None}, CODE.held_by)


def release(part_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Free the codes held for parts, and return the SKU of each; a frozen one stays frozen."""
    return _change_held(part_ids, FREED, CODE.sku_id)


def _change_held(part_ids: Sequence[UUID], values: dict[str, Any], answer: ColumnElement[UUID]) -> Sequence[UUID]:
    held = _change(values).where(of_merchant(), CODE.held_by.in_(part_ids), HELD).returning(answer)
    return db.session().scalars(held, {"merchant": db.merchant_id()}).all()


def _change(values: dict[str, Any]) -> Update:
    return update(Code.__table__).values(values)  # type: ignore[arg-type]
