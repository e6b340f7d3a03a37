"""Questions about refunds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.catalog import queries as catalog
from app.kit import db
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Fulfilment, Order, Payment
from app.refunds.models import Refund as Refund
from app.refunds.models import RefundState as RefundState


def patience() -> timedelta:
    """Return how long the shop lets a paid order wait for stock."""
    return timedelta(hours=merchants.current().queue_hours)


def returns_at(order: Order, *, is_seen: bool) -> datetime | None:
    """Return when the money of an order goes back by itself since codes are still owed; once one was seen, never.

    What was sold before its release is not late before that day.
    """
    owed = order.payment is Payment.PAID and order.fulfilment is not Fulfilment.DONE
    if not owed or order.paid_at is None or is_seen:
        return None
    return max(order.paid_at, released_at(order.id) or order.paid_at) + patience()


def released_at(order_id: UUID) -> datetime | None:
    """Return the last day of release of what an order has bought before it, or None."""
    releases = catalog.supply().releases
    if not releases:
        return None
    early = orders.list_presold([order_id]).get(order_id, set())
    return max((releases[sku][0] for sku in early & set(releases)), default=None)


def list_of_order(order_id: UUID) -> Sequence[Refund]:
    """List the refunds of an order, oldest first."""
    return db.session().scalars(select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)).all()
