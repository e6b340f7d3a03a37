"""The watches over what was paid and over what there is left to sell: an order that was given nothing is found,
whatever went wrong, and the staff are told before there is nothing to give."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.catalog import queries as catalog
from app.entitlements import service
from app.entitlements.service import RELEASE
from app.inventory import queries as inventory
from app.inventory import service as stock
from app.kit import clock, tasks
from app.kit.events import EventRow
from app.merchants import queries as merchants
from app.orders import queries as orders

WATCH = "entitlements.watch"
GRACE = timedelta(seconds=10)
AT_ONCE = 50


def watch_after(paid: Sequence[EventRow]) -> None:
    """Look once more, a moment after orders were paid."""
    tasks.wake(WATCH, max(event.at for event in paid) + GRACE)


def watch(_: UUID) -> tasks.Step:
    """Give what paid orders were not given, some at a time."""
    now = clock.now()
    missing = orders.list_ungranted(before=now - GRACE / 2, limit=AT_ONCE)
    service.grant_missing(missing, now=now)
    return tasks.Step(finished=len(missing) < AT_ONCE, done=len(missing))


def look_at_stock(_: UUID) -> tasks.Step:
    """Have the staff told where stock runs low, by how fast it sold."""
    now = clock.now()
    sold = orders.count_sold(since=now - timedelta(days=inventory.SOLD_DAYS))
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    return tasks.Step(finished=True, done=stock.check_alerts(sold, now=now, today=today))


def watch_release(changed: Sequence[EventRow]) -> None:
    """Look on the day of release of what a changed product sells before, or at once where that was brought forward."""
    now = clock.now()
    skus = {sku.id: sku for event in changed for sku in catalog.list_skus_of(event.subject_id) if sku.release_at}
    owed = stock.count_presold(list(skus)) if skus else {}
    for sku in skus.values():
        if sku.release_at and (sku.release_at > now or sku.id in owed):
            tasks.wake(RELEASE, max(sku.release_at, now), sku.id)


def release(sku_id: UUID) -> tasks.Step:
    """Serve what was sold before its release, or look again on the day it was moved to."""
    now, sku = clock.now(), catalog.list_skus_by_id([sku_id]).get(sku_id)
    if sku is not None and sku.release_at is not None and sku.release_at > now:
        return tasks.Step(finished=True, again_at=sku.release_at)
    service.serve_released(sku_id, now=now)
    return tasks.Step(finished=True)


def open_closed(_: UUID) -> tasks.Step:
    """Hand over what its shop kept closed for a while."""
    return tasks.Step(finished=True, again_at=service.open_due(now=clock.now()))


KINDS = (
    tasks.Kind(service.OPEN, open_closed),
    tasks.Kind(WATCH, watch),
    tasks.Kind(RELEASE, release),
    tasks.Kind(inventory.ALERTS, look_at_stock),
)
