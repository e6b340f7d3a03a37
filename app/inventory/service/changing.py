"""Changing many codes: a list that was looked at is confirmed with its count, and a task changes it slice by slice.

A slice changes its codes, notes which, tells the books and moves its position, all in one unit. So a change that is
killed at any moment goes on where it stopped: no code is changed twice, and none is forgotten.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.inventory.changes import Action, ChangeState, CodeChange
from app.inventory.errors import MoreCodesNow, NothingToChange
from app.inventory.events import CodesChangeAsked, CodesChanged, SoldRecosted
from app.inventory.models import Code
from app.inventory.queries import CHANGE, chosen_codes, count_chosen
from app.inventory.service.counting import recount
from app.inventory.service.holds import tell_freed
from app.inventory.service.life import revalue, tell_put_back
from app.inventory.slices import Share, Slice, change_all, list_codes, list_owners, list_shares, note_next
from app.kit import db, tasks
from app.kit.events import By, publish
from app.kit.ids import new_id

SLICE = 4000
BULK = (Action.FREEZE, Action.UNFREEZE, Action.VOID, Action.RESTORE, Action.RESTOCK)  # what may be done with any list
CAUSES = {Action.VOID: "void", Action.RESTORE: "restored", Action.WITHDRAW: "withdrawn", Action.COST: "cost"}


def change_codes(
    action: Action,
    filters: Mapping[str, str],
    *,
    count: int,
    reason: str,
    now: datetime,
    by: By,
    batch_id: UUID | None = None,
    value: str = "",
) -> UUID:
    """Have the codes of a list changed, when there are at most `count` of them, and return the task that does it.

    Refuses with NothingToChange, and with MoreCodesNow when the list has grown since it was looked at.
    """
    found = count_chosen(action, filters, recall=_recall(action, value))
    if not found:
        raise NothingToChange
    if found > count:
        raise MoreCodesNow(found, count)
    row = _draft(action, filters, found, now, by)
    row.batch_id, row.value, row.reason = batch_id, value, reason
    db.session().add(row)
    told = {"action": action.name.lower(), "count": found, "reason": reason, "batch_id": batch_id}
    publish(CodesChangeAsked(subject_id=row.id, at=now, by=by, **told))  # type: ignore[arg-type]
    return tasks.start(CHANGE, row.id, due_at=now, total=found)


def change_slice(
    change_id: UUID, *, now: datetime, finish: Callable[[CodeChange, datetime], None] | None = None
) -> CodeChange:
    """Change the next codes of a confirmed list, or end it; `finish` does what is left to do at its end."""
    row = _locked(change_id)
    if row.state is not ChangeState.RUNNING:
        return row
    some = note_next(row, _chosen(row), most=SLICE)
    if some is not None:
        _change(row, some, now)
        row.after = some.last
    if some is None or some.count < SLICE:
        if finish is not None:
            finish(row, now)
        _end(row, ChangeState.DONE, now)
    return row


def cancel_change(change_id: UUID, *, now: datetime) -> None:
    """End a change that is under way; what it has changed stays changed."""
    row = _locked(change_id)
    if row.state is not ChangeState.RUNNING:
        return
    _end(row, ChangeState.CANCELLED, now)
    task = tasks.find(CHANGE, change_id)
    if task is not None:
        tasks.cancel(task.id)


def stop_change(change_id: UUID, *, now: datetime) -> None:
    """Say of a change that it could not go on; what it has changed stays changed."""
    row = _locked(change_id)
    if row.state is ChangeState.RUNNING:
        _end(row, ChangeState.FAILED, now)


def _draft(action: Action, filters: Mapping[str, str], count: int, now: datetime, by: By) -> CodeChange:
    return CodeChange(
        id=new_id(),
        action=action,
        state=ChangeState.RUNNING,
        filters=json.dumps({name: said for name, said in filters.items() if said}),
        count=count,
        done=0,
        amount=0,
        asked_at=now,
        actor_type=by.type,
        actor_id=by.id,
    )


def _locked(change_id: UUID) -> CodeChange:
    query = select(CodeChange).where(CodeChange.id == change_id).with_for_update()
    return db.session().scalars(query.execution_options(populate_existing=True)).one()


def _recall(action: Action, value: str) -> UUID | None:
    return UUID(value) if action is Action.RELEASE else None


def _chosen(row: CodeChange) -> Select[Any]:
    """Select the codes that still fit; what came into the list after it was confirmed is younger than the change."""
    query = chosen_codes(row.action, json.loads(row.filters), recall=_recall(row.action, row.value))
    return query.where(Code.id <= row.id)


def _change(row: CodeChange, some: Slice, now: datetime) -> None:
    shares = list_shares(some, row.action)
    owned = list_owners(some) if row.action is Action.COST else ()
    change_all(some, row.action, _values(row))
    row.done += some.count
    amount = _worth(row, shares)
    row.amount += amount
    by = By(row.actor_type, row.actor_id)
    if row.action in CAUSES:
        revalue(CAUSES[row.action], amount, now=now, by=by)
    if owned:
        publish(SoldRecosted(subject_id=row.id, entitlement_ids=owned, at=now, by=by))
    if row.action is Action.RESTOCK:
        tell_put_back(list_codes(some), now=now, by=by)
    tell_freed({share.sku_id for share in shares if share.frees}, now)
    recount({share.sku_id for share in shares}, now=now)


def _values(row: CodeChange) -> dict[str, Any] | None:
    """Return what the codes become where the change itself says it."""
    if row.action is Action.EXPIRY:
        return {"expires_on": date.fromisoformat(row.value) if row.value else None}
    return {"cost": int(row.value)} if row.action is Action.COST else None


def _worth(row: CodeChange, shares: Sequence[Share]) -> int:
    """Return by how much a change altered what the stock is worth."""
    before = sum(share.cost for share in shares)
    if row.action is Action.COST:
        return int(row.value) * sum(share.count for share in shares) - before
    return {Action.VOID: -before, Action.WITHDRAW: -before, Action.RESTORE: before}.get(row.action, 0)


def _end(row: CodeChange, state: ChangeState, now: datetime) -> None:
    row.state, row.finished_at = state, now
    by = By(row.actor_type, row.actor_id)
    told = {"action": row.action.name.lower(), "state": state.name.lower(), "done": row.done}
    publish(CodesChanged(subject_id=row.id, at=now, by=by, **told))  # type: ignore[arg-type]
