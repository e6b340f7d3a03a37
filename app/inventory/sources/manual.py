"""By hand: nothing is held and nothing is in stock; what is paid is promised, and somebody of the staff keeps it."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.inventory.service.holds import Held, Want
from app.inventory.service.sales import Owed, Sold


class Manual:
    """Goods that no machine gives; suppliers, until there are any, are served by hand too."""

    def hold(self, wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
        return [Held(want.part_id, (), 0) for want in wants]

    def keep(self, part_ids: Sequence[UUID]) -> Counter[UUID]:
        return Counter()

    def release(self, part_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
        return set()

    def sell(self, wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
        return []

    def give(self, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
        return []
