"""Uses of shared codes: what came in, what is left, what came back; a use counts as a code does.

A use comes in with its code's batch, and again when a refund takes it from somebody who never saw it: then it is for
sale as before. What is left now is in the row of the code; what was left at other times is that, with what was sold
since then and without what came back since then. Each shared code has a batch of its own.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, case, func, literal, select

from app.entitlements.queries import Entitlement, State
from app.finance.sold import joined, keys, narrow, price
from app.finance.spans import Span
from app.inventory.queries import Batch, SharedCode, SharedHold
from app.kit import db
from app.refunds.queries import Refund, RefundPart

OF_PIECE = and_(RefundPart.merchant_id == Entitlement.merchant_id, RefundPart.entitlement_id == Entitlement.id)
OF_REFUND = and_(Refund.merchant_id == RefundPart.merchant_id, Refund.id == RefundPart.refund_id)


def left_now(span: Span, **narrowed: Any) -> Iterable[Any]:
    """Return the shared codes that came before the end of a span, each with the uses that are in stock now."""
    held = select(func.sum(SharedHold.uses)).where(
        SharedHold.merchant_id == SharedCode.merchant_id, SharedHold.shared_id == SharedCode.id
    )
    kept = select(func.count()).where(  # of a bundle that is not whole yet
        Entitlement.merchant_id == SharedCode.merchant_id,
        Entitlement.shared_id == SharedCode.id,
        Entitlement.state == State.PROMISED,
    )
    some = (func.coalesce(query.correlate(SharedCode).scalar_subquery(), 0) for query in (held, kept))
    left = sum(some, start=SharedCode.uses_left + literal(0)).label("left_now")
    told = (SharedCode.uses, SharedCode.cost, SharedCode.expires_on, left)
    query = select(*keys(SharedCode), *told).join(
        Batch, and_(Batch.merchant_id == SharedCode.merchant_id, Batch.id == SharedCode.batch_id)
    )
    return db.session().execute(narrow(query.where(Batch.created_at < span.until), SharedCode, **narrowed)).all()


def came_back(span: Span, **narrowed: Any) -> Iterable[Any]:
    """Return the uses that refunds took back since the first day, by week; "back_later" after the last one."""
    at, within = Refund.created_at, span.holds(Refund.created_at)
    weeks = [(at >= span.start(day), number) for number, day in reversed(list(enumerate(span.weeks)))]
    week = case(*weeks, else_=0).label("week")

    def of(value: Any, name: str, condition: Any = within) -> Any:
        return func.sum(case((condition, value), else_=0)).label(name)

    sums = (
        *(of(1, "returned"), of(1, "back_later", ~within)),
        *(of(-SharedCode.cost, "goods"), of(-price(), "revenue")),
    )
    query = joined(select(*keys(SharedCode), week, *sums), SharedCode)
    query = query.join(RefundPart, OF_PIECE).join(Refund, OF_REFUND)
    query = query.where(Entitlement.state == State.REVOKED, Entitlement.ready_at.is_not(None), at >= span.since)
    return db.session().execute(narrow(query, SharedCode, **narrowed).group_by(*keys(SharedCode), "week")).all()


def stock_of(row: Any, span: Span, sold: int, later: int, back: int, back_later: int) -> dict[str, int]:
    """Return what a shared code had in stock in a span, from what it has now and what was sold and came back since."""
    left = row.left_now + later - back_later
    came = row.uses if row.created_at >= span.since else 0
    said = {"opening": left + sold - back - came, "in": came}
    if row.expires_on is None or row.expires_on >= span.expired_before:
        return said | {"closing": left, "value": left * row.cost}
    return said | {"expired": left, "lost": left * row.cost} if row.expires_on >= span.first else {"in": -back}
