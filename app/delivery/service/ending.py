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
from app.messages.queries import Receipt
from app.orders import service as ordering

EARLY = timedelta(hours=6)  # a receipt may come so long before we know of its message; then it was none of ours
OPEN = (State.QUEUED, State.UNKNOWN)
GONE = (State.SENT, State.ACCEPTED)
ENDS = (State.FAILED, State.PASSED)
D, H = Delivery.__table__.c, Handover.__table__.c


@dataclass(frozen=True)
class Told:
    """A message that has left, what it told since when, and when its order was paid if it announces the codes."""

    delivery_id: UUID
    order_id: UUID
    about: About
    channel: Channel
    since: datetime | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True)
class Taken:
    """A message that a carrier has, under a number or none, and what it has told of it."""

    told: Told
    carrier_id: UUID
    number: str
    receipt: Receipt | None = None


LEFT = (
    update(Delivery.__table__)  # type: ignore[arg-type]
    .where(D.merchant_id == bindparam("merchant"), D.id == bindparam("told", type_=Id))
    .values(note="", sent_at=bindparam("now", type_=Moment), left_pace=bindparam("left"), paid_pace=bindparam("paid"))
)
SENT = LEFT.values(state=State.SENT)
TAKEN = LEFT.values(state=bindparam("stands"), carrier_id=bindparam("carrier", type_=Id), number=bindparam("called"))


def record_sent(told: Told, *, now: datetime) -> None:
    """Record that a message has left; those of one unit go down together at its commit."""
    notes = db.unit().notes
    if "told" not in notes:
        notes["told"] = []
        db.unit().before_commit.append(_write_sent)
    notes["told"].append((told, now))
    publish(_sent(told, now))


def record_taken(taken: Taken, *, now: datetime) -> None:
    """Record that a carrier took a message over, and what it told of it; those of one unit go down together."""
    notes = db.unit().notes
    if "taken" not in notes:
        notes["taken"] = []
        db.unit().before_commit.append(_write_taken)
    notes["taken"].append((taken, now))


def _write_taken() -> None:
    taken: list[tuple[Taken, datetime]] = db.unit().notes["taken"]
    numbered = [(it.carrier_id, it.number, at, {"delivery_id": it.told.delivery_id}) for it, at in taken if it.number]
    known = _meet(numbered, news=Handover.delivery_id.is_(None))
    open_ones = _lock_open([it.told.delivery_id for it, _ in taken])
    moved = [(it, at) for it, at in taken if it.told.delivery_id in open_ones]
    if not moved:
        return
    merchant = db.merchant_id()
    db.session().execute(TAKEN, [{"merchant": merchant, **_carried(it), **_binds(it.told, at)} for it, at in moved])
    if orders_told := {it.told.order_id for it, _ in moved if it.told.about is not About.CODE}:
        ordering.mark_notified(orders_told, now=moved[0][1])
    publish(*(_sent(it.told, at) for it, at in moved))
    _follow_early(moved, known)


def _follow_early(taken: Sequence[tuple[Taken, datetime]], known: dict[tuple[UUID, str], Any]) -> None:
    """Let those messages end of which their carriers told before, or as they took them."""
    for it, at in taken:
        before = known.get((it.carrier_id, it.number))
        if before is not None and before.arrived is not None:
            _follow(before, it.carrier_id, it.number, at)
        if it.receipt is not None and it.number:
            learn(it.carrier_id, it.number, arrived=it.receipt.arrived, reason=it.receipt.reason, at=at)


def _lock_open(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these messages of which nobody knew yet that they left."""
    query = select(D.id).where(D.merchant_id == db.merchant_id(), D.id.in_(ids), D.state.in_(OPEN)).order_by(D.id)
    return set(db.session().scalars(query.with_for_update()))


def _carried(taken: Taken) -> dict[str, Any]:
    state = State.ACCEPTED if taken.number else State.SENT
    return {"told": taken.told.delivery_id, "stands": state, "carrier": taken.carrier_id, "called": taken.number}


def _sent(told: Told, now: datetime) -> MessageSent:
    about, channel = told.about.name.lower(), told.channel.name.lower()
    return MessageSent(subject_id=told.delivery_id, order_id=told.order_id, at=now, about=about, channel=channel)


def _write_sent() -> None:
    sent = db.unit().notes["told"]
    merchant = db.merchant_id()
    values = [{"merchant": merchant, "told": it.delivery_id, **_binds(it, at)} for it, at in sent]
    db.session().execute(SENT, values)
    if orders_told := {it.order_id for it, _ in sent if it.about is not About.CODE}:
        ordering.mark_notified(orders_told, now=sent[0][1])


def _binds(told: Told, at: datetime) -> dict[str, Any]:
    """Return when a message left, and how quick it was; one that was to wait has no pace."""
    announced = told.paid_at if told.since is not None and told.about is About.READY else None
    return {
        "now": at,
        "left": None if told.since is None else pace(at - told.since),
        "paid": None if announced is None else pace(at - announced),
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
    known = _meet([(carrier_id, number, at, said)], news=Handover.arrived.is_not(True)).get((carrier_id, number))
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


def _meet(
    found: Sequence[tuple[UUID, str, datetime, dict[str, Any]]], *, news: ColumnElement[bool]
) -> dict[tuple[UUID, str], Any]:
    """Put what we know into the rows of handovers, whoever made them, and return all of those to which it is news."""
    if not found:
        return {}
    merchant, blank = db.merchant_id(), {"delivery_id": None, "arrived": None, "reason": ""}
    rows = [
        {"merchant_id": merchant, "carrier_id": carrier_id, "number": number, "at": at, **blank, **said}
        for carrier_id, number, at, said in found
    ]
    put = db.insert_or(Handover)
    put = put.on_conflict_do_update(
        index_elements=["merchant_id", "carrier_id", "number"],
        set_={name: put.excluded[name] for name in found[0][3]},
        where=news,
    )
    told = put.returning(H.carrier_id, H.number, H.delivery_id, H.arrived, H.reason)
    return {(row.carrier_id, row.number): row for row in db.session().execute(told, rows)}


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
