"""Counting stock for people: a roll-up refreshed after something changed, never the decision of a sale."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app.catalog import queries as catalog
from app.catalog.events import ProductChanged, ProductCreated
from app.catalog.queries import Ingredient, Source, Supply
from app.inventory import presold
from app.inventory.models import SharedCode, Stock
from app.inventory.sharing import is_usable
from app.inventory.walks import SHOP, walk_of
from app.kit import clock, db
from app.kit.events import EventRow
from app.merchants import queries as merchants

ENOUGH = 1000  # beyond this nobody needs the exact number, and counting stays cheap


def recount(sku_ids: Iterable[UUID], *, now: datetime) -> None:
    """Bring the roll-up of these SKUs, and of the bundles they are in, up to date: what the shop may sell today."""
    _recount(set(sku_ids), catalog.supply(), now)


def _recount(sku_ids: set[UUID], supply: Supply, now: datetime) -> None:
    bundles = {sku for sku in sku_ids if supply.sources.get(sku) is Source.BUNDLE} | supply.bundles_with(sku_ids)
    for sku_id in sorted(sku_ids - bundles):
        _write(sku_id, _available(sku_id, supply, now), now)
    for bundle in sorted(bundles):
        _write(bundle, _whole_ones(supply.bundles.get(bundle, ()), now), now)


def _available(sku_id: UUID, supply: Supply, now: datetime) -> int:
    """Count what there is of a SKU; what is made when it is sold is always there."""
    source = supply.source_of(sku_id, now)
    if source is Source.POOL:
        today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
        owed = presold.count_taken([sku_id]).get(sku_id, 0) if sku_id in supply.releases else 0
        return presold.count_beyond(sku_id, today, owed=owed, most=ENOUGH, lanes=walk_of(sku_id, SHOP))
    if source is Source.SHARED:
        return _uses_left(sku_id, now)
    if source is Source.PRESALE:
        cap = supply.releases[sku_id][1]
        taken = presold.count_taken([sku_id]).get(sku_id, 0)
        return ENOUGH if cap is None else min(max(cap - taken, 0), ENOUGH)
    return ENOUGH


def _uses_left(sku_id: UUID, now: datetime) -> int:
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    mine = (SharedCode.merchant_id == db.merchant_id(), SharedCode.sku_id == sku_id)
    left = select(func.coalesce(func.sum(SharedCode.uses_left), 0)).where(*mine, *is_usable(today))
    return min(int(db.session().scalar(left) or 0), ENOUGH)


def _whole_ones(recipe: Sequence[Ingredient], now: datetime) -> int:
    """Return how many of a bundle its components make, by their own counts."""
    db.session().flush()
    query = select(Stock.sku_id, Stock.available).where(Stock.sku_id.in_([one.sku_id for one in recipe]))
    counts: dict[UUID, int] = dict(db.session().execute(query).all())
    return min((counts.get(one.sku_id, 0) // one.quantity for one in recipe), default=0)


def _write(sku_id: UUID, available: int, now: datetime) -> None:
    row = db.find(Stock, sku_id)
    if row is None:
        db.session().add(Stock(sku_id=sku_id, available=available, counted_at=now))
    else:
        row.available, row.counted_at = available, now


def recount_products(changed: Sequence[ProductCreated | ProductChanged]) -> None:
    """Count anew what of changed products is not simply a pool: how it is supplied may have changed."""
    supply = catalog.read_supply()
    skus = {sku.id for event in changed for sku in catalog.list_skus_of(event.subject_id)}
    special = skus & {*supply.sources, *supply.releases}
    parts = {one.sku_id for sku in special for one in supply.bundles.get(sku, ())}
    if special:
        _recount(special | parts, supply, max(event.at for event in changed))


def recount_after(events: Sequence[EventRow]) -> None:
    """Recount the SKUs that these events touched."""
    recount({UUID(sku) for event in events for sku in event.data["skus"]}, now=clock.now())


def recount_all(*, now: datetime) -> None:
    """Recount what was in stock: codes expire without anybody doing anything."""
    recount(db.session().scalars(select(Stock.sku_id).where(Stock.available > 0)).all(), now=now)
