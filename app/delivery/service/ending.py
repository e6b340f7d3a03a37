"""Ending: what became of a message, told by who carried it, now or later, once or twice, in whatever order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from app.delivery.events import MessageArrived, MessageFailed, MessageSent
from app.delivery.models import About, Channel, Delivery, State
from app.delivery.plan import pace
from app.delivery.service.routing import fall_back
from app.delivery.ways import Handover
from app.kit import clock, db
from app.kit.columns import Moment
from app.kit.errors import NotFound
from app.kit.events import publish
from app.kit.ids import Id
from app.messages.events import MessageReceipt
from app.orders import service as ordering

EARLY = timedelta(hours=6)  # a receipt may come so long before we know of its message; then it was none of ours
OPEN = (State.QUEUED, State.UNKNOWN)
GONE = (State.SENT, State.ACCEPTED)
ENDS = (State.FAILED, State.PASSED)
D = Delivery.__table__.c


@dataclass(frozen=True)
class Told:
    """A message that has left, what it told since when, and when its order was paid if it announces the codes."""

    delivery_id: UUID
    order_id: UUID
    about: About
    channel: Channel
    since: datetime | None = None
    paid_at: datetime | None = None


SENT = (
    update(Delivery.__table__)  # type: ignore[arg-type]
    .where(D.merchant_id == bindparam("merchant"), D.id == bindparam("told", type_=Id))
    .values(
        state=State.SENT,
        note="",
        sent_at=bindparam("now", type_=Moment),
        left_pace=bindparam("left"),
        paid_pace=bindparam("paid"),
    )
)


def record_sent(told: Told, *, now: datetime) -> None:
    """Record that a message has left; those of one unit go down together at its commit."""
    notes = db.unit().notes
    if "told" not in notes:
        notes["told"] = []
        db.unit().before_commit.append(_write_sent)
    notes["told"].append((told, now))
    _tell_sent(told, now)


def record_taken(told: Told, carrier_id: UUID, number: str, *, now: datetime) -> None:
    """Record that a carrier took a message over, and what it has told of it already."""
    receipt = _hand_over(told.delivery_id, carrier_id, number, now) if number else None
    values = {"carrier_id": carrier_id, "number": number, "note": "", "sent_at": now, **_paces(told, now)}
    if not _move(told.delivery_id, OPEN, State.ACCEPTED if number else State.SENT, values):
        return
    if told.about is not About.CODE:
        ordering.mark_notified({told.order_id}, now=now)
    _tell_sent(told, now)
    if receipt is not None and receipt.arrived is not None:
        _follow(receipt, carrier_id, number, now)


def _tell_sent(told: Told, now: datetime) -> None:
    about, channel = told.about.name.lower(), told.channel.name.lower()
    publish(MessageSent(subject_id=told.delivery_id, order_id=told.order_id, at=now, about=about, channel=channel))


def _write_sent() -> None:
    sent = db.unit().notes["told"]
    merchant = db.merchant_id()
    values = [{"merchant": merchant, "told": it.delivery_id, "now": at, **_binds(it, at)} for it, at in sent]
    db.session().execute(SENT, values)
    if orders_told := {it.order_id for it, _ in sent if it.about is not About.CODE}:
        ordering.mark_notified(orders_told, now=sent[0][1])


def _binds(told: Told, at: datetime) -> dict[str, int | None]:
    return {name.removesuffix("_pace"): value for name, value in _paces(told, at).items()}


def _paces(told: Told, at: datetime) -> dict[str, int | None]:
    """Return how quick a message was; one that was to wait has no pace."""
    announced = told.paid_at if told.since is not None and told.about is About.READY else None
    return {
        "left_pace": None if told.since is None else pace(at - told.since),
        "paid_pace": None if announced is None else pace(at - announced),
    }


# It did not go ---------------------------------------------------------------------------------------------------


def record_failed(delivery_id: UUID, *, reason: str, unknown: bool, now: datetime) -> None:
    """Record that a message did not leave, or that nobody knows.

    What certainly did not goes by the next channel; without one, or in doubt, it is from now on listed for the shop.
    """
    row = db.find(Delivery, delivery_id)
    if row is None:
        raise NotFound
    if unknown:
        _end(row, State.UNKNOWN, OPEN, reason, now)
    else:
        _fail(row, OPEN, reason, now)


def record_doubt(delivery_id: UUID, *, reason: str, carrier_id: UUID | None, now: datetime) -> None:
    """Record that a message may have left; its carrier, if we know which, is asked."""
    row = db.find(Delivery, delivery_id)
    if row is None or row.state is State.UNKNOWN:
        return
    if carrier_id is not None:
        row.carrier_id = carrier_id
    _end(row, State.UNKNOWN, (State.QUEUED,), reason, now)


def record_dropped(delivery_id: UUID) -> None:
    """Record that a message was not sent, since there was nothing to tell any more."""
    _move(delivery_id, OPEN, State.DROPPED, {})


def record_delay(delivery_id: UUID, *, reason: str) -> None:
    """Keep why a message has not left yet; it is tried again."""
    db.changed(update(Delivery).where(Delivery.id == delivery_id).values(note=reason))


def _fail(row: Delivery, before: Sequence[State], reason: str, now: datetime) -> bool:
    """End a message that did not arrive, once, and have the buyer told by the next channel."""
    if not _end(row, State.FAILED, before, reason, now):
        return False
    if fall_back(row, now=now):
        _move(row.id, (State.FAILED,), State.PASSED, {})
    return True


def _end(row: Delivery, state: State, before: Sequence[State], reason: str, now: datetime) -> bool:
    if not _move(row.id, before, state, {"note": reason}):
        return False
    facts = {"about": row.about.name.lower(), "channel": row.channel.name.lower(), "unknown": state is State.UNKNOWN}
    publish(MessageFailed(subject_id=row.id, order_id=row.order_id, reason=reason, at=now, **facts))  # type: ignore[arg-type]
    return True


def _move(delivery_id: UUID, before: Sequence[State], state: State, values: dict[str, Any]) -> bool:
    """Move a message on from one of these states; tell whether it stood there."""
    mine = update(Delivery).where(Delivery.id == delivery_id, Delivery.state.in_(before))
    return db.changed(mine.values(state=state, **values)) == 1


# What its carrier tells ------------------------------------------------------------------------------------------


def follow_receipts(receipts: Sequence[MessageReceipt]) -> None:
    """Learn from carriers what became of messages; a receipt that comes before our own settling waits for it."""
    for one in receipts:
        learn(one.subject_id, one.number, arrived=one.arrived, reason=one.reason, at=one.at)
    strangers = (Handover.delivery_id.is_(None), Handover.at < clock.now() - EARLY)
    db.changed(delete(Handover).where(*strangers))


def learn(carrier_id: UUID, number: str, *, arrived: bool, reason: str, at: datetime) -> None:
    """Learn what became of the message that a carrier calls so."""
    said = {"arrived": arrived, "reason": reason}
    known = _met(carrier_id, number, said, at, news=Handover.arrived.is_not(True))
    if known is not None and known.delivery_id is not None:
        _follow(known, carrier_id, number, at)


def record_bounced(delivery_id: UUID, *, reason: str, for_good: bool, now: datetime) -> bool:
    """Learn from the mail that came back what became of a letter; tell whether that was news."""
    row = db.find(Delivery, delivery_id)
    if row is None or row.channel is not Channel.EMAIL:
        return False
    if for_good:
        return _fail(row, (*GONE, State.UNKNOWN), reason, now)
    return db.changed(update(Delivery).where(Delivery.id == row.id, D.state.in_(GONE)).values(note=reason)) == 1


def _hand_over(delivery_id: UUID, carrier_id: UUID, number: str, now: datetime) -> Any:
    """Write down which message of ours a carrier calls so, and return what it told of it before."""
    return _met(carrier_id, number, {"delivery_id": delivery_id}, now, news=Handover.delivery_id.is_(None))


def _met(carrier_id: UUID, number: str, said: dict[str, Any], now: datetime, *, news: ColumnElement[bool]) -> Any:
    """Put what we know into the row of a handover, whoever made it, and return all of it; None when it is no news."""
    key = {"merchant_id": db.merchant_id(), "carrier_id": carrier_id, "number": number}
    fresh = {"delivery_id": None, "arrived": None, "reason": "", "at": now}
    put = db.insert_or(Handover).values(key | fresh | said)
    put = put.on_conflict_do_update(index_elements=[*key], set_=said, where=news)
    found = put.returning(Handover.delivery_id, Handover.arrived, Handover.reason)
    return db.session().execute(found).first()


def _follow(known: Any, carrier_id: UUID, number: str, now: datetime) -> None:
    """Let a message end as its receipt says; what arrived stays so, whatever comes later."""
    mine = (Delivery.id == known.delivery_id, Delivery.carrier_id == carrier_id, Delivery.number == number)
    row = db.session().scalar(select(Delivery).where(*mine))
    if row is None:
        return
    if not known.arrived:
        _fail(row, GONE, known.reason, now)
    elif _move(row.id, (*GONE, *ENDS, State.UNKNOWN), State.DELIVERED, {"arrived_at": now, "note": ""}):
        about, channel = row.about.name.lower(), row.channel.name.lower()
        publish(MessageArrived(subject_id=row.id, order_id=row.order_id, at=now, about=about, channel=channel))
