"""A shelf of counted things, made of the plainest table there is (stock): something for units to change."""

from uuid import UUID

from sqlalchemy import select, update

from app.inventory.models import Stock
from app.kit import clock, db
from app.kit.ids import new_id


def put(count: int = 1, *, number: UUID | None = None) -> UUID:
    """Put a thing on the shelf of the running merchant."""
    row = Stock(sku_id=number or new_id(), available=count, counted_at=clock.now())
    db.session().add(row)
    db.session().flush()
    return row.sku_id


def filled(merchant: int, *counts: int) -> list[UUID]:
    """Put a thing on the merchant's shelf for each count, in a unit of its own."""
    return db.write(merchant, lambda: [put(count) for count in counts])


def add(number: UUID, count: int = 1) -> None:
    """Raise the count of a thing of the running merchant."""
    mine = (Stock.merchant_id == db.merchant_id(), Stock.sku_id == number)
    db.session().execute(update(Stock).where(*mine).values(available=Stock.available + count))


def look(merchant: int) -> dict[UUID, int]:
    """Return what lies on the merchant's shelf, in a unit of its own."""
    return db.read(merchant, lambda: {row.sku_id: row.available for row in db.session().scalars(select(Stock))})
