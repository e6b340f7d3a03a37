"""Granting: the reaction to money. What was held becomes the buyer's, and what is missing is promised."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.entitlements.events import PromisesKept
from app.entitlements.models import Entitlement, State
from app.entitlements.service import chores, closing, together
from app.entitlements.service.channels import channels
from app.inventory import service as inventory
from app.kit import db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.events import OrderPaid
from app.orders.queries import Fulfilment


def grant(paid: Sequence[OrderPaid]) -> None:
    """Give buyers what they paid for: held codes become sold, lost holds find others, the rest is promised.

    A reaction to the money: it never refuses. What waits for a decision of the shop is parked: its buyer is given
    nothing, not even a promise, so there is nothing that any door could open.
    """
    now = max(event.at for event in paid)
    ordering.hold_paid([event.subject_id for event in paid if event.in_review], now=now)
    if through := [event.subject_id for event in paid if not event.in_review]:
        _give(orders.list_parts(through), now)


def release(order_ids: Sequence[UUID], *, now: datetime, by: By, reason: str = "") -> list[UUID]:
    """Deliver paid orders that waited for a decision, and return those that this call released."""
    released = ordering.release_reviewed(order_ids, now=now, by=by, reason=reason)
    if released:
        parts = orders.list_parts(released)
        _tell_costs(parts, _give(parts, now), now)
    return released


def _tell_costs(parts: Sequence[Any], rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Have the books follow: goods of an order in review cost nothing before it is released."""
    costs = Counter[UUID]()
    for part in orders.list_parts([part.order_id for part in parts]):
        costs[part.order_id] += part.cost
    ready = Counter[UUID](row["order_id"] for row in rows if row["state"] is State.READY)
    first = {row["order_id"]: row["id"] for row in reversed(rows)}
    publish(
        *(
            PromisesKept(
                subject_id=order, order_id=order, first_id=first[order], count=ready[order], cost=costs[order], at=now
            )
            for order in sorted(first)
            if costs[order]
        )
    )


def grant_missing(order_ids: Sequence[UUID], *, now: datetime) -> None:
    """Give what paid orders should have been given and were not; what was given stays as it is."""
    parts = orders.list_parts(order_ids)
    given = select(Entitlement.part_id).where(Entitlement.part_id.in_([part.id for part in parts])).distinct()
    done = set(db.session().scalars(given))
    if missing := [part for part in parts if part.id not in done]:
        _give(missing, now)


def _give(parts: Sequence[Any], now: datetime) -> list[dict[str, Any]]:
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    through = channels(parts)
    wants = [inventory.Want(part.id, part.sku_id, part.quantity, part.source, channel=through(part)) for part in parts]
    sold = defaultdict(list)
    for sale in inventory.sell(wants, now=now, today=today):
        sold[sale.part_id].append(sale)
    rows = [row for part in parts for row in _rows(part, sold[part.id], now)]
    closing.keep_closed(parts, rows, now)
    together.hold_back(parts, rows)
    db.insert((Entitlement.__table__, rows))
    chores.ask(parts, rows, now)
    _correct_costs(parts, sold)
    ordering.mark_fulfilled(_fulfilment(rows), now=now)
    return rows


def _rows(part: Any, sales: Sequence[inventory.Sold], now: datetime) -> list[dict[str, Any]]:
    ready = [_row(part, slot, now, sale) for slot, sale in enumerate(sales)]
    return ready + [_row(part, slot, now, None) for slot in range(len(sales), part.quantity)]


def _row(part: Any, slot: int, now: datetime, sale: inventory.Sold | None) -> dict[str, Any]:
    return {
        "merchant_id": part.merchant_id,
        "id": sale.entitlement_id if sale else new_id(),
        "order_id": part.order_id,
        "part_id": part.id,
        "holder_id": None,
        "slot": slot,
        "sku_id": part.sku_id,
        "code_id": sale.code_id if sale else None,
        "shared_id": sale.shared_id if sale else None,
        "state": State.READY if sale else State.PROMISED,
        "granted_at": now,
        "ready_at": now if sale else None,
        "reveals": 0,
        "first_revealed_at": None,
        "used": 0,
        "last_used_at": None,
        "tail": sale.tail if sale else "",
        "opens_at": None,
    }


def _correct_costs(parts: Sequence[Any], sold: dict[UUID, list[inventory.Sold]]) -> None:
    costs = {part.id: sum(sale.cost for sale in sold[part.id]) for part in parts}
    ordering.set_costs({part.id: costs[part.id] for part in parts if costs[part.id] != part.cost})


def _fulfilment(rows: Iterable[dict[str, Any]]) -> dict[UUID, Fulfilment]:
    owed, ready = Counter[UUID](), Counter[UUID]()
    for row in rows:
        owed[row["order_id"]] += row["state"] is State.PROMISED
        ready[row["order_id"]] += row["state"] is State.READY
    return {order: _how_far(owed[order], ready[order]) for order in owed}


def _how_far(owed: int, ready: int) -> Fulfilment:
    if not owed:
        return Fulfilment.DONE
    return Fulfilment.PARTIAL if ready else Fulfilment.QUEUED
