"""Sales: what was paid is handed over, from the hold or from what is free; what is sold can be set aside."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from app.catalog.queries import Source
from app.inventory import allocation, handover, presold
from app.inventory.events import CodeQuarantined
from app.inventory.handover import Piece
from app.inventory.service.holds import Want, take_back, tell_freed
from app.inventory.walks import SHOP, walk_of
from app.kit.events import By, publish
from app.kit.ids import new_id

LOOKS = 20


@dataclass(frozen=True)
class Sold:
    """A code that now belongs to an entitlement; `slot` counts within its part."""

    part_id: UUID
    slot: int
    code_id: UUID | None
    entitlement_id: UUID
    tail: str
    cost: int
    shared_id: UUID | None = None  # in place of a code: one that others use as well


@dataclass(frozen=True)
class Owed:
    """An entitlement that was promised and has no code yet."""

    entitlement_id: UUID
    part_id: UUID
    sku_id: UUID
    source: Source = Source.POOL
    channel: str = SHOP


@dataclass(frozen=True)
class SetAside:
    """A code that was taken from its entitlement, and what it had cost us (minor units)."""

    code_id: UUID
    entitlement_id: UUID
    sku_id: UUID
    cost: int


def sell(wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
    """Turn the held codes of paid parts into sold ones; a part whose hold was lost takes others where there are any.

    All holds of the call are sold first, so that no part is given what another of them holds. Never refuses: what is
    missing from the answer is still owed, and nothing is held for these parts any more.
    """
    pieces = [Piece(want.part_id, slot, new_id()) for want in wants for slot in range(want.quantity)]
    sold = _match(pieces, handover.sell_held(pieces, now=now, today=today))
    if len(sold) < len(pieces):
        allocation.release(sorted({want.part_id for want in wants}))  # what is left is frozen or expired
        owed = _still_owed(wants, sold)
        _let_others_first(Counter(map(_pool_of, owed)), now, today)
        sold += give(owed, now=now, today=today)
    return _number(sold)


def _pool_of(one: Owed) -> tuple[UUID, str]:
    return one.sku_id, one.channel


def _let_others_first(missing: Counter[tuple[UUID, str]], now: datetime, today: date) -> None:
    """Let those who paid before and wait be served before: by holds that ran out where free codes are too few, and by
    what is free, where something was sold before its release and its turn has not come yet."""
    for (sku_id, channel), count in sorted(missing.items()):
        free = allocation.count_free(sku_id, today, most=count, lanes=walk_of(sku_id, channel))
        lapsed = free < count and take_back(sku_id, now)
        if lapsed or (free and presold.count_taken([sku_id])):
            tell_freed({sku_id}, now)


def give(owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
    """Give free codes to promised entitlements, in this order within each SKU, while there are any; never refuses."""
    by_pool = sorted(owed, key=_pool_of)  # ascending, as holds are taken; stable, so the order stays
    return [
        sale
        for (sku_id, channel), group in groupby(by_pool, key=_pool_of)
        for sale in _give_of(sku_id, walk_of(sku_id, channel), _pieces(group), now, today)
    ]


def _pieces(owed: Iterable[Owed]) -> list[Piece]:
    return [Piece(one.part_id, 0, one.entitlement_id) for one in owed]


def quarantine(
    entitlement_ids: Sequence[UUID], *, reason: str, now: datetime, by: By, order_id: UUID | None = None
) -> list[SetAside]:
    """Take the sold codes of entitlements from their owner and set them aside; returns those that were set aside."""
    aside = [SetAside(*row) for row in handover.set_aside(entitlement_ids)]
    publish(
        *(
            CodeQuarantined(
                subject_id=code.code_id,
                order_id=order_id,
                entitlement_id=code.entitlement_id,
                skus=(code.sku_id,),
                reason=reason,
                at=now,
                by=by,
            )
            for code in aside
        )
    )
    return aside


def _still_owed(wants: Sequence[Want], sold: Sequence[Sold]) -> list[Owed]:
    has = Counter(sale.part_id for sale in sold)
    return [
        Owed(new_id(), want.part_id, want.sku_id, want.source, want.channel)
        for want in wants
        for _ in range(want.quantity - has[want.part_id])
    ]


def _give_of(sku_id: UUID, lanes: Sequence[int], pieces: Sequence[Piece], now: datetime, today: date) -> list[Sold]:
    """Sell what is free, then holds that ran out, then what comes free behind the locks of others."""
    sold: list[Sold] = []
    left, lapsed = list(pieces), False
    for look in range(LOOKS):
        for lane in lanes:
            rows = handover.sell_free(left, sku_id=sku_id, today=today, wait=look > 0, lane=lane) if left else []
            sold += _match(left, rows)
            done = {sale.entitlement_id for sale in sold}
            left = [piece for piece in left if piece.entitlement_id not in done]
        if not left or (look and not lapsed and not allocation.count_free(sku_id, today, most=1, lanes=lanes)):
            break
        lapsed = take_back(sku_id, now)
    return sold


def _match(pieces: Sequence[Piece], rows: Sequence[Any]) -> list[Sold]:
    """Return the sold codes in the order of `pieces`."""
    codes = {row.entitlement_id: row for row in rows}
    found = [(piece, codes[piece.entitlement_id]) for piece in pieces if piece.entitlement_id in codes]
    return [Sold(piece.part_id, piece.slot, row.id, piece.entitlement_id, row.tail, row.cost) for piece, row in found]


def _number(sold: Sequence[Sold]) -> list[Sold]:
    """Number the codes of each part from 0 on, without gaps."""
    next_slot = Counter[UUID]()
    numbered = []
    for sale in sold:
        numbered.append(replace(sale, slot=next_slot[sale.part_id]))
        next_slot[sale.part_id] += 1
    return numbered
