"""The watch over the queue: who has waited for stock as long as the shop's policy allows gets the money back."""

from collections.abc import Sequence
from uuid import UUID

from app.entitlements import queries as entitled
from app.kit import clock, tasks
from app.kit.events import SYSTEM, EventRow
from app.orders import queries as orders
from app.refunds import queries, service

WATCH = "refunds.watch"
AT_ONCE = 10
LOOKED_AT = 500


def watch_after(queued: Sequence[EventRow]) -> None:
    """Look again when the shop's patience with these orders ends."""
    tasks.wake(WATCH, min(event.at for event in queued) + queries.patience())


def watch(_: UUID) -> tasks.Step:
    """Refund queued orders whose time is up, some at a time, and come back when the next one's is."""
    now = clock.now()
    owed = orders.list_owed(before=now, limit=LOOKED_AT)
    seen = entitled.list_seen([order.id for order in owed])  # those wait for the shop's own decision
    returns = {order.id: queries.returns_at(order, is_seen=order.id in seen) for order in owed}
    until = {order_id: moment for order_id, moment in returns.items() if moment}
    late = [order_id for order_id, moment in until.items() if moment <= now][:AT_ONCE]
    for order_id in late:
        service.refund(order_id, reason=service.SOLD_OUT, now=now, by=SYSTEM)
    left = [moment for order_id, moment in until.items() if order_id not in late]
    return tasks.Step(finished=True, done=len(late), again_at=min(left, default=None))


KINDS = (tasks.Kind(WATCH, watch),)
