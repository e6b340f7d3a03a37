"""Counting stock for people: a roll-up refreshed after something changed, never the decision of a sale."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.inventory.allocation import FREE
from app.inventory.models import Code, Stock
from app.kit import clock, db
from app.kit.events import EventRow

ENOUGH = 1000  # beyond this nobody needs the exact number, and counting stays cheap


def recount(sku_ids: Iterable[UUID], *, now: datetime) -> None:
    """Bring the roll-up of these SKUs up to date; counts at most ENOUGH codes each."""
    for sku_id in sorted(set(sku_ids)):
        some = select(Code.id).where(Code.merchant_id == db.merchant_id(), Code.sku_id == sku_id, FREE).limit(ENOUGH)
        available = db.session().scalar(select(func.count()).select_from(some.subquery())) or 0
        row = db.find(Stock, sku_id)
        if row is None:
            db.session().add(Stock(sku_id=sku_id, available=available, counted_at=now))
        else:
            row.available, row.counted_at = available, now


def recount_after(events: Sequence[EventRow]) -> None:
    """Recount the SKUs that these events touched."""
    recount({UUID(sku) for event in events for sku in event.data["skus"]}, now=clock.now())
