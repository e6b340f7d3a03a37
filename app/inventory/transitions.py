"""Transitions: what may be done to which codes, each one guarded UPDATE; who comes too late changes no row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, update

from app.inventory.allocation import CODE
from app.inventory.changes import Action, CodeChanged
from app.inventory.models import Code, Status
from app.kit import db
from app.kit.inline import is_in


@dataclass(frozen=True)
class Transition:
    """Which codes it fits, and what becomes of them; None removes them."""

    fits: tuple[ColumnElement[bool], ...]
    values: dict[str, Any] | None


NEVER_SOLD = (CODE.entitlement_id.is_(None), CODE.held_by.is_(None))
UNSOLD = CODE.status.in_((Status.FREE, Status.HELD, Status.QUARANTINED))
TRANSITIONS = {
    Action.FREEZE: Transition((~CODE.frozen, CODE.status != Status.VOID), {"frozen": True}),
    Action.UNFREEZE: Transition((CODE.frozen,), {"frozen": False}),
    Action.VOID: Transition((CODE.status.in_((Status.FREE, Status.QUARANTINED)),), {"status": Status.VOID}),
    Action.RESTORE: Transition((CODE.status == Status.VOID, *NEVER_SOLD), {"status": Status.FREE}),
    Action.RECALL: Transition((~CODE.frozen, UNSOLD), {"frozen": True}),
    Action.RELEASE: Transition((CODE.frozen,), {"frozen": False}),
    Action.WITHDRAW: Transition((CODE.status == Status.FREE,), None),
    Action.EXPIRY: Transition((UNSOLD,), {"expires_on": None}),
    Action.COST: Transition((UNSOLD,), {"cost": 0}),
}
FREES = {Action.UNFREEZE, Action.RESTORE, Action.RELEASE}  # what is free afterwards goes to those who wait


def fits(action: Action, recall: UUID | None = None) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on codes that an action changes; a release takes those that its recall froze."""
    if action is not Action.RELEASE:
        return TRANSITIONS[action].fits
    c = CodeChanged.__table__.c
    frozen_by = exists().where(c.merchant_id == CODE.merchant_id, c.code_id == CODE.id, c.change_id == recall)
    return (CODE.frozen, frozen_by)


def change(action: Action, code_ids: Sequence[UUID], values: dict[str, Any] | None = None) -> Sequence[Any]:
    """Change those of these codes that an action fits, and return them as they are now."""
    transition = TRANSITIONS[action]
    mine = (CODE.merchant_id == db.merchant_id(), _of_these(code_ids), *transition.fits)
    told = (CODE.id, CODE.sku_id, CODE.batch_id, CODE.status, CODE.frozen, CODE.cost, CODE.entitlement_id)
    given = {} if db.is_sqlite() else {"ids": list(code_ids)}
    if transition.values is None:
        removed = delete(Code.__table__).where(*mine).returning(*told)  # type: ignore[arg-type]
        return db.session().execute(removed, given).all()
    changed = update(Code.__table__).where(*mine).values(values or transition.values)  # type: ignore[arg-type]
    return db.session().execute(changed.returning(*told), given).all()


def _of_these(code_ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition that a code is one of these: on PostgreSQL one array, however many there are."""
    return CODE.id.in_(code_ids) if db.is_sqlite() else is_in(CODE.id, "ids")


def note(change_id: UUID, code_ids: Sequence[UUID]) -> None:
    """Write down which codes a change changed."""
    merchant = db.merchant_id()
    rows = [{"merchant_id": merchant, "code_id": number, "change_id": change_id} for number in code_ids]
    db.insert((CodeChanged.__table__, rows))
