"""Questions about entitlements."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from app.entitlements.models import Entitlement as Entitlement
from app.entitlements.models import State as State
from app.kit import db


def list_of_order(order_id: UUID) -> Sequence[Entitlement]:
    """List what an order's buyer owns, in the order of its parts."""
    query = select(Entitlement).where(Entitlement.order_id == order_id).order_by(Entitlement.part_id, Entitlement.slot)
    return db.session().scalars(query).all()


def list_seen(order_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these orders of which a code was looked at."""
    query = select(Entitlement.order_id).where(Entitlement.order_id.in_(order_ids), Entitlement.reveals > 0).distinct()
    return set(db.session().scalars(query))


def count_owed() -> int:
    """Count the codes that are paid for and not there yet."""
    query = select(func.count()).select_from(Entitlement).where(Entitlement.state == State.PROMISED)
    return db.session().scalar(query) or 0
