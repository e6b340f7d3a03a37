"""The pool: one of the SKU's own codes for each piece."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.inventory import presold
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.service import holds, sales
from app.inventory.service.holds import Held, Want
from app.inventory.service.sales import Owed, Sold


class Pool:
    """Codes that were imported; see `service.holds` and `service.sales`."""

    def hold(self, wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
        if any(want.after_presale for want in wants):
            _leave_promised(wants, now, today)
        return holds.hold(wants, until=until, now=now, today=today)

    def keep(self, part_ids: Sequence[UUID]) -> Counter[UUID]:
        return holds.keep(part_ids)

    def release(self, part_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
        return holds.release(part_ids, now=now)

    def sell(self, wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
        return sales.sell(wants, now=now, today=today)

    def give(self, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
        return sales.give(owed, now=now, today=today)


def _leave_promised(wants: Sequence[Want], now: datetime, today: date) -> None:
    """Refuse with OutOfStock what would take codes from those who were promised them before the release.

    What one channel may sell is compared with all that was promised, whoever bought it: nobody is passed over.
    """
    wanted = Counter[UUID]()
    for want in wants:
        wanted[want.sku_id] += want.quantity if want.after_presale else 0
    for want in sorted(wants, key=lambda want: want.sku_id):
        if want.after_presale and (owed := presold.lock(want.sku_id)):
            left = _beyond(want, owed, wanted[want.sku_id], now, today)
            if left < wanted[want.sku_id]:
                raise OutOfStock(left) if left else SoldOut(0)


def _beyond(want: Want, owed: int, wanted: int, now: datetime, today: date) -> int:
    """Count what is free beyond what is owed, holds that ran out with it where there would be too little."""
    left = presold.count_beyond(want.sku_id, today, owed=owed, most=wanted, lanes=want.lanes)
    if left < wanted and holds.take_back(want.sku_id, now):
        holds.tell_freed({want.sku_id}, now)
        owed = presold.lock(want.sku_id)
        return presold.count_beyond(want.sku_id, today, owed=owed, most=wanted, lanes=want.lanes)
    return left
