"""Moving: free codes of one SKU become codes of another of the same kind, slice by slice.

What is to be moved is told by the event that asked for it, and each slice takes what still fits: so a move that is cut
off goes on where it stopped, and a code that is sold or held meanwhile stays where it is. A code keeps its batch, and
with it supplier, cost and expiry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update

from app.catalog import queries as catalog
from app.catalog.queries import Source
from app.inventory.allocation import CODE, FREE, STILL_FREE
from app.inventory.errors import NotMoving, NotThoseCodes, OtherKind
from app.inventory.events import CodesMoved, MoveAsked, MoveCancelled
from app.inventory.models import Code
from app.inventory.queries import CODES, MOVE, get_move
from app.inventory.service.counting import recount
from app.kit import db, tasks
from app.kit.errors import Invalid, Required
from app.kit.events import By, EventRow, publish
from app.kit.ids import public

SLICE = 2000


@dataclass(frozen=True)
class MoveWish:
    """Which free codes of a SKU, by the filters of the list of codes, are to go to which other SKU."""

    from_id: UUID
    to_id: UUID
    filters: Mapping[str, str]
    count: int  # as it was confirmed
    reason: str


def count_movable(from_id: UUID, filters: Mapping[str, str]) -> int:
    """Count the free codes of a SKU that fit these filters."""
    return db.session().scalar(select(func.count()).select_from(_free(from_id, filters).subquery())) or 0


def move(wish: MoveWish, *, now: datetime, by: By) -> UUID:
    """Start the task that moves codes, and return the event that asked for it; raises Invalid."""
    skus = catalog.list_skus_by_id([wish.from_id, wish.to_id])
    if len(skus) < 2 or len({sku.kind for sku in skus.values()}) > 1 or not _are_pools(skus.values()):
        raise Invalid({"to": OtherKind()})
    if not wish.reason:
        raise Invalid({"reason": Required()})
    found = count_movable(wish.from_id, wish.filters)
    if not found or found != wish.count:
        raise Invalid({"count": NotThoseCodes(found)})
    asked = MoveAsked(
        subject_id=wish.from_id,
        to_id=wish.to_id,
        filters=dict(wish.filters),
        count=found,
        reason=wish.reason,
        at=now,
        by=by,
    )
    (number,) = publish(asked)
    tasks.start(MOVE, number, due_at=now, total=found)
    return number


def _are_pools(skus: Any) -> bool:
    return all(sku.source is Source.POOL for sku in skus)


def move_slice(event_id: UUID, *, now: datetime) -> int:
    """Move the next codes that a move asked for, and return how many; none is its end."""
    told = db.get(EventRow, event_id)
    from_id, to_id = told.subject_id, UUID(told.data["to_id"])
    some = _free(from_id, told.data["filters"]).order_by(Code.id).limit(SLICE).with_for_update(skip_locked=True)
    moved = hand_over(list(db.session().scalars(some)), from_id, to_id)
    if moved:
        recount((from_id, to_id), now=now)
        by = By(told.actor_type, told.actor_id)
        publish(CodesMoved(subject_id=to_id, from_id=from_id, skus=(from_id, to_id), count=moved, at=now, by=by))
    return moved


def cancel_move(event_id: UUID | None, *, now: datetime, by: By) -> None:
    """End a move where it is: what has moved stays there, the rest stays here; refuses with NotMoving, NotFound."""
    told, task = get_move(event_id)
    if not tasks.cancel(task.id):
        raise NotMoving
    db.session().refresh(task)  # a slice that was committed while we waited counts
    facts: dict[str, Any] = {"to_id": UUID(told.data["to_id"]), "moved": task.done, "count": task.total}
    publish(MoveCancelled(subject_id=told.subject_id, at=now, by=by, **facts))


def hand_over(code_ids: Sequence[UUID], from_id: UUID, to_id: UUID) -> int:
    """Let those of these codes that are still free be another SKU's, in its main lane, and return how many were."""
    mine = (CODE.merchant_id == db.merchant_id(), CODE.id.in_(code_ids), CODE.sku_id == from_id, STILL_FREE)
    there = update(Code.__table__).where(*mine).values(sku_id=to_id, lane=0)  # type: ignore[arg-type]
    return db.changed(there) if code_ids else 0


def _free(from_id: UUID, filters: Mapping[str, str]) -> Select[Any]:
    query = select(Code.id).where(Code.sku_id == from_id, FREE)
    for name, said in (filters | {"sku": public("sku", from_id)}).items():  # type: ignore[operator]
        if said and name in CODES.filters:
            query = CODES.filters[name](query, said)
    return query
