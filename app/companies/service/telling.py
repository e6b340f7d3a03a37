"""Telling a company that a batch of it can be used; its members sign in, so the letter opens nothing by itself."""

from collections.abc import Sequence
from datetime import timedelta

from app.kit import clock, effects
from app.kit.events import EventRow
from app.orders import queries as orders

READY_MAIL = "companies.ready_mail"
READY_MAIL_LIFE = timedelta(hours=24)


def tell_ready(delivered: Sequence[EventRow]) -> None:
    """Have companies told that their orders are delivered, once for each order."""
    now, owned = clock.now(), orders.list_companies(event.order_id for event in delivered if event.order_id)
    known = effects.list_of(list(owned)) if owned else {}
    for order_id in owned:
        if not any(effect.kind == READY_MAIL for effect in known[order_id]):
            effects.intend(READY_MAIL, order_id, due_at=now, deadline=now + READY_MAIL_LIFE)
