"""Chores: promises that people keep by hand, from the worklist of the shop."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.catalog.queries import Source
from app.entitlements.errors import ChoreGone, NotYours
from app.entitlements.events import ChoreDone, ChoreLeft, ChoreTaken
from app.entitlements.models import Chore, Entitlement, State
from app.entitlements.service.serving import keep_promises
from app.inventory import service as inventory
from app.kit import db
from app.kit.events import By, publish
from app.merchants import queries as merchants

BY_HAND = {Source.MANUAL, Source.SUPPLIER}
C, E = Chore.__table__.c, Entitlement.__table__.c


def ask(parts: Sequence[Any], rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Put what was promised of goods that come by hand on the worklist."""
    by_hand = {part.id for part in parts if part.source in BY_HAND}
    asked = [_row(row, now) for row in rows if row["part_id"] in by_hand]
    if asked:
        db.insert((Chore.__table__, asked))


def _row(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    same = {name: row[name] for name in ("merchant_id", "sku_id", "order_id")}
    open_ = {"taken_at": None, "taken_by": None, "done_at": None, "done_by": None}
    return same | open_ | {"entitlement_id": row["id"], "asked_at": now}


def take_chore(entitlement_id: UUID, *, now: datetime, by: By) -> None:
    """Take an open chore on; refuses one that somebody else has, or that is over."""
    free = (*_is_open(entitlement_id), (C.taken_by.is_(None)) | (C.taken_by == by.id))
    _change(entitlement_id, free, {"taken_by": by.id, "taken_at": now})
    publish(ChoreTaken(subject_id=entitlement_id, order_id=_order_of(entitlement_id), at=now, by=by))


def leave_chore(entitlement_id: UUID, *, now: datetime, by: By) -> None:
    """Let others take a chore on that somebody had; anybody may, since people fall ill."""
    _change(entitlement_id, _is_open(entitlement_id), {"taken_by": None, "taken_at": None})
    publish(ChoreLeft(subject_id=entitlement_id, order_id=_order_of(entitlement_id), at=now, by=by))


def finish_chore(entitlement_id: UUID, values: Mapping[str, str], *, now: datetime, by: By) -> None:
    """Give a buyer what somebody of the staff has got; refuses what is no code, and a chore of somebody else."""
    mine = (*_is_open(entitlement_id), (C.taken_by.is_(None)) | (C.taken_by == by.id))
    _change(entitlement_id, mine, {"taken_by": by.id, "done_by": by.id, "done_at": now})
    row = db.session().execute(_promised(entitlement_id)).first()
    if row is None:
        raise ChoreGone
    fields = catalog.list_skus_by_id([row.sku_id])[row.sku_id].kind.fields
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    given = {name: values.get(name, "").strip() for name in fields}
    sold = inventory.enter(inventory.Owed(row.id, row.part_id, row.sku_id), given, now=now, today=today)
    keep_promises([sold], {row.id: row}, now)
    publish(ChoreDone(subject_id=entitlement_id, order_id=row.order_id, at=now, by=by))


def _promised(entitlement_id: UUID) -> Any:
    """Touch what is promised, so that no refund takes it meanwhile, and return it."""
    mine = (E.merchant_id == db.merchant_id(), E.id == entitlement_id, E.state == State.PROMISED, E.code_id.is_(None))
    touched = update(Entitlement.__table__).where(*mine).values(state=State.PROMISED)  # type: ignore[arg-type]
    return touched.returning(E.id, E.part_id, E.order_id, E.sku_id, E.granted_at)


def drop(entitlement_ids: Sequence[UUID], *, now: datetime) -> None:
    """Take what nobody has to do any more off the worklist, since it was refunded."""
    over = (C.merchant_id == db.merchant_id(), C.entitlement_id.in_(entitlement_ids), C.done_at.is_(None))
    db.changed(update(Chore.__table__).where(*over).values(done_at=now))  # type: ignore[arg-type]


def _is_open(entitlement_id: UUID) -> tuple[Any, ...]:
    return (C.merchant_id == db.merchant_id(), C.entitlement_id == entitlement_id, C.done_at.is_(None))


def _change(entitlement_id: UUID, guard: Sequence[Any], values: dict[str, Any]) -> None:
    if db.changed(update(Chore.__table__).where(*guard).values(**values)) == 0:  # type: ignore[arg-type]
        is_open = db.session().scalar(select(C.entitlement_id).where(*_is_open(entitlement_id)))
        raise NotYours if is_open else ChoreGone


def _order_of(entitlement_id: UUID) -> UUID:
    return db.get(Chore, entitlement_id).order_id
