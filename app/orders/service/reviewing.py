"""Reviewing: paid orders that wait for somebody of the shop, and what was decided of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.sql.dml import ReturningUpdate

from app.inventory import service as inventory
from app.kit import db
from app.kit.events import By, Event, publish
from app.kit.inline import given, inline
from app.orders import queries
from app.orders.errors import AlreadyDecided
from app.orders.events import OrderHeld, OrderReviewed
from app.orders.models import Fulfilment, Order, Part, Payment, Review
from app.orders.windows import count_lately
from app.risk import queries as fences
from app.risk import service as risk
from app.risk.queries import Rule, Whose

ORDER = Order.__table__.c
KEPT = (Payment.PAID, Payment.PARTIALLY_REFUNDED)
PAYERS = {"id": ORDER.id.type, "payer": ORDER.payer_index.type}

# One after the other in the order of the array, so that two who wait for the same ones never wait for each other.
TURNS = text("SELECT pg_advisory_xact_lock(turn) FROM unnest(CAST(:turns AS bigint[])) AS turn")


def hold_paid(order_ids: Sequence[UUID], *, now: datetime) -> None:
    """Let what paid orders hold wait for a decision: nobody else takes it, and no cost of goods is counted so far."""
    if not order_ids:
        return
    parts = queries.list_parts(order_ids)
    inventory.keep([part.id for part in parts], {part.source for part in parts})
    mine = (Part.merchant_id == db.merchant_id(), Part.order_id.in_(order_ids))
    db.changed(update(Part.__table__).where(*mine).values(cost=0))  # type: ignore[arg-type]
    db.unit().notes.pop("parts", None)
    publish(*(OrderHeld(subject_id=order, order_id=order, at=now) for order in order_ids))


def find_suspects(payers: Mapping[UUID, bytes], *, now: datetime) -> set[UUID]:
    """Write down who paid these orders, and return those that a rule of the shop sends to review for it.

    Those of companies and those somebody has decided already are left alone.
    """
    if not payers:
        return set()
    known = _set_payers(payers)
    rules = [rule for rule in fences.current() if rule.whose is Whose.PAYER]
    if not rules:
        return set()
    _take_turns(payers, rules)
    rows = [row for row in known if row["company_id"] is None]
    counted = zip(rows, count_lately(rows, rules, now=now), strict=True)
    return {row["id"] for row, counts in counted if _is_suspect(row, counts, rules, now)}


def _set_payers(payers: Mapping[UUID, bytes]) -> Sequence[Any]:
    """Write down who paid, and return the orders as a rule looks at them."""
    binds = {"merchant": db.merchant_id()} | given("paid", PAYERS, list(payers.items()))
    return db.session().execute(_paid_by(len(payers)), binds).mappings().all()


@cache
def _paid_by(count: int) -> ReturningUpdate[Any]:
    """Return the statement for so many orders, which costs more to make than to run."""
    paid = inline("paid", PAYERS, [(None,) * len(PAYERS)] * count)
    mine = (ORDER.merchant_id == bindparam("merchant"), ORDER.id == paid.c.id)
    known = (ORDER.id, ORDER.payer_index, ORDER.company_id, ORDER.review, ORDER.contact_mask, ORDER.total_amount)
    changed = update(Order.__table__).where(*mine).values(payer_index=paid.c.payer)  # type: ignore[arg-type]
    return changed.returning(*known, ORDER.currency)


def _take_turns(payers: Mapping[UUID, bytes], rules: Sequence[Rule]) -> None:
    """Let two payments of one account at once count each other; SQLite has one writer anyway."""
    if db.is_sqlite() or all(rule.mode is fences.Mode.WATCH for rule in rules):
        return
    turns = sorted({int.from_bytes(payer[:8], signed=True) for payer in payers.values()})
    db.session().execute(TURNS, {"turns": turns})


def _is_suspect(row: Any, counts: Mapping[str, int], rules: Sequence[Rule], now: datetime) -> bool:
    decision = risk.judge(counts, rules)
    if decision.hits:
        risk.note_caught(decision.hits, order_id=row["id"], who=row["contact_mask"], now=now)
    return decision.verdict is not risk.Verdict.ALLOW and row["review"] is Review.NONE


def put_in_review(order_ids: Sequence[UUID]) -> None:
    """Let orders wait for a decision."""
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.id.in_(order_ids), ORDER.review == Review.NONE)
    db.changed(update(Order.__table__).where(*mine).values(review=Review.WAITING))  # type: ignore[arg-type]


def release_reviewed(order_ids: Sequence[UUID], *, now: datetime, by: By, reason: str = "") -> list[UUID]:
    """Let paid orders go on that wait for a decision, and return those that this call released."""
    return _decide(order_ids, Review.RELEASED, now, by, reason)


def decline(order_id: UUID, *, reason: str, now: datetime, by: By) -> None:
    """Decide that an order is not delivered; refuses with AlreadyDecided. Its money goes back by area refunds."""
    if not _decide([order_id], Review.DECLINED, now, by, reason):
        raise AlreadyDecided(queries.list_numbers([order_id]).get(order_id, ""))


def _decide(order_ids: Sequence[UUID], review: Review, now: datetime, by: By, reason: str) -> list[UUID]:
    waiting = (
        ORDER.merchant_id == db.merchant_id(),
        ORDER.id.in_(sorted(order_ids)),
        ORDER.review == Review.WAITING,
        ORDER.payment.in_(KEPT),
    )
    statement = update(Order.__table__).where(*waiting).values(review=review).returning(ORDER.id)  # type: ignore[arg-type]
    decided = sorted(db.session().scalars(statement))
    released = review is Review.RELEASED
    known = {"released": released, "reason": reason, "at": now, "by": by}
    publish(*(OrderReviewed(subject_id=order, order_id=order, **known) for order in decided))  # type: ignore[arg-type]
    return decided


def free_refunded(events: Sequence[Event]) -> None:
    """Give back what refunded orders still hold that never got as far as being delivered."""
    undelivered = (
        ORDER.merchant_id == db.merchant_id(),
        ORDER.id.in_([event.order_id for event in events]),
        ORDER.review.in_((Review.WAITING, Review.DECLINED)),
        ORDER.payment == Payment.REFUNDED,
        ORDER.fulfilment == Fulfilment.NONE,
    )
    statement = update(Order.__table__).where(*undelivered).values(review=Review.DECLINED)  # type: ignore[arg-type]
    ids = sorted(db.session().scalars(statement.returning(ORDER.id)))
    if ids:
        parts = queries.list_parts(ids)
        at = max(event.at for event in events)
        inventory.release([part.id for part in parts], now=at, sources={part.source for part in parts})


def count_refusal(order_id: UUID) -> None:
    """Count that a gateway refused the payment of an order."""
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.id == order_id)
    db.changed(update(Order.__table__).where(*mine).values(refusals=ORDER.refusals + 1))  # type: ignore[arg-type]


def forget_networks(*, before: datetime, limit: int) -> int:
    """Forget where orders placed before a moment came from, some at a time; return how many."""
    some = (
        select(ORDER.id)
        .where(ORDER.merchant_id == db.merchant_id(), ORDER.network_index.is_not(None), ORDER.expires_at < before)
        .limit(limit)
    )
    mine = (ORDER.merchant_id == db.merchant_id(), ORDER.id.in_(some))
    return db.changed(update(Order.__table__).where(*mine).values(network_index=None))  # type: ignore[arg-type]


def keeps_networks() -> bool:
    """Tell whether it is still known of an order where it came from."""
    some = select(ORDER.id).where(ORDER.merchant_id == db.merchant_id(), ORDER.network_index.is_not(None)).limit(1)
    return db.session().scalar(some) is not None
