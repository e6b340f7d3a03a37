"""Telling: one message for each thing that a buyer should hear of, by whom it was asked for, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import selectinload

from app.delivery import queries
from app.delivery.errors import AlreadySettled, NoAddress, NothingToOpen, OnItsWay
from app.delivery.events import MessageDropped, MessageFailed, MessageSent, MessageSentAgain
from app.delivery.models import About, Channel, Delivery, State
from app.delivery.rules import mail_address
from app.delivery.service.linking import make_link
from app.kit import clock, db, effects
from app.kit.columns import Moment
from app.kit.errors import NotFound
from app.kit.events import By, EventRow, publish
from app.kit.ids import Id, new_id
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Fulfilment, Order, Payment

MAIL = "delivery.mail"
MAIL_LIFE = timedelta(hours=24)
D = Delivery.__table__.c


# What happened is told -------------------------------------------------------------------------------------------


def tell_ready(happened: Sequence[EventRow]) -> None:
    """Tell buyers that codes of theirs can be opened, and where."""
    _tell({event.id: event.order_id for event in happened}, About.READY)


def tell_queued(happened: Sequence[EventRow]) -> None:
    """Tell buyers who paid that codes are still owed, and until when they wait."""
    _tell({event.id: event.order_id for event in happened}, About.QUEUED)


def tell_refunded(happened: Sequence[EventRow]) -> None:
    """Tell buyers that their money is on its way back."""
    _tell({event.id: event.order_id for event in happened}, About.REFUNDED)


def tell_asked(happened: Sequence[EventRow]) -> None:
    """Send the link of an order to its contact once more, for whoever asked for it, where there is a code to open."""
    _tell({event.id: event.order_id for event in happened}, About.READY, only=has_goods)


def tell_code(happened: Sequence[EventRow]) -> None:
    """Send the digits of codes to the contacts of their orders; to nobody where the contact could be two mailboxes."""
    _tell({event.subject_id: event.order_id for event in happened}, About.CODE, only=queries.is_sure_of_mailbox)


def _tell(asked: Mapping[UUID, UUID | None], about: About, *, only: Any = lambda order: True) -> None:
    """Ask for a message for each source and its order, once; an order whose contact is no address gets none."""
    known = set(db.session().scalars(select(Delivery.source_id).where(Delivery.source_id.in_(asked))))
    found = list_orders([order_id for order_id in asked.values() if order_id])
    now = clock.now()
    for source, order_id in asked.items():
        order = found.get(order_id) if order_id else None
        if source not in known and order is not None and only(order) and is_told(order):
            _ask(order, about, source, now)


def _ask(order: Order, about: About, source: UUID, now: datetime) -> Delivery:
    row: dict[str, Any] = {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "order_id": order.id,
        "source_id": source,
        "about": about,
        "channel": Channel.EMAIL,
        "state": State.QUEUED,
        "link_id": make_link(order.id, now=now).id if about is About.READY else None,
        "to_mask": order.contact_mask,
        "note": "",
        "created_at": now,
        "sent_at": None,
    }
    db.session().execute(insert(Delivery.__table__), [row])  # type: ignore[arg-type]
    _send(row["id"], now)
    return Delivery(**row)


def _send(delivery_id: UUID, now: datetime) -> None:
    effects.intend(MAIL, delivery_id, due_at=now, deadline=now + MAIL_LIFE)


def list_orders(ids: Sequence[UUID]) -> dict[UUID, Order]:
    """Return orders with their lines by id."""
    query = select(Order).where(Order.id.in_(set(ids))).options(selectinload(Order.lines))
    return {order.id: order for order in db.session().scalars(query)} if ids else {}


def address_of(order: Order) -> str:
    """Return the e-mail address of an order's buyer, or "" where there is none."""
    return mail_address(orders.contact_of(order).expose()) if "@" in order.contact_mask else ""


def is_told(order: Order) -> bool:
    """Tell whether an order's buyer is written to: one with an address; a company is told where its members sign in."""
    return order.company_id is None and bool(address_of(order))


def has_goods(order: Order) -> bool:
    """Tell whether there is a code of the order to open."""
    return order.payment is not Payment.REFUNDED and order.fulfilment in (Fulfilment.PARTIAL, Fulfilment.DONE)


# A person has it told --------------------------------------------------------------------------------------------


