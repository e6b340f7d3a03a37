"""Transitions: what may be done to which codes, each one guarded UPDATE; who comes too late changes no row."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, update

from app.inventory.allocation import CODE
from app.inventory.changes import Action, CodeChanged
from app.inventory.models import Code, Status
from app.kit import db


@dataclass(frozen=True)
class Transition:
    """Which codes it fits, and what becomes of them; None removes them."""

    fits: tuple[ColumnElement[bool], ...]
    values: dict[str, Any] | None


NEVER_SOLD = (CODE.entitlement_id.is_(None), CODE.held_by.is_(None))
FREE = {"status": Status.FREE, "entitlement_id": None, "held_by": None, "held_until": None}
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
    Action.COST: Transition((UNSOLD, CODE.own_cost.is_(None)), {"cost": 0}),
    # What was set aside and has an owner still was taken back unseen: what a buyer knew becomes void in that same unit.
    Action.RESTOCK: Transition(
        (CODE.status == Status.QUARANTINED, ~CODE.frozen, CODE.entitlement_id.is_not(None)), FREE
    ),
}
FREES = {  # which of the codes are free afterwards: those go to who waits
    Action.UNFREEZE: CODE.status == Status.FREE,
    Action.RESTORE: ~CODE.frozen,
    Action.RELEASE: CODE.status == Status.FREE,
    Action.RESTOCK: ~CODE.frozen,
}


def fits(action: Action, recall: UUID | None = None) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on codes that an action changes; a release takes those that its recall froze."""
    if action is not Action.RELEASE:
        return TRANSITIONS[action].fits
    c = CodeChanged.__table__.c
    frozen_by = exists().where(c.merchant_id == CODE.merchant_id, c.code_id == CODE.id, c.change_id == recall)
    return (CODE.frozen, frozen_by)


def change(action: Action, code_id: UUID) -> Any:
    """Change a code if an action fits it, and return it as it is now, or None."""
    transition = TRANSITIONS[action]
    mine = (CODE.merchant_id == db.merchant_id(), CODE.id == code_id, *transition.fits)
    told = (CODE.id, CODE.sku_id, CODE.status, CODE.frozen, CODE.cost)
    changed = update(Code.__table__).where(*mine).values(transition.values)  # type: ignore[arg-type]
    return db.session().execute(changed.returning(*told)).one_or_none()
