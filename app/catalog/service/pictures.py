"""Pictures of a product: its cover, and one for each step of its guide."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from app.catalog.events import ProductChanged
from app.catalog.models import GuideStep, Product
from app.catalog.rules import MOST_STEPS
from app.kit import db
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.merchants import service as merchants


def change_cover(product: Product, picture_id: UUID | None, *, now: datetime, by: By) -> None:
    """Show a picture of the kit as the product's cover, or none; the same once more is no news."""
    if product.cover_id != picture_id:
        product.cover_id = picture_id
        _tell(product, "cover", picture_id, now=now, by=by)


def change_step(product: Product, position: int, picture_id: UUID | None, *, now: datetime, by: By) -> None:
    """Show a picture beside a step of the guide, counted from 1, or none; refuses a step that no guide has."""
    if not 1 <= position <= MOST_STEPS:
        raise NotFound
    found = db.session().get(GuideStep, (db.merchant_id(), product.id, position))
    if (found.picture_id if found else None) == picture_id:
        return
    if found and picture_id:
        found.picture_id = picture_id
    elif found:
        db.session().delete(found)
    elif picture_id:
        db.session().add(GuideStep(product_id=product.id, position=position, picture_id=picture_id))
    _tell(product, f"step {position}", picture_id, now=now, by=by)


def write_steps(product: Product, steps: Sequence[UUID | None]) -> None:
    """Let the lines of the guide have these pictures, and no others."""
    db.changed(delete(GuideStep).where(GuideStep.product_id == product.id))
    for position, picture in enumerate(steps, 1):
        if picture:
            db.session().add(GuideStep(product_id=product.id, position=position, picture_id=picture))


def _tell(product: Product, what: str, picture_id: UUID | None, *, now: datetime, by: By) -> None:
    change = (what, "", "yes" if picture_id else "no")
    publish(ProductChanged(subject_id=product.id, changes=(change,), at=now, by=by))
    merchants.touch_shelf()
