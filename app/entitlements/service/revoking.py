"""Revoking: what was given, and not seen, is taken back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.entitlements import queries
from app.entitlements.errors import CodesSeen, CodesUsed
from app.entitlements.models import Entitlement, State
from app.inventory import service as inventory
from app.kit import db
from app.kit.events import By


def revoke(order_id: UUID, *, now: datetime, by: By, reason: str) -> None:
    """Take all that an order's buyer owns back, and set the codes aside; refuses with CodesSeen or CodesUsed."""
    e = Entitlement.__table__.c
    statement = (
        update(Entitlement.__table__)  # type: ignore[arg-type]
        .where(
            e.merchant_id == db.merchant_id(),
            e.order_id == order_id,
            e.state.in_((State.PROMISED, State.READY)),
            e.reveals == 0,
            e.used == 0,
        )
        .values(state=State.REVOKED)
        .returning(e.id, e.code_id)
    )
    revoked = db.session().execute(statement).all()
    kept = [row for row in queries.list_of_order(order_id) if row.state is not State.REVOKED]
    if kept:
        raise CodesUsed if any(row.used for row in kept) else CodesSeen
    inventory.quarantine([row.id for row in revoked if row.code_id], reason=reason, now=now, by=by, order_id=order_id)
