"""Holds: codes kept for the parts of an order, until a time or until they are released."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from app.catalog.queries import Source
from app.inventory import allocation
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.events import CodesFreed, HoldsLapsed
from app.inventory.walks import SHOP, walk_of
from app.kit.errors import Busy
from app.kit.events import publish

LOOKS = 20  # again, before a buyer is told to come back


@dataclass(frozen=True)
class Want:
    """What one part of an order needs, and where that comes from."""

    part_id: UUID
    sku_id: UUID
    quantity: int
    source: Source = Source.POOL
    most: int | None = None  # of a pre-sale: how many may be sold before the release
    channel: str = SHOP
    after_presale: bool = False  # released: those who bought it before come first

    @property
    def lanes(self) -> tuple[int, ...]:
        return walk_of(self.sku_id, self.channel)


@dataclass(frozen=True)
class Held:
    """What was kept for a part, and what those codes cost us together (minor units)."""

    part_id: UUID
    codes: tuple[UUID, ...]
    cost: int


def hold(wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
    """Hold codes for all wants, or refuse with OutOfStock and hold none; SKUs ascending, so buyers never deadlock."""
    by_pool = groupby(sorted(wants, key=_pool_of), key=_pool_of)
    return [held for (sku_id, _), group in by_pool for held in _hold_of(sku_id, list(group), until, now, today)]


def keep(part_ids: Sequence[UUID]) -> Counter[UUID]:
    """Let the holds of parts last until `release`: a payment was started; returns how many codes each part has."""
    return Counter(allocation.keep(part_ids))


def release(part_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
    """Free what is held for parts that nobody pays for, and return the SKUs; those who wait are told at once."""
    skus = set(allocation.release(part_ids))
    tell_freed(skus, now)
    return skus


def _pool_of(want: Want) -> tuple[UUID, str]:
    return want.sku_id, want.channel


def _hold_of(sku_id: UUID, wants: Sequence[Want], until: datetime, now: datetime, today: date) -> list[Held]:
    """Hold codes of one SKU and channel: for all wants at once, and for each that came off short by another look."""
    parts = [(want.part_id, want.quantity) for want in wants]
    codes = defaultdict[UUID, list[Any]](list)
    for row in allocation.claim(sku_id=sku_id, parts=parts, until=until, today=today, lanes=wants[0].lanes):
        codes[row.held_by].append(row)
    return [_held(want, codes[want.part_id], until, now, today) for want in wants]


def _held(want: Want, codes: list[Any], until: datetime, now: datetime, today: date) -> Held:
    if len(codes) < want.quantity:
        codes += _look_again(want, len(codes), until, now, today)
    return Held(want.part_id, tuple(row.id for row in codes), sum(row.cost for row in codes))


def _look_again(want: Want, has: int, until: datetime, now: datetime, today: date) -> list[Any]:
    """Return the codes a part still lacks, or refuse; "sold out" is said only when there is no stock without locks.

    Behind the locks of others codes may come free when they roll back; holds that ran out are taken back, and who has
    paid and waits is served before.
    """
    codes, lanes = list[Any](), want.lanes
    for _ in range(LOOKS):
        lapsed = take_back(want.sku_id, now)
        if lapsed:
            tell_freed({want.sku_id}, now)
        parts = [(want.part_id, want.quantity - has - len(codes))]
        codes += allocation.claim(sku_id=want.sku_id, parts=parts, until=until, today=today, wait=True, lanes=lanes)
        missing = want.quantity - has - len(codes)
        if not missing:
            return codes
        left = allocation.count_free(want.sku_id, today, most=missing, lanes=lanes)
        if left < missing and not lapsed:
            left += has + len(codes)
            raise OutOfStock(left) if left else SoldOut(0)
    raise Busy


def take_back(sku_id: UUID, now: datetime) -> bool:
    """End holds that ran out unpaid, and tell whose they were."""
    lapsed = allocation.take_back(sku_id, now)
    if lapsed:
        publish(HoldsLapsed(subject_id=sku_id, parts=tuple(lapsed), at=now))
    return bool(lapsed)


def tell_freed(skus: set[UUID], now: datetime) -> None:
    """Tell those who wait that there are free codes, so that nobody gets in between."""
    if skus:
        publish(CodesFreed(subject_id=min(skus), skus=tuple(sorted(skus)), at=now))
