"""Questions about refunds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.kit import db
from app.merchants import queries as merchants
from app.orders.queries import Fulfilment, Order, Payment
from app.refunds.models import Refund as Refund
from app.refunds.models import RefundState as RefundState


def patience() -> timedelta:
    """Return how long the shop lets a paid order wait for stock."""
    return timedelta(hours=merchants.current().queue_hours)


def returns_at(order: Order, *, is_seen: bool) -> datetime | None:
    """Return when the money of an order goes back by itself since codes are still owed; once one was seen, never."""
    owed = order.payment is Payment.PAID and order.fulfilment is not Fulfilment.DONE
    return order.paid_at + patience() if owed and order.paid_at and not is_seen else None


def list_of_order(order_id: UUID) -> Sequence[Refund]:
    """List the refunds of an order, oldest first."""
    return db.session().scalars(select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)).all()
