"""Waiting longer: orders whose money comes late stay open for it, and are reckoned as placed when they were."""

from datetime import datetime, timedelta

from sqlalchemy import update

from app.kit import db
from app.orders.models import Closed, Order, Payment
from app.orders.service.placing import TIME_TO_PAY

ORDER = Order.__table__.c


def wait_longer(order: Order, patience: timedelta) -> datetime:
    """Keep an unpaid order open until so long after it was placed, unless it is open longer; returns until when."""
    until = order.placed_at + patience
    waits = (ORDER.payment == Payment.PENDING, ORDER.closed == Closed.OPEN, ORDER.expires_at < until)
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.id == order.id)
    db.changed(update(Order.__table__).where(*mine, *waits).values(expires_at=until))  # type: ignore[arg-type]
    return max(order.expires_at, until)


def wait_no_longer(order: Order) -> None:
    """Give a paid order the time to pay again that it was placed with: from it, windows tell when that was."""
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.id == order.id, ORDER.payment != Payment.PENDING)
    values = {"expires_at": order.placed_at + TIME_TO_PAY}
    db.changed(update(Order.__table__).where(*mine).values(values))  # type: ignore[arg-type]
