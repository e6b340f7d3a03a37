"""Picking: which of a SKU's codes is sold first. A new strategy puts the free ones in their new order, slice by slice.

A code tells by its place which strategy put it there, so the work needs no position of its own: it goes on until no
free code stands where another strategy put it. Buyers pass by meanwhile: what they hold is left alone until it is free.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, bindparam, func, literal, select, text, update
from sqlalchemy.types import TypeEngine

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.queries import Strategy
from app.inventory import rules
from app.inventory.allocation import CODE, FREE, HELD, STILL_FREE
from app.inventory.lives import get_change
from app.inventory.models import Batch, Code, Lane
from app.inventory.queries import REPICK
from app.kit import clock, db, tasks
from app.kit.events import By, EventRow
from app.kit.ids import Id
from app.kit.inline import arrays, unnested

SLICE = 2000
HOLD_TIME = timedelta(minutes=15)
PLACE: dict[str, TypeEngine[Any]] = {"id": Id(), "place": BigInteger()}


@dataclass(frozen=True)
class Repicked:
    """What a step did: how many codes got their new place, and whether others are left, free or held."""

    moved: int
    are_free_left: bool
    are_held_left: bool


def change_strategy(sku_id: UUID, strategy: Strategy, *, now: datetime, by: By) -> None:
    """Sell a SKU's codes in another order: new ones at once, those in stock as a task puts them there."""
    if shelving.set_strategy(sku_id, strategy, now=now, by=by):
        start_repick(sku_id, now=now)


def start_repick(sku_id: UUID, *, now: datetime) -> UUID:
    """Let a worker put the free codes of a SKU in the order of its strategy, and return the task."""
    mine = (CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, FREE)
    total = db.session().scalar(select(func.count()).select_from(Code.__table__).where(*mine)) or 0
    if before := tasks.find(REPICK, sku_id):
        tasks.cancel(before.id)  # which may wait for holds to end; what it did counts for the order it was asked for
    return tasks.start(REPICK, sku_id, due_at=now, total=total)


def repick_batch(batch_id: UUID, *, now: datetime) -> None:
    """Put the free codes of a batch in order anew, since its rank or expiry changed; others stay where they are."""
    batch = db.get(Batch, batch_id)
    cleared = (rule.into_id for rule in catalog.read_clearances().values() if rule.sku_id == batch.sku_id)
    for sku_id in (batch.sku_id, *cleared):  # where codes of the batch may be
        if catalog.keep_strategy(sku_id) in (Strategy.SOONEST, Strategy.RANKED):
            first = rules.pick(batch.created_at, 0)  # of another strategy, so that the task will find them
            mine = (CODE.merchant_id == db.merchant_id(), CODE.batch_id == batch.id, CODE.sku_id == sku_id, FREE)
            db.changed(_change().where(*mine).values(pick=literal(first, BigInteger()) + CODE.line))
            start_repick(sku_id, now=now)


def repick_some(sku_id: UUID) -> Repicked:
    """Give some free codes of a SKU that another strategy placed their place by the present one."""
    strategy = catalog.keep_strategy(sku_id)
    rows = _list_strays(sku_id, strategy, locked=True)
    moved = _place(rows, strategy) if rows else 0
    if rows:
        return Repicked(moved, are_free_left=True, are_held_left=False)
    return Repicked(0, bool(_list_strays(sku_id, strategy, locked=False)), _are_held_astray(sku_id, strategy))


def _list_strays(sku_id: UUID, strategy: Strategy, *, locked: bool) -> list[Any]:
    """List free codes outside the places of a strategy; each lane is looked through by its index, at both ends."""
    first, last = rules.span(strategy)
    found: list[Any] = []
    for lane in [0, *db.session().scalars(select(Lane.number).where(Lane.sku_id == sku_id))]:
        for outside in (CODE.pick < first, CODE.pick > last):
            query = _free_in(sku_id, lane).where(outside).limit(SLICE - len(found))
            if len(found) < SLICE:
                found += db.session().execute(query.with_for_update(skip_locked=True) if locked else query)
    return found


def _free_in(sku_id: UUID, lane: int) -> Select[Any]:
    mine = (CODE.merchant_id == db.merchant_id(), CODE.sku_id == sku_id, CODE.lane == lane, FREE)
    return select(CODE.id, CODE.batch_id, CODE.line, CODE.expires_on).where(*mine).order_by(CODE.pick)


def _are_held_astray(sku_id: UUID, strategy: Strategy) -> bool:
    first, last = rules.span(strategy)
    # The plus keeps SQLite from walking all codes of the SKU, sold ones included, in place of those that are held.
    same = text("+code.sku_id = :sku" if db.is_sqlite() else "code.sku_id = :sku").bindparams(
        bindparam("sku", sku_id, Id)
    )
    mine = (CODE.merchant_id == db.merchant_id(), same, HELD, ~CODE.pick.between(first, last))
    return db.session().scalar(select(CODE.id).where(*mine).limit(1)) is not None


def _place(rows: Sequence[Any], strategy: Strategy) -> int:
    """Write the new places of codes that are still free, and return how many were."""
    query = select(Batch.id, Batch.created_at, Batch.rank).where(Batch.id.in_({row.batch_id for row in rows}))
    batches = {row.id: row for row in db.session().execute(query)}
    places = [(row.id, _place_of(row, batches[row.batch_id], strategy)) for row in rows]
    mine = (CODE.merchant_id == db.merchant_id(), STILL_FREE)
    if db.is_sqlite():
        one = _change().where(*mine, CODE.id == bindparam("of")).values(pick=bindparam("place"))
        return db.changed(one, [{"of": number, "place": place} for number, place in places])
    new = unnested("new", PLACE)
    all_of_them = _change().where(*mine, CODE.id == new.c.id).values(pick=new.c.place)
    return db.changed(all_of_them, arrays("new", PLACE, places))


def _place_of(code: Any, batch: Any, strategy: Strategy) -> int:
    return rules.pick(batch.created_at, code.line, strategy, expires_on=code.expires_on, rank=batch.rank)


def _change() -> Any:
    return update(Code.__table__)  # type: ignore[arg-type]


def repick_after(freed: Sequence[EventRow]) -> None:
    """Put codes in order that are free again or came from another SKU, where the order had changed meanwhile."""
    for sku_id in sorted({UUID(sku) for event in freed for sku in event.data["skus"]}):
        task = tasks.find(REPICK, sku_id)
        is_at_it = task is not None and task.state == tasks.State.WAITING
        if not is_at_it and _list_strays(sku_id, catalog.keep_strategy(sku_id), locked=False):
            start_repick(sku_id, now=clock.now())


def repick_changed(changed: Sequence[EventRow]) -> None:
    """Put the codes of batches in order anew whose rank was changed by hand."""
    for batch_id in sorted({event.subject_id for event in changed if event.data["field"] == "rank"}):
        repick_batch(batch_id, now=clock.now())


def repick_redated(changed: Sequence[EventRow]) -> None:
    """Put the codes of batches in order anew once all of them have their new expiry."""
    ended = [get_change(event.subject_id) for event in changed if event.data["action"] == "expiry"]
    for batch_id in sorted({change.batch_id for change in ended if change.batch_id is not None}):
        repick_batch(batch_id, now=clock.now())
