"""Taking an export: each slice is on record before `crypto.open` gives its plaintext, and a torn download goes on.

A download that breaks off has taken just what it recorded. Who took it may fetch it again for a while: first what left
before, by the reveals that are on record and a fetch that is recorded now, then the rest. The newest download ends
those before it, so no code is revealed twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from app.inventory.allocation import CODE
from app.inventory.errors import ExportOver
from app.inventory.exports import CodeExported, ExportFetched, ExportTaken
from app.inventory.models import Code, CodeExport, ExportState, Status
from app.inventory.queries import sealed_codes
from app.inventory.service.counting import recount
from app.inventory.service.exporting import DAY, change_export, ours
from app.kit import db
from app.kit.crypto import Reveal
from app.kit.events import By, EventRow, publish

SLACK = 60_000 << 80  # a minute, by which the clocks of two processes may differ, as ids are ordered
NOBODYS = (Status.FREE, Status.QUARANTINED, Status.VOID)


@dataclass(frozen=True)
class Taking:
    """One download of an export and how far it is."""

    row: CodeExport
    number: UUID
    since: UUID | None = None  # the event of the first download, while what left before leaves again
    seen: UUID | None = None  # the last reveal that left again
    after: UUID | None = None  # the last code, by id from high to low
    done: int = 0


@dataclass(frozen=True)
class Exported:
    """One code whose reveal is on record; `crypto.open` gives what it says."""

    sku_id: UUID
    reveal: Reveal


def take_export(export_id: UUID | None, *, network: str, now: datetime, by: By) -> Taking:
    """Begin the download of an export, or begin it again, by who asked for it; raises ExportOver, NotFound."""
    row = db.get(CodeExport, export_id)
    again = row.state is ExportState.TAKEN
    if row.asked_by != by.id or not (row.may_be_taken_again(now) if again else _is_time(row, now)):
        raise ExportOver
    change_export(row.id, (row.state,), {"state": ExportState.TAKEN} | ({} if again else {"taken_at": now}))
    db.session().refresh(row)
    since = db.session().scalar(_taken(row.id, EventRow.id).limit(1)) if again else None
    (number,) = publish(ExportTaken(subject_id=row.id, again=again, network=network, at=now, by=by))
    return Taking(row, number, since)


def _is_time(row: CodeExport, now: datetime) -> bool:
    return row.ready_at is not None and row.ready_at <= now <= row.ready_at + 7 * DAY


def export_some(
    taking: Taking, *, limit: int, network: str, now: datetime, by: By
) -> tuple[Taking | None, list[Exported]]:
    """Record that the next codes of an export leave, and set them aside; returns how far it is and what may be opened.

    None is the end. A code that was sold or held meanwhile is left out. Raises ExportOver when it was begun again.
    """
    _keep(taking)
    if taking.since is not None and (before := _left_before(taking, limit)):
        return _again(taking, before, network, now, by)
    limit = min(limit, taking.row.count - taking.done)
    return _anew(replace(taking, since=None), limit, network, now, by) if limit > 0 else (None, [])


def _keep(taking: Taking) -> None:
    """Lock an export against other downloads of it; the newest one goes on."""
    db.session().execute(select(CodeExport.id).where(CodeExport.id == taking.row.id).with_for_update())
    if db.session().scalar(_taken(taking.row.id, EventRow.id.desc()).limit(1)) != taking.number:
        raise ExportOver


def _taken(export_id: UUID, order: Any) -> Any:
    mine = (EventRow.subject_type == ExportTaken.subject_type, EventRow.subject_id == export_id)
    return select(EventRow.id).where(*mine, EventRow.name == ExportTaken.name).order_by(order)


# What left before ------------------------------------------------------------------------------------------------


def _left_before(taking: Taking, limit: int) -> Sequence[Any]:
    """Return the next reveals of an export that are on record: the event, and the code it was of."""
    assert taking.since
    since = taking.seen or UUID(int=max(taking.since.int - SLACK, 0))
    own: ColumnElement[bool] = EventRow.data["export_id"].as_string() == str(taking.row.id)
    query = select(EventRow.id, EventRow.subject_id).where(EventRow.id > since, EventRow.name == CodeExported.name, own)
    return db.session().execute(query.order_by(EventRow.id).limit(limit)).all()


def _again(taking: Taking, before: Sequence[Any], network: str, now: datetime, by: By) -> tuple[Taking, list[Exported]]:
    """Record one fetch of codes whose reveal is on record; one that has found a buyer since is left out."""
    ids = [row.subject_id for row in before]
    query = select(Code.id, Code.sku_id).where(
        Code.id.in_(ids), Code.status.in_(NOBODYS), Code.entitlement_id.is_(None)
    )
    skus: dict[UUID, UUID] = dict(db.session().execute(query).all())
    (fetch,) = publish(ExportFetched(subject_id=taking.row.id, count=len(skus), network=network, at=now, by=by))
    seals = sealed_codes(skus)
    opened = [
        Exported(skus[row.subject_id], Reveal(seals[row.subject_id], row.id, fetch))
        for row in before
        if row.subject_id in skus
    ]
    after = min(ids) if taking.after is None else min(taking.after, *ids)
    return replace(taking, seen=before[-1].id, after=after, done=taking.done + len(before)), opened


# What leaves for the first time ----------------------------------------------------------------------------------


def _anew(taking: Taking, limit: int, network: str, now: datetime, by: By) -> tuple[Taking | None, list[Exported]]:
    said = json.loads(taking.row.filters)
    last = taking.after or taking.row.id  # none that came in after it was asked for
    query = ours(said["filters"]).where(Code.id < last)
    ids = list(db.session().scalars(query.order_by(Code.id.desc()).limit(limit).with_for_update()))
    if not ids:
        return None, []
    mine = (CODE.merchant_id == db.merchant_id(), CODE.id.in_(ids), CODE.status == Status.FREE)
    status = Status.FREE if said["keep"] else Status.QUARANTINED
    taken = update(Code.__table__).where(*mine).values(status=status)  # type: ignore[arg-type]
    codes = db.session().execute(taken.returning(CODE.id, CODE.sku_id)).all()
    reason = "backup" if said["keep"] else "exported"
    facts: dict[str, Any] = {"export_id": taking.row.id, "network": network, "reason": reason, "at": now, "by": by}
    events = publish(*(CodeExported(subject_id=code.id, **facts) for code in codes))
    recount({code.sku_id for code in codes}, now=now)
    seals = sealed_codes(code.id for code in codes)
    opened = [Exported(code.sku_id, Reveal(seals[code.id], event)) for code, event in zip(codes, events, strict=True)]
    return replace(taking, after=ids[-1], done=taking.done + len(codes)), opened