def send_link_again(order_id: UUID, *, now: datetime, by: By) -> Delivery:
    """Send a new link of an order to its contact; refuses while one is on its way, or with nothing to open."""
    order = orders.get(order_id)
    if not has_goods(order):
        raise NothingToOpen
    if not address_of(order):
        raise NoAddress
    waiting = (Delivery.order_id == order_id, Delivery.about == About.READY, Delivery.state == State.QUEUED)
    if db.session().scalar(select(Delivery.id).where(*waiting).limit(1)) is not None:
        raise OnItsWay
    asked = _ask(order, About.READY, new_id(), now)
    _told(MessageSentAgain, asked, now, by)
    return asked


def send_again(delivery_id: UUID | None, *, now: datetime, by: By) -> Delivery:
    """Send a message again that did not leave or may have left, under its old name, so that a double is known."""
    row = _settle_by_hand(delivery_id, State.QUEUED)
    _send(row.id, now)
    _told(MessageSentAgain, row, now, by)
    return row


def drop(delivery_id: UUID | None, *, now: datetime, by: By) -> Delivery:
    """Leave a message at that which did not leave or may have left."""
    row = _settle_by_hand(delivery_id, State.DROPPED)
    _told(MessageDropped, row, now, by)
    return row


def _settle_by_hand(delivery_id: UUID | None, state: State) -> Delivery:
    row = db.get(Delivery, delivery_id)
    stuck = (Delivery.id == row.id, Delivery.state.in_((State.FAILED, State.UNKNOWN)))
    if not db.changed(update(Delivery).where(*stuck).values(state=state)):
        raise OnItsWay if row.state is State.QUEUED else AlreadySettled
    return row


def _told(kind: Any, row: Delivery, now: datetime, by: By) -> None:
    facts = {"about": row.about.name.lower(), "channel": row.channel.name.lower()}
    publish(kind(subject_id=row.id, order_id=row.order_id, at=now, by=by, **facts))


# How it ended ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A message that has left."""

    delivery_id: UUID
    order_id: UUID
    about: About
    channel: Channel


SENT = (
    update(Delivery.__table__)  # type: ignore[arg-type]
    .where(D.merchant_id == bindparam("merchant"), D.id == bindparam("number", type_=Id))
    .values(state=State.SENT, note="", sent_at=bindparam("now", type_=Moment))
)


def record_sent(told: Told, *, now: datetime) -> None:
    """Record that a message has left; those of one unit go down together at its commit."""
    notes = db.unit().notes
    if "told" not in notes:
        notes["told"] = []
        db.unit().before_commit.append(_write_sent)
    notes["told"].append((told, now))
    sent = MessageSent(
        subject_id=told.delivery_id,
        order_id=told.order_id,
        about=told.about.name.lower(),
        channel=told.channel.name.lower(),
        at=now,
    )
    publish(sent)


def _write_sent() -> None:
    sent = db.unit().notes["told"]
    merchant = db.merchant_id()
    db.session().execute(SENT, [{"merchant": merchant, "number": it.delivery_id, "now": at} for it, at in sent])
    if orders_told := {it.order_id for it, _ in sent if it.about is not About.CODE}:
        ordering.mark_notified(orders_told, now=sent[0][1])


def record_failed(delivery_id: UUID, *, reason: str, unknown: bool, now: datetime) -> None:
    """Record that a message did not leave, or that nobody knows; from now on it is listed for the shop."""
    row = db.find(Delivery, delivery_id)
    if row is None:
        raise NotFound
    row.state, row.note = State.UNKNOWN if unknown else State.FAILED, reason
    facts = {"about": row.about.name.lower(), "channel": row.channel.name.lower(), "unknown": unknown}
    publish(MessageFailed(subject_id=row.id, order_id=row.order_id, reason=reason, at=now, **facts))  # type: ignore[arg-type]


def record_dropped(delivery_id: UUID) -> None:
    """Record that a message was not sent, since there was nothing to tell any more."""
    db.changed(update(Delivery).where(Delivery.id == delivery_id).values(state=State.DROPPED))


def record_delay(delivery_id: UUID, *, reason: str) -> None:
    """Keep why a message has not left yet; it is tried again."""
    db.changed(update(Delivery).where(Delivery.id == delivery_id).values(note=reason))
