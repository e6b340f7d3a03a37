"""What every source of goods can do for the parts of orders."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from app.inventory.service.holds import Held, Want
from app.inventory.service.sales import Owed, Sold


class Fulfilment(Protocol):
    """A source; parts come with their own source alone, and a hold is all or nothing."""

    def hold(self, wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
        """Keep what parts want until a time, or refuse with OutOfStock; SKUs ascending, so buyers never deadlock."""
        ...

    def keep(self, part_ids: Sequence[UUID]) -> Counter[UUID]:
        """Let what is held for parts last until `release`, and return how many pieces each has."""
        ...

    def release(self, part_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
        """Give back what is held for parts that nobody pays for, and return the SKUs that have more now."""
        ...

    def sell(self, wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
        """Hand over what was paid; never refuses, and what is missing from the answer is owed."""
        ...

    def give(self, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
        """Serve promises as far as that is possible now, in this order within each SKU; never refuses."""
        ...
