"""Pieces sold before a release: one counter a SKU of what is held or promised and was not served yet.

It is the guard of the cap before the release. After it, whoever buys anew leaves so many codes to those who were
promised them: he locks the counter, and so does who serves them, so that neither counts what the other takes.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, update

from app.inventory.allocation import count_free
from app.inventory.models import Presale
from app.kit import db

COUNT = Presale.__table__.c
NO_CAP = 2**31 - 1


def take(sku_id: UUID, quantity: int, most: int | None) -> bool:
    """Count pieces if the cap allows it; the first one of a SKU opens its counter."""
    room = (COUNT.merchant_id == db.merchant_id(), COUNT.sku_id == sku_id, COUNT.taken <= (most or NO_CAP) - quantity)
    counted = update(Presale.__table__).where(*room).values(taken=COUNT.taken + quantity)  # type: ignore[arg-type]
    if db.changed(counted):
        return True
    first = db.insert_or(Presale).values(merchant_id=db.merchant_id(), sku_id=sku_id, taken=0)
    opened = db.changed(first.on_conflict_do_nothing(index_elements=["merchant_id", "sku_id"]))
    return bool(opened) and bool(db.changed(counted))


def give_back(pieces: Mapping[UUID, int]) -> set[UUID]:
    """Count so many pieces of SKUs no longer, since they were served or nobody wants them, and return the SKUs."""
    for sku_id in sorted(pieces):
        mine = (COUNT.merchant_id == db.merchant_id(), COUNT.sku_id == sku_id, COUNT.taken >= pieces[sku_id])
        db.changed(update(Presale.__table__).where(*mine).values(taken=COUNT.taken - pieces[sku_id]))  # type: ignore[arg-type]
    return set(pieces)


def count_taken(sku_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many pieces of SKUs are held or promised from before their release."""
    query = select(COUNT.sku_id, COUNT.taken).where(COUNT.merchant_id == db.merchant_id(), COUNT.sku_id.in_(sku_ids))
    return dict(db.session().execute(query.where(COUNT.taken > 0)).all())


def lock(sku_id: UUID) -> int:
    """Return how many pieces wait to be served; while there are any, nobody else sells or serves the SKU meanwhile."""
    owed = (COUNT.merchant_id == db.merchant_id(), COUNT.sku_id == sku_id, COUNT.taken > 0)
    return db.session().scalar(select(COUNT.taken).where(*owed).with_for_update()) or 0


def count_beyond(sku_id: UUID, today: date, *, owed: int, most: int, lanes: Sequence[int]) -> int:
    """Count the free codes that are left when all of `owed` are served, up to `most`."""
    return max(count_free(sku_id, today, most=most + owed, lanes=lanes) - owed, 0)
