"""Fulfilling: what parts want is held, kept, released and sold by the source that each of them has.

Sources take their turn in one order and SKUs ascending within each, whatever an order consists of, so that buyers
never wait for each other in a ring. An order that is all pool is handed on as it came.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from app.catalog.queries import Source
from app.inventory.service.holds import Held, Want
from app.inventory.service.sales import Owed, Sold
from app.inventory.sources.base import Fulfilment
from app.inventory.sources.generated import Generated
from app.inventory.sources.manual import Manual
from app.inventory.sources.pool import Pool
from app.inventory.sources.presale import Presale
from app.inventory.sources.shared import Shared

SOURCES: Mapping[Source, Fulfilment] = {
    Source.POOL: Pool(),
    Source.SHARED: Shared(),
    Source.GENERATED: Generated(),
    Source.MANUAL: Manual(),
    Source.SUPPLIER: Manual(),
    Source.PRESALE: Presale(),
}
POOL_ONLY = (Source.POOL,)


def hold(wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
    """Hold what all wants ask for, or refuse with OutOfStock and hold none."""
    by_source = groupby(sorted(wants, key=lambda want: want.source), key=lambda want: want.source)
    return [
        held
        for source, some in by_source
        for held in SOURCES[source].hold(list(some), until=until, now=now, today=today)
    ]


def keep(part_ids: Sequence[UUID], sources: Iterable[Source] = POOL_ONLY) -> Counter[UUID]:
    """Let the holds of parts last until `release`: a payment was started; returns how many pieces each part has."""
    kept = Counter[UUID]()
    for source in sorted(set(sources)):
        kept += SOURCES[source].keep(part_ids)
    return kept


def release(part_ids: Sequence[UUID], *, now: datetime, sources: Iterable[Source] = POOL_ONLY) -> set[UUID]:
    """Give back what is held for parts that nobody pays for, and return the SKUs; those who wait are told at once."""
    return {sku for source in sorted(set(sources)) for sku in SOURCES[source].release(part_ids, now=now)}


def sell(wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
    """Hand over what was paid, each part from its own source; never refuses, and what is missing is still owed."""
    by_source = groupby(sorted(wants, key=lambda want: want.source), key=lambda want: want.source)
    return [sale for source, some in by_source for sale in SOURCES[source].sell(list(some), now=now, today=today)]


def give(owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
    """Serve promises from their sources, in this order within each SKU, while there is anything; never refuses."""
    by_source = groupby(sorted(owed, key=lambda one: one.source), key=lambda one: one.source)
    return [sale for source, some in by_source for sale in SOURCES[source].give(list(some), now=now, today=today)]
