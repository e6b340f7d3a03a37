"""Alerts: staff are told when stock runs low or is about to expire, once for each dip."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from app.catalog import queries as catalog
from app.catalog.queries import Sku
from app.inventory import queries
from app.inventory.dips import AlertKind, StockAlert
from app.inventory.events import StockDipped
from app.inventory.queries import ALERTS, SOLD_DAYS
from app.kit import clock, db, tasks
from app.kit.events import EventRow, publish
from app.kit.recent import Recent
from app.merchants import queries as merchants
from app.messages import service as messages

GRACE = timedelta(seconds=30)  # sales of that time are looked at together
MOST_EXPIRING = 1000  # beyond this nobody needs the exact number

_watched: Recent[bool] = Recent()
Facts = Mapping[str, Any]


def look_after(_: Sequence[EventRow]) -> None:
    """Look at the stock a moment after something came or went, where the staff want to be told of any."""
    if _watched.find((db.merchant_id(),), lambda: bool(catalog.list_watched())):
        tasks.wake(ALERTS, clock.now() + GRACE)


def watch_now(*, now: datetime) -> None:
    """Look at the stock at once: what the staff want to be told has changed."""
    _watched.forget()
    tasks.wake(ALERTS, now)


def check_alerts(sold: Mapping[UUID, int], *, now: datetime, today: date) -> int:
    """Tell the staff of each new dip, forget those that are over, and return how many were told; `sold` is how much of
    each SKU went in the last SOLD_DAYS days."""
    watched = catalog.list_watched()
    titles = catalog.titles([sku.id for sku in watched], merchants.current().lang, merchants.current().lang)
    told = 0
    for sku in watched:
        for kind, dip in _dips(sku, sold.get(sku.id, 0), today):
            if dip is None:
                _clear(sku.id, kind)
            elif _raise(sku.id, kind, now):
                told += 1
                _tell(sku, kind, {"sku": sku.code, "title": titles.get(sku.id, sku.code), **dip}, now)
    return told


def _dips(sku: Sku, sold: int, today: date) -> Iterator[tuple[AlertKind, Facts | None]]:
    """Yield for each kind of alert the facts of its dip, or None when there is none."""
    yield AlertKind.FEW, _few(sku, today)
    yield AlertKind.DAYS, _days(sku, sold, today)
    yield AlertKind.EXPIRING, _expiring(sku, today)


def _few(sku: Sku, today: date) -> Facts | None:
    if sku.low_stock is None:
        return None
    left = queries.count_left(sku.id, today=today, most=sku.low_stock)
    return {"left": left, "limit": sku.low_stock} if left < sku.low_stock else None


def _days(sku: Sku, sold: int, today: date) -> Facts | None:
    if sku.low_days is None or not sold:
        return None
    enough = sku.low_days * sold // SOLD_DAYS + 1
    left = queries.count_left(sku.id, today=today, most=enough)
    is_low = left * SOLD_DAYS < sku.low_days * sold
    return {"left": left, "days": left * SOLD_DAYS // sold, "limit": sku.low_days} if is_low else None


def _expiring(sku: Sku, today: date) -> Facts | None:
    if sku.expiry_days is None:
        return None
    count = queries.count_expiring(sku.id, today=today, days=sku.expiry_days, most=MOST_EXPIRING)
    return {"count": count, "limit": sku.expiry_days} if count else None


def _raise(sku_id: UUID, kind: AlertKind, now: datetime) -> bool:
    """Write down a dip; tell whether it is a new one."""
    row = {"merchant_id": db.merchant_id(), "sku_id": sku_id, "kind": kind, "raised_at": now}
    once = db.insert_or(StockAlert).on_conflict_do_nothing(index_elements=["merchant_id", "sku_id", "kind"])
    return db.changed(once.values(**row)) == 1


def _clear(sku_id: UUID, kind: AlertKind) -> None:
    db.changed(delete(StockAlert).where(StockAlert.sku_id == sku_id, StockAlert.kind == kind))


def _tell(sku: Sku, kind: AlertKind, facts: Facts, now: datetime) -> None:
    name = kind.name.lower()
    publish(StockDipped(subject_id=sku.id, kind=name, at=now))
    messages.note(f"stock.{name}", subject=("sku", sku.id), facts=facts, now=now)
