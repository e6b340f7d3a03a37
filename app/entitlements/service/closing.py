"""Closing: what is paid is handed over so long after the payment as its shop wants, and by nobody before.

A closed entitlement has its code beside it and stays promised, as a bundle's do that waits for the rest: no door opens
what is not ready. A task opens it at its moment; the staff may do so earlier.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update

from app.catalog import queries as catalog
from app.entitlements.errors import NothingClosed
from app.entitlements.events import OpenedEarly
from app.entitlements.models import Entitlement, State
from app.entitlements.service import together
from app.kit import db, tasks
from app.kit.events import By, publish
from app.orders import queries as orders

OPEN = "entitlements.open"
AT_ONCE = 200
E = Entitlement.__table__.c


def keep_closed(parts: Sequence[Any], rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Let what is given stay promised until its time has come, counted from the payment of its order."""
    minutes = _minutes(parts)
    if not minutes:
        return
    paid = orders.list_paid_at({part.order_id for part in parts if part.id in minutes})
    moments = {part.id: paid[part.order_id] + minutes[part.id] for part in parts if part.id in minutes}
    later = {part_id: moment for part_id, moment in moments.items() if moment > now}
    for row in rows:
        if row["part_id"] in later:
            row |= {"opens_at": later[row["part_id"]], "state": State.PROMISED, "ready_at": None}
    if later:
        tasks.wake(OPEN, min(later.values()))


def _minutes(parts: Sequence[Any]) -> dict[UUID, timedelta]:
    """Return how long parts are kept closed; a bundle's rule holds for all that is in it."""
    supply = catalog.supply()
    if not supply.delays:
        return {}
    inside = [part.line_id for part in parts if part.sku_id in supply.components]
    sold_as = orders.list_sold_as(inside) if inside else {}
    longest = {part.id: max(supply.delay(part.sku_id), supply.delay(sold_as.get(part.line_id))) for part in parts}
    return {part_id: timedelta(minutes=minutes) for part_id, minutes in longest.items() if minutes}


def open_some(*, now: datetime) -> tuple[set[UUID], datetime | None]:
    """Make ready what is due, some at a time; return the orders it was of, and when the next is due."""
    due = (E.merchant_id == db.merchant_id(), E.state == State.PROMISED, E.opens_at <= now, together.IS_THERE)
    query = select(E.id, E.part_id, E.order_id).where(*due).order_by(E.opens_at, E.id).limit(AT_ONCE)
    rows = db.session().execute(query).all()
    if rows:
        _open(rows, now)
        return {row.order_id for row in rows}, now
    ahead = (E.merchant_id == db.merchant_id(), E.state == State.PROMISED, E.opens_at > now)
    return set(), db.session().scalar(select(func.min(E.opens_at)).where(*ahead))


def open_early(order_id: UUID, *, now: datetime, by: By) -> None:
    """Hand over at once what an order's buyer would get later; refuses with NothingClosed."""
    mine = (E.merchant_id == db.merchant_id(), E.order_id == order_id, E.state == State.PROMISED, E.opens_at > now)
    opened = update(Entitlement.__table__).where(*mine).values(opens_at=now)  # type: ignore[arg-type]
    if not (count := db.changed(opened)):
        raise NothingClosed
    publish(OpenedEarly(subject_id=order_id, order_id=order_id, count=count, at=now, by=by))
    tasks.wake(OPEN, now)


def is_open(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an entitlement is not kept closed."""
    return or_(E.opens_at.is_(None), E.opens_at <= now)


def _open(rows: Sequence[Any], now: datetime) -> None:
    """Make these ready; of a bundle that waits for more, forget that they were closed."""
    lines = together.lines_together(orders.list_parts_by_id(row.part_id for row in rows))
    alone = [row.id for row in rows if row.part_id not in lines]
    _change(alone, state=State.READY, ready_at=now)
    _change([row.id for row in rows if row.part_id in lines], opens_at=None)
    if lines:
        whose = {row.order_id for row in rows if row.part_id in lines}
        together.make_ready(set(lines.values()), whose, now=now)


def _change(ids: Collection[UUID], **values: Any) -> None:
    if ids:
        mine = (E.merchant_id == db.merchant_id(), E.id.in_(list(ids)), E.state == State.PROMISED)
        db.changed(update(Entitlement.__table__).where(*mine).values(**values))  # type: ignore[arg-type]
