"""What can be done with entitlements."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, literal, update

from app.entitlements import queries
from app.entitlements.errors import NothingToReveal, RevealLimit
from app.entitlements.events import CodeRevealed
from app.entitlements.models import Entitlement, State
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.kit import db
from app.kit.columns import Moment
from app.kit.crypto import Reveal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.events import OrderPaid
from app.orders.queries import Fulfilment, Part

MOST_REVEALS = 100


def grant(paid: Sequence[OrderPaid]) -> None:
    """Give buyers what they paid for: held codes become sold, lost holds find others, the rest is promised.

    A reaction to the money: it never refuses.
    """
    now = max(event.at for event in paid)
    parts = orders.list_parts([event.subject_id for event in paid])
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    wants = [inventory.Want(part.id, part.sku_id, part.quantity) for part in parts]
    sold = defaultdict(list)
    for sale in inventory.sell(wants, now=now, today=today):
        sold[sale.part_id].append(sale)
    rows = [row for part in parts for row in _rows(part, sold[part.id], now)]
    db.session().execute(insert(Entitlement.__table__), rows)  # type: ignore[arg-type]
    _correct_costs(parts, sold)
    ordering.mark_fulfilled(_fulfilment(rows), now=now)


def _rows(part: Part, sales: Sequence[inventory.Sold], now: datetime) -> list[dict[str, Any]]:
    ready = [_row(part, slot, now, sale) for slot, sale in enumerate(sales)]
    return ready + [_row(part, slot, now, None) for slot in range(len(sales), part.quantity)]


def _row(part: Part, slot: int, now: datetime, sale: inventory.Sold | None) -> dict[str, Any]:
    return {
        "merchant_id": part.merchant_id,
        "id": sale.entitlement_id if sale else new_id(),
        "order_id": part.order_id,
        "part_id": part.id,
        "slot": slot,
        "sku_id": part.sku_id,
        "code_id": sale.code_id if sale else None,
        "state": State.READY if sale else State.PROMISED,
        "granted_at": now,
        "ready_at": now if sale else None,
        "reveals": 0,
        "first_revealed_at": None,
        "tail": sale.tail if sale else "",
    }


def _correct_costs(parts: Sequence[Part], sold: dict[UUID, list[inventory.Sold]]) -> None:
    costs = {part.id: sum(sale.cost for sale in sold[part.id]) for part in parts}
    ordering.set_costs({part.id: costs[part.id] for part in parts if costs[part.id] != part.cost})


def _fulfilment(rows: Iterable[dict[str, Any]]) -> dict[UUID, Fulfilment]:
    owed = Counter[UUID]()
    for row in rows:
        owed[row["order_id"]] += row["state"] is State.PROMISED
    return {order: Fulfilment.QUEUED if count else Fulfilment.DONE for order, count in owed.items()}


# Revealing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """Why somebody may see a code, and from where; goes into the reveal's record."""

    kind: str
    by: By
    network: str
    agent: str


@dataclass(frozen=True)
class Opening:
    """One entitlement that may be opened now, and the reveal that allows it."""

    entitlement_id: UUID
    reveal: Reveal


def reveal(order_id: UUID, *, proof: Proof, now: datetime) -> list[Opening]:
    """Record that the proven buyer sees the codes of an order; after the commit `crypto.open` gives the plaintext.

    Raises NothingToReveal, or RevealLimit once the budget of an entitlement is used up.
    """
    opened = _spend(order_id, now)
    if not opened:
        raise _why_not(order_id)
    seals = stock.sealed_codes(row.code_id for row in opened)
    events = [
        CodeRevealed(
            subject_id=row.code_id,
            order_id=order_id,
            entitlement_id=row.id,
            proof=proof.kind,
            network=proof.network,
            agent=proof.agent[:200],
            at=now,
            by=proof.by,
        )
        for row in opened
    ]
    ids = publish(*events)
    return [Opening(row.id, Reveal(seals[row.code_id], number)) for row, number in zip(opened, ids, strict=True)]


def _spend(order_id: UUID, now: datetime) -> list[Any]:
    """Take one reveal from the budget of each ready entitlement of an order, and list those that had one left."""
    e = Entitlement.__table__.c
    statement = (
        update(Entitlement.__table__)  # type: ignore[arg-type]
        .where(
            e.merchant_id == db.merchant_id(),
            e.order_id == order_id,
            e.state == State.READY,
            e.reveals < MOST_REVEALS,
        )
        .values(reveals=e.reveals + 1, first_revealed_at=func.coalesce(e.first_revealed_at, literal(now, Moment)))
        .returning(e.id, e.code_id, e.part_id, e.slot)
    )
    return sorted(db.session().execute(statement), key=lambda row: (row.part_id, row.slot))


def _why_not(order_id: UUID) -> NothingToReveal | RevealLimit:
    ready = any(row.state is State.READY for row in queries.list_of_order(order_id))
    return RevealLimit(MOST_REVEALS) if ready else NothingToReveal()
