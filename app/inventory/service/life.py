"""The life of one code: frozen, void, restored, sold again, exchanged; each one guarded UPDATE with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.inventory.allocation import CODE
from app.inventory.changes import Action
from app.inventory.errors import CodeStoodOtherwise, SoldOut
from app.inventory.events import (
    CodeFrozen,
    CodeQuarantined,
    CodeRestored,
    CodeReturned,
    CodesPutBack,
    CodeUnfrozen,
    CodeVoided,
    StockRevalued,
)
from app.inventory.models import Code, Status
from app.inventory.queries import get_code
from app.inventory.service.counting import recount
from app.inventory.service.holds import tell_freed
from app.inventory.service.sales import Owed, Sold, give
from app.inventory.transitions import FREES, change
from app.kit import db
from app.kit.events import By, Event, publish
from app.kit.ids import new_id

EVENTS: dict[Action, type[Event]] = {
    Action.FREEZE: CodeFrozen,
    Action.UNFREEZE: CodeUnfrozen,
    Action.VOID: CodeVoided,
    Action.RESTORE: CodeRestored,
    Action.RESTOCK: CodeReturned,
}
LOSSES = {Action.VOID: ("void", -1), Action.RESTORE: ("restored", 1)}


@dataclass(frozen=True)
class Exchanged:
    """A code that was set aside, what was sold in its stead, and how much more that had cost us (minor units)."""

    old_id: UUID
    new: Sold
    more: int


def freeze(code_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Hide a code from sale and from its buyer; refuses with CodeStoodOtherwise one that is frozen or void."""
    _do(Action.FREEZE, code_id, reason, now, by)


def unfreeze(code_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Let a frozen code be what it was; a free one goes to who has paid and waits. Refuses with CodeStoodOtherwise."""
    _do(Action.UNFREEZE, code_id, reason, now, by)


def void(code_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Take a code that is nobody's out of stock, and its cost out of the books; refuses with CodeStoodOtherwise."""
    _do(Action.VOID, code_id, reason, now, by)


def restore(code_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Bring a void code back that nobody ever had; refuses with CodeStoodOtherwise."""
    _do(Action.RESTORE, code_id, reason, now, by)


def put_back(code_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Sell a code again that was taken back from a buyer who never saw it; refuses with CodeStoodOtherwise."""
    _do(Action.RESTOCK, code_id, reason, now, by)


def tell_put_back(code_ids: Iterable[UUID], *, now: datetime, by: By) -> None:
    """Tell who had these codes before that they have them no more, ahead of anybody else who may get one."""
    publish(CodesPutBack(subject_id=new_id(), code_ids=tuple(code_ids), at=now, by=by))


def exchange(owed: Owed, *, reason: str, now: datetime, today: date, by: By, order_id: UUID) -> Exchanged:
    """Set the code of an entitlement aside and give it another free one.

    Refuses with CodeStoodOtherwise when it has no sold code, and with SoldOut when there is no other.
    """
    mine = (
        CODE.merchant_id == db.merchant_id(),
        CODE.entitlement_id == owed.entitlement_id,
        CODE.status == Status.SOLD,
    )
    aside = {"status": Status.QUARANTINED, "entitlement_id": None, "held_by": owed.entitlement_id}
    taken = update(Code.__table__).where(*mine).values(**aside)  # type: ignore[arg-type]
    old = db.session().execute(taken.returning(CODE.id, CODE.cost)).first()
    if old is None:
        raise CodeStoodOtherwise
    about: dict[str, Any] = {"order_id": order_id, "at": now, "by": by}
    facts: dict[str, Any] = {"entitlement_id": owed.entitlement_id, "skus": (owed.sku_id,), "reason": reason}
    publish(CodeQuarantined(subject_id=old.id, **facts, **about))
    new = next(iter(give([owed], now=now, today=today)), None)
    if new is None:
        raise SoldOut(0)
    revalue("replaced", old.cost - new.cost, now=now, by=by, order_id=order_id)
    recount((owed.sku_id,), now=now)
    return Exchanged(old.id, new, new.cost - old.cost)


def revalue(cause: str, amount: int, *, now: datetime, by: By, order_id: UUID | None = None) -> None:
    """Tell the books that the stock is worth more or less by so much."""
    if amount:
        publish(StockRevalued(subject_id=new_id(), cause=cause, amount=amount, order_id=order_id, at=now, by=by))


def _do(action: Action, code_id: UUID, reason: str, now: datetime, by: By) -> None:
    get_code(code_id)
    code = change(action, code_id)
    if code is None:
        raise CodeStoodOtherwise
    about: dict[str, Any] = {"skus": (code.sku_id,)} if action is Action.RESTOCK else {}
    publish(EVENTS[action](subject_id=code_id, reason=reason, at=now, by=by, **about))  # type: ignore[call-arg]
    if action is Action.RESTOCK:
        tell_put_back([code_id], now=now, by=by)
    if action in LOSSES:
        cause, sign = LOSSES[action]
        revalue(cause, sign * code.cost, now=now, by=by)
    if action in FREES and code.status is Status.FREE and not code.frozen:
        tell_freed({code.sku_id}, now)
    recount((code.sku_id,), now=now)
