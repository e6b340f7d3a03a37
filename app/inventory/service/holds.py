"""Holds: codes kept for the parts of an order until a time, then sold or given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from app.inventory import allocation
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.events import HoldsLapsed
from app.kit.events import publish
from app.kit.ids import new_id


@dataclass(frozen=True)
class Want:
    """What one part of an order needs from the pool."""

    part_id: UUID
    sku_id: UUID
    quantity: int


@dataclass(frozen=True)
class Held:
    """What was kept for a part, and what those codes cost us together (minor units)."""

    part_id: UUID
    codes: tuple[UUID, ...]
    cost: int


@dataclass(frozen=True)
class Sold:
    """A code that now belongs to an entitlement; `slot` counts within its part."""

    part_id: UUID
    slot: int
    code_id: UUID
    entitlement_id: UUID
    tail: str
    cost: int


def hold(wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
    """Hold codes for all wants, or refuse with OutOfStock and hold none; SKUs ascending, so buyers never deadlock."""
    return [_hold_one(want, until, now, today) for want in sorted(wants, key=lambda want: want.sku_id)]


def _hold_one(want: Want, until: datetime, now: datetime, today: date) -> Held:
    held = try_hold(want, until=until, now=now, today=today)
    if held is None:
        left = allocation.count_free(want.sku_id, today, most=want.quantity)
        raise OutOfStock(left) if left else SoldOut(0)
    return held


def try_hold(want: Want, *, until: datetime, now: datetime, today: date, keep: Sequence[UUID] = ()) -> Held | None:
    """Hold codes for one part, or return None and hold none.

    Before it gives up it takes back holds that ran out unpaid (not those of the parts in `keep`), and looks again
    behind the locks of others: codes they lock may come free when they roll back, and nobody is told "sold out" while
    there is stock.
    """
    codes = _claim(want, until, today)
    if not codes:
        if lapsed := allocation.take_back(want.sku_id, now, keep=keep):
            publish(HoldsLapsed(subject_id=want.sku_id, parts=tuple(lapsed), at=now))
        codes = _claim(want, until, today, wait=True)
    return Held(want.part_id, tuple(row.id for row in codes), sum(row.cost for row in codes)) if codes else None


def _claim(want: Want, until: datetime, today: date, *, wait: bool = False) -> Sequence[Any]:
    return allocation.claim(
        sku_id=want.sku_id, part_id=want.part_id, quantity=want.quantity, until=until, today=today, wait=wait
    )


def sell(wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
    """Turn the held codes of paid parts into sold ones; a part whose hold was lost takes others where there are any.

    Never refuses: what is missing from the answer is still owed.
    """
    by_part = _held_by_part(wants, now, today)
    missing = [want for want in wants if len(by_part.get(want.part_id, ())) < want.quantity]
    for want in missing:
        short = Want(want.part_id, want.sku_id, want.quantity - len(by_part.get(want.part_id, ())))
        try_hold(short, until=now, now=now, today=today, keep=[want.part_id for want in wants])
    if missing:
        by_part = _held_by_part(wants, now, today)
    offered = [
        Sold(part_id, slot, row.id, new_id(), row.tail, row.cost)
        for part_id, rows in by_part.items()
        for slot, row in enumerate(rows)
    ]
    return _mark_sold(offered)


def _held_by_part(wants: Sequence[Want], now: datetime, today: date) -> dict[UUID, list[Any]]:
    held = allocation.held([want.part_id for want in wants], now=now, today=today)
    rows = sorted(held, key=lambda row: row.held_by)
    return {part: list(group) for part, group in groupby(rows, key=lambda row: row.held_by)}


def _mark_sold(offered: Sequence[Sold]) -> list[Sold]:
    """Let the guarded update decide: a code that somebody took back in between stays owed."""
    if not offered:
        return []
    sold = allocation.mark_sold([(sale.code_id, sale.part_id, sale.entitlement_id) for sale in offered])
    return [sale for sale in offered if sale.code_id in sold]
