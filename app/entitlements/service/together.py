"""Together: of a bundle nothing is shown before all of it is there, unless its merchant wants otherwise.

What has come early stays promised with its code beside it; the last one to come makes all of its line ready.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update

from app.catalog import queries as catalog
from app.entitlements.models import Entitlement, State
from app.kit import db
from app.orders import queries as orders
from app.orders import service as ordering

E = Entitlement.__table__.c
IS_THERE = E.code_id.is_not(None) | E.shared_id.is_not(None)


def hold_back(parts: Sequence[Any], rows: Sequence[dict[str, Any]]) -> None:
    """Let what was given of a bundle stay promised while something of it is missing; asks nothing when all is there."""
    missing = {row["part_id"] for row in rows if row["state"] is State.PROMISED}
    if not missing:
        return
    lines = lines_together(parts)
    waiting = {lines[part.id] for part in parts if part.id in missing and part.id in lines}
    for row in rows:
        if lines.get(row["part_id"]) in waiting:
            row["state"], row["ready_at"] = State.PROMISED, None


def lines_together(parts: Sequence[Any]) -> dict[UUID, UUID]:
    """Return by part the line of each bundle whose codes are shown together."""
    supply = catalog.supply()
    inside = [part for part in parts if part.sku_id in supply.components]
    sold_as = orders.list_sold_as(part.line_id for part in inside) if inside else {}
    return {
        part.id: part.line_id
        for part in inside
        if sold_as[part.line_id] != part.sku_id and sold_as[part.line_id] not in supply.as_ready
    }


def make_ready(line_ids: Collection[UUID], order_ids: Iterable[UUID], *, now: datetime) -> None:
    """Make the lines ready of which everything is there; those of one order one after the other, so none is missed."""
    concerned = sorted(set(order_ids))
    for order_id in concerned:
        ordering.lock(order_id)
    for parts in orders.list_parts_of_lines(line_ids, concerned).values():
        promised = (E.merchant_id == db.merchant_id(), E.part_id.in_(parts), E.state == State.PROMISED)
        here = IS_THERE & or_(E.opens_at.is_(None), E.opens_at <= now)
        if not db.session().scalar(select(func.count()).where(*promised, ~here)):
            ready = update(Entitlement.__table__).where(*promised, here)  # type: ignore[arg-type]
            db.changed(ready.values(state=State.READY, ready_at=now))
