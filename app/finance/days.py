"""Closing days: the sales of a day that is over are counted once, and again when something of them has changed.

What changes a closed day (another code for one that was sold, another cost of it, money that was told late) takes its
zone away in the same unit. Whoever counts takes the day's row first and looks then, so that no change comes between.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select

from app.entitlements.events import CodeReplaced
from app.entitlements.queries import Entitlement
from app.finance import sold
from app.finance.models import ClosedDay, DaySales
from app.finance.spans import DAY, Span
from app.inventory.events import SoldRecosted
from app.inventory.queries import Batch
from app.kit import clock, db, tasks
from app.kit.events import EventRow
from app.merchants import queries as merchants
from app.orders.events import OrderPaid
from app.orders.queries import Order

CLOSE = "finance.close_days"
PATIENCE = timedelta(hours=1)  # far longer than any unit that read the clock before its day was over
TOLD_LATE = timedelta(minutes=30)  # half of it, so that no unit is between
SOON = timedelta(minutes=1)
KEY = ("batch_id", "sku_id", "tags", "early")


def close_next(*, now: datetime) -> date | None:
    """Count the sales of the oldest day that is over and not counted, and return it; None when there is none."""
    day, zone = next_day(), ZoneInfo(merchants.current().zone)
    if day is None or day >= _open_since(now, zone):
        return None
    _put([day], zone.key)  # waits for whoever changes it just now
    db.session().execute(delete(DaySales).where(DaySales.merchant_id == db.merchant_id(), DaySales.day == day))
    common = {"merchant_id": db.merchant_id(), "day": day}
    db.insert((DaySales.__table__, [common | row for row in _sales_of(day, zone)]))
    return day


def _open_since(now: datetime, zone: ZoneInfo) -> date:
    return (now - PATIENCE).astimezone(zone).date()


def closes_at(day: date) -> datetime:
    """Return the moment from which a day may be counted."""
    return datetime.combine(day + DAY, datetime.min.time(), ZoneInfo(merchants.current().zone)) + PATIENCE


def next_day() -> date | None:
    """Return the first day since the first sale that is not counted, whether it is over or not."""
    zone = ZoneInfo(merchants.current().zone)
    first: datetime | None = db.session().scalar(select(func.min(Order.paid_at)))
    if first is None:
        return None
    day = first.astimezone(zone).date()
    mine = (ClosedDay.day >= day, ClosedDay.zone == zone.key)
    for closed in db.session().scalars(select(ClosedDay.day).where(*mine).order_by(ClosedDay.day)):
        if closed > day:
            break
        day = closed + DAY
    return day


def _sales_of(day: date, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """Yield the rows of a day: the sums of what became ready in it."""
    span, found = Span(day, day, zone, day), dict[tuple[Any, ...], Counter[str]]()
    for goods, late in product(sold.goods_there_are(), (True, False)):
        owned = sold.ready(goods, [(span.since, span.until)], late=late)
        early = (owned.ready_at < Batch.created_at).label("early")
        key = (goods.batch_id, goods.sku_id, sold.tags_of(goods), early)
        asked: Any = select(*key, func.count(), func.sum(goods.cost), func.sum(sold.price(owned)))
        for *mine, codes, cost, revenue in db.session().execute(sold.joined(asked, goods, owned).group_by(*key)):
            sums = found.setdefault(tuple(mine), Counter(codes=0, cost=0, revenue=0))
            sums.update(codes=int(codes), cost=int(cost), revenue=int(revenue))
    for told, sums in found.items():
        yield dict(zip(KEY, told, strict=True)) | sums


# What changes closed days -----------------------------------------------------------------------------------------


def forget_replaced(replaced: Sequence[CodeReplaced]) -> None:
    """Have the days counted anew on which codes were sold that others took the place of."""
    _forget_sales(event.entitlement_id for event in replaced)


def forget_recosted(recosted: Sequence[SoldRecosted]) -> None:
    """Have the days counted anew on which codes were sold that cost otherwise now."""
    _forget_sales(number for event in recosted for number in event.entitlement_ids)


def forget_late(paid: Sequence[OrderPaid]) -> None:
    """Have the days counted anew on which money came that we know of only now; asks nothing when there is none."""
    late = clock.now() - TOLD_LATE
    _forget(event.at for event in paid if event.at < late)


def close_after(sold: Sequence[EventRow]) -> None:
    """Have the days counted on which something was sold, once they are over."""
    zone = ZoneInfo(merchants.current().zone)
    tasks.wake(CLOSE, closes_at(min(event.at for event in sold).astimezone(zone).date()))


def _forget_sales(entitlement_ids: Iterable[UUID]) -> None:
    ids = list(entitlement_ids)
    moments = select(Entitlement.ready_at).where(Entitlement.id.in_(ids), Entitlement.ready_at.is_not(None))
    _forget(db.session().scalars(moments).all())


def _forget(moments: Iterable[datetime | None]) -> None:
    zone = ZoneInfo(merchants.current().zone)
    today = clock.now().astimezone(zone).date()
    days = {moment.astimezone(zone).date() for moment in moments if moment} - {today}
    if days:
        _put(sorted(days), "")
        tasks.wake(CLOSE, clock.now() + SOON)


def _put(days: Sequence[date], zone: str) -> None:
    rows = [{"merchant_id": db.merchant_id(), "day": day, "zone": zone} for day in days]
    put = db.insert_or(ClosedDay).values(rows)
    put = put.on_conflict_do_update(index_elements=["merchant_id", "day"], set_={"zone": put.excluded.zone})
    db.session().execute(put)
