"""The pool: one of the SKU's own codes for each piece."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.inventory.service import holds, sales
from app.inventory.service.holds import Held, Want
from app.inventory.service.sales import Owed, Sold


class Pool:
    """Codes that were imported; see `service.holds` and `service.sales`."""

    def hold(self, wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
        return holds.hold(wants, until=until, now=now, today=today)

    def keep(self, part_ids: Sequence[UUID]) -> Counter[UUID]:
        return holds.keep(part_ids)

    def release(self, part_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
        return holds.release(part_ids, now=now)

    def sell(self, wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
        return sales.sell(wants, now=now, today=today)

    def give(self, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
        return sales.give(owed, now=now, today=today)
