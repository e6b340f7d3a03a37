"""The inbox: what became of their orders is left for members in the shop; words are made when they read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.kit import clock, db
from app.kit.events import EventRow
from app.kit.ids import new_id
from app.members import queries
from app.members.models import InboxMessage, MemberContact
from app.orders import queries as orders

READY, PARTLY, QUEUED, REFUNDED = "ready", "partly", "queued", "refunded"


def note_ready(happened: Sequence[EventRow]) -> None:
    """Leave word that an order can be opened."""
    _note(happened, READY)


def note_partly(happened: Sequence[EventRow]) -> None:
    """Leave word that something of an order can be opened."""
    _note(happened, PARTLY)


def note_queued(happened: Sequence[EventRow]) -> None:
    """Leave word that an order is paid and waits for stock."""
    _note(happened, QUEUED)


def note_refunded(happened: Sequence[EventRow]) -> None:
    """Leave word that money is on its way back."""
    _note(happened, REFUNDED, ("amount", "currency"))


def leave(
    member_id: UUID, about: str, *, source: UUID, order_id: UUID | None, facts: Mapping[str, Any], now: datetime
) -> None:
    """Leave something in a member's inbox, once for each source; `facts` are plain values, and never a code."""
    row = {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "member_id": member_id,
        "source_id": source,
        "about": about,
        "order_id": order_id,
        "facts": dict(facts),
        "at": now,
    }
    db.changed(db.insert_or(InboxMessage).values(row).on_conflict_do_nothing())


def mark_read(member_id: UUID, *, until: UUID, now: datetime) -> int:
    """Mark what a member was told as read, up to a message; return how many were unread."""
    unread = (InboxMessage.member_id == member_id, InboxMessage.read_at.is_(None), InboxMessage.id <= until)
    return db.changed(update(InboxMessage).where(*unread).values(read_at=now))


def _note(happened: Sequence[EventRow], about: str, kept: Sequence[str] = ()) -> None:
    found = orders.list_by_id(event.order_id for event in happened if event.order_id)
    buyers = {order.contact_index for order in found.values() if order.company_id is None and order.contact_index}
    if not buyers:
        return
    contacts = db.session().scalars(select(MemberContact).where(MemberContact.contact_index.in_(buyers))).all()
    now = clock.now()
    for event in happened if contacts else ():
        order = found.get(event.order_id) if event.order_id else None
        facts = {name: event.data[name] for name in kept if name in event.data}
        for owner in queries.owners(order, contacts) if order else ():
            leave(owner, about, source=event.id, order_id=order.id, facts=facts, now=now)  # type: ignore[union-attr]
