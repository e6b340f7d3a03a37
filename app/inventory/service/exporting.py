"""Exporting: codes in clear for somebody of the shop; asked for with a reason, allowed by a second person, recorded.

Only codes that nobody owns or holds can be taken. What left the house is not sold by us afterwards: each code is set
aside in the unit that records its reveal, unless who asked said that it is a backup.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update

from app.inventory.errors import ExportOver, NothingToExport, OwnExport
from app.inventory.exports import ExportAsked, ExportDecided
from app.inventory.models import Batch, Code, CodeExport, ExportState, Status
from app.inventory.queries import CODES, EXPORT_MAIL
from app.kit import db, effects
from app.kit.errors import Invalid, Required
from app.kit.events import By, publish
from app.kit.ids import new_id

MOST, FREELY = 50_000, 50  # codes of one export; codes of a shop in a DAY that need no second person
DAY = timedelta(hours=24)
MAIL_LIFE = timedelta(hours=24)


@dataclass(frozen=True)
class ExportWish:
    """Which codes somebody wants in clear, by the filters of the list of codes, and why."""

    filters: Mapping[str, str]
    reason: str
    keep_selling: bool  # a backup: the codes stay for sale


def count_exportable(filters: Mapping[str, str]) -> int:
    """Count the codes that fit these filters and belong to nobody, up to one more than may be taken."""
    some = ours(filters).limit(MOST + 1)
    return db.session().scalar(select(func.count()).select_from(some.subquery())) or 0


def asked_lately(now: datetime) -> int:
    """Count the codes that the shop asked for in the last 24 hours and was not refused."""
    lately = (CodeExport.asked_at > now - DAY, CodeExport.state != ExportState.REFUSED)
    return db.session().scalar(select(func.sum(CodeExport.count)).where(*lately)) or 0


def ask_export(wish: ExportWish, *, others: Collection[UUID], now: datetime, by: By) -> UUID:
    """Ask for codes in clear, and return the export; raises Invalid with NothingToExport or Required.

    A few may be taken at once. More wait for one of the `others` who may allow it, or, when there is nobody else, for a
    day, of which the asker is told by mail.
    """
    if not wish.reason:
        raise Invalid({"reason": Required()})
    first = select(Batch.id).order_by(Batch.id).limit(1).with_for_update()
    db.session().execute(first)  # one after the other, or two small wishes at the same moment would pass as few
    count = count_exportable(wish.filters)
    if not 0 < count <= MOST:
        raise Invalid({"count": NothingToExport(MOST)})
    few = asked_lately(now) + count <= FREELY
    alone = not few and not set(others) - {by.id}
    row = _export(wish, count, now + DAY if alone else now if few else None, now, by)
    db.session().add(row)
    db.session().flush()
    if alone:
        effects.intend(EXPORT_MAIL, row.id, due_at=now, deadline=now + MAIL_LIFE)
    publish(ExportAsked(subject_id=row.id, count=count, reason=wish.reason, at=now, by=by))
    return row.id


def _export(wish: ExportWish, count: int, ready_at: datetime | None, now: datetime, by: By) -> CodeExport:
    assert by.id
    return CodeExport(
        id=new_id(),
        state=ExportState.ALLOWED if ready_at else ExportState.ASKED,
        filters=json.dumps({"filters": dict(wish.filters), "keep": wish.keep_selling}, sort_keys=True),
        count=count,
        reason=wish.reason,
        asked_at=now,
        asked_by=by.id,
        ready_at=ready_at,
    )


def decide_export(export_id: UUID | None, *, allow: bool, now: datetime, by: By) -> None:
    """Allow or refuse what somebody else asked for; raises OwnExport, ExportOver, NotFound."""
    row = db.get(CodeExport, export_id)
    if allow and row.asked_by == by.id:
        raise OwnExport
    decided: dict[str, Any] = {"state": ExportState.ALLOWED if allow else ExportState.REFUSED}
    decided |= {"allowed_at": now, "allowed_by": by.id, "ready_at": now if allow else None}
    change_export(row.id, (ExportState.ASKED,) if allow else (ExportState.ASKED, ExportState.ALLOWED), decided)
    publish(ExportDecided(subject_id=row.id, allowed=allow, at=now, by=by))


def change_export(export_id: UUID, states: Collection[ExportState], values: Mapping[str, Any]) -> None:
    """Change an export that stands as it is thought to, or refuse with ExportOver."""
    mine = (CodeExport.id == export_id, CodeExport.state.in_(list(states)))
    if not db.changed(update(CodeExport).where(*mine).values(**values)):
        raise ExportOver


def ours(filters: Mapping[str, str]) -> Select[Any]:
    """Ask for the codes that fit and belong to nobody: neither held nor sold, void or set aside."""
    query = select(Code.id).where(Code.status == Status.FREE)
    for name, said in filters.items():
        if said and name in CODES.filters:
            query = CODES.filters[name](query, said)
    return query
