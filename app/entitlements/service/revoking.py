"""Revoking: what was given, and not seen, is taken back."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.catalog.queries import Source
from app.entitlements import queries
from app.entitlements.errors import CodesSeen, CodesUsed
from app.entitlements.models import Entitlement, State
from app.entitlements.service import chores
from app.inventory import service as inventory
from app.kit import db
from app.kit.events import By
from app.orders import queries as orders


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
        .returning(e.id, e.code_id, e.shared_id, e.part_id, e.sku_id)
    )
    revoked = db.session().execute(statement).all()
    kept = [row for row in queries.list_of_order(order_id) if row.state is not State.REVOKED]
    if kept:
        raise CodesUsed if any(row.used for row in kept) else CodesSeen
    inventory.quarantine([row.id for row in revoked if row.code_id], reason=reason, now=now, by=by, order_id=order_id)
    _give_up(order_id, revoked, now)


def _give_up(order_id: UUID, revoked: Sequence[Any], now: datetime) -> None:
    """Let what was no code of its own go back where it came from: uses, pieces of a pre-sale, chores."""
    inventory.return_uses([row.shared_id for row in revoked if row.shared_id], now=now)
    sources = {part.id: part.source for part in orders.list_parts([order_id])}
    promised = [row for row in revoked if row.code_id is None and row.shared_id is None]
    if by_hand := [row.id for row in promised if sources[row.part_id] in chores.BY_HAND]:
        chores.drop(by_hand, now=now)
    inventory.return_presold(Counter(row.sku_id for row in promised if sources[row.part_id] is Source.PRESALE))
