"""Generated codes: made by the SKU's pattern in the moment they are sold, so there is always one more."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.catalog import queries as catalog
from app.inventory.patterns import BadPattern, parse
from app.inventory.service import making
from app.inventory.service.holds import Want
from app.inventory.service.sales import Owed, Sold
from app.inventory.sources.manual import Manual
from app.kit.ids import new_id


class Generated(Manual):
    """Nothing is held, since nothing can run out."""

    def sell(self, wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
        owed = [Owed(new_id(), want.part_id, want.sku_id) for want in wants for _ in range(want.quantity)]
        return self.give(owed, now=now, today=today)

    def give(self, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
        by_sku = defaultdict[UUID, list[Owed]](list)
        for one in owed:
            by_sku[one.sku_id].append(one)
        return [sale for sku_id in sorted(by_sku) for sale in _make(sku_id, by_sku[sku_id], now, today)]


def _make(sku_id: UUID, owed: Sequence[Owed], now: datetime, today: date) -> list[Sold]:
    try:
        pattern = parse(catalog.pattern_of(sku_id))
    except BadPattern:
        return []  # money came for it already: it waits until somebody mends the pattern
    return making.make(sku_id, pattern, owed, now=now, today=today)
