"""The watch over the queue: who has waited for stock as long as the shop's policy allows gets the money back."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.kit import clock, tasks
from app.kit.events import SYSTEM, EventRow
from app.messages import queries as noted
from app.messages import service as messages
from app.orders import queries as orders
from app.refunds import queries, service
from app.risk import queries as fences

WATCH = "refunds.watch"
REVIEWS = "refunds.reviews"
TELL = "refunds.tell_reviews"
REVIEW_NOTE = "order.review"
BETWEEN = timedelta(hours=1)  # two notes of orders in review
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


def watch_reviews_after(held: Sequence[EventRow]) -> None:
    """Have the staff told of these orders, and look again when the time to decide on them is over."""
    tasks.wake(TELL, clock.now())
    tasks.wake(REVIEWS, min(event.at for event in held) + queries.review_patience())


def tell_reviews(_: UUID) -> tasks.Step:
    """Leave the staff one note of the orders that have come to wait for a decision, at most one an hour."""
    now, last = clock.now(), noted.last_of(REVIEW_NOTE)
    fresh = [order for order in orders.list_in_review(limit=LOOKED_AT) if (order.paid_at or order.placed_at) > last]
    if fresh and last + BETWEEN > now:
        return tasks.Step(finished=True, again_at=last + BETWEEN)
    if fresh:
        subject, facts = ("order", fresh[0].id), {"count": len(fresh), "title": fresh[0].number}
        messages.note(REVIEW_NOTE, subject=subject, facts=facts, now=now)
    return tasks.Step(finished=True, done=len(fresh))


def watch_reviews(_: UUID) -> tasks.Step:
    """End reviews that nobody decided in time as the shop wants it, some at a time."""
    now, patience = clock.now(), queries.review_patience()
    late = orders.list_in_review(before=now - patience, limit=AT_ONCE)
    if fences.policy().releases:
        entitlements.release([order.id for order in late], now=now, by=SYSTEM, reason=service.TOO_LATE)
    else:
        for order in late:
            service.decline(order.id, reason=service.TOO_LATE, now=now, by=SYSTEM)
    first = orders.first_in_review()
    return tasks.Step(finished=len(late) < AT_ONCE, done=len(late), again_at=first + patience if first else None)


KINDS = (tasks.Kind(WATCH, watch), tasks.Kind(REVIEWS, watch_reviews), tasks.Kind(TELL, tell_reviews))
