"""Questions about entitlements."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.entitlements.models import Entitlement as Entitlement
from app.entitlements.models import State as State
from app.kit import db


def list_of_order(order_id: UUID) -> Sequence[Entitlement]:
    """List what an order's buyer owns, in the order of its parts."""
    query = select(Entitlement).where(Entitlement.order_id == order_id).order_by(Entitlement.part_id, Entitlement.slot)
    return db.session().scalars(query).all()
