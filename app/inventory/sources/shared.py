"""Shared codes: many buyers use the same one, and a counter says for how many there is still room."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.inventory import sharing
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.events import HoldsLapsed
from app.inventory.service.holds import Held, Want, tell_freed
from app.inventory.service.sales import Owed, Sold
from app.inventory.sharing import Taken
from app.kit.events import publish
from app.kit.ids import new_id


class Shared:
    """Uses of shared codes; a hold keeps uses, a sale uses them up."""

    def hold(self, wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
        return [_hold(want, until, now, today) for want in sorted(wants, key=lambda want: (want.sku_id, want.part_id))]

    def keep(self, part_ids: Sequence[UUID]) -> Counter[UUID]:
        return sharing.keep(part_ids)

    def release(self, part_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
        skus = sharing.give_back(_uses(sharing.end_holds(part_ids)))
        tell_freed(skus, now)
        return skus

    def sell(self, wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
        sold = _sell_held([want.part_id for want in wants], now, today)
        has = Counter(sale.part_id for sale in sold)
        missing = [
            Owed(new_id(), want.part_id, want.sku_id)
            for want in wants
            for _ in range(want.quantity - has[want.part_id])
        ]
        for sku_id in sorted({one.sku_id for one in missing}):
            if take_back(sku_id, now):
                tell_freed({sku_id}, now)  # who paid before and waits is served before
        return sold + self.give(missing, now=now, today=today)

    def give(self, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
        sold: list[Sold] = []
        for sku_id in sorted({one.sku_id for one in owed}):
            mine = [one for one in owed if one.sku_id == sku_id]
            uses = _one_by_one(sharing.take(sku_id, len(mine), today))
            sold += [_sold(one.part_id, one.entitlement_id, use) for one, use in zip(mine, uses, strict=False)]
        return sold


def _hold(want: Want, until: datetime, now: datetime, today: date) -> Held:
    taken = sharing.take(want.sku_id, want.quantity, today)
    if _missing(want, taken) and take_back(want.sku_id, now):
        tell_freed({want.sku_id}, now)
        taken += sharing.take(want.sku_id, _missing(want, taken), today)
    if missing := _missing(want, taken):
        left = want.quantity - missing
        raise OutOfStock(left) if left else SoldOut(0)
    sharing.keep_for(want.part_id, taken, until)
    return Held(want.part_id, (), sum(one.cost * one.uses for one in taken))


def _missing(want: Want, taken: Sequence[Taken]) -> int:
    return want.quantity - sum(one.uses for one in taken)


def take_back(sku_id: UUID, now: datetime) -> bool:
    """End holds that ran out unpaid, and tell whose they were."""
    lapsed = sharing.end_lapsed(sku_id, now)
    if lapsed:
        sharing.give_back(_uses(lapsed))
        parts = tuple(sorted({row.part_id for row in lapsed}))
        publish(HoldsLapsed(subject_id=sku_id, parts=parts, at=now))
    return bool(lapsed)


def _sell_held(part_ids: Sequence[UUID], now: datetime, today: date) -> list[Sold]:
    """Turn held uses into used ones; those of a code that was frozen, or expired before its hold, are given back."""
    held = sharing.end_holds(part_ids)
    codes = sharing.list_codes([row.shared_id for row in held]) if held else {}
    good = [row for row in held if _is_good(row, codes[row.shared_id], now, today)]
    if len(good) < len(held):
        sharing.give_back(_uses([row for row in held if row not in good]))
    return [
        _sold(row.part_id, new_id(), Taken(row.shared_id, 1, code.cost, code.tail))
        for row in good
        for code in (codes[row.shared_id],)
        for _ in range(row.uses)
    ]


def _is_good(hold: Any, code: Any, now: datetime, today: date) -> bool:
    in_force = hold.held_until is None or hold.held_until >= now
    return not code.frozen and (in_force or code.expires_on is None or code.expires_on >= today)


def _sold(part_id: UUID, entitlement_id: UUID, use: Taken) -> Sold:
    return Sold(part_id, 0, None, entitlement_id, use.tail, use.cost, use.shared_id)


def _one_by_one(taken: Sequence[Taken]) -> list[Taken]:
    return [one._replace(uses=1) for one in taken for _ in range(one.uses)]


def _uses(rows: Sequence[Any]) -> Counter[UUID]:
    uses = Counter[UUID]()
    for row in rows:
        uses[row.shared_id] += row.uses
    return uses
