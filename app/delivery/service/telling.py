"""Telling: what a buyer should hear of is told once, by the first channel that reaches them, or by hand once more."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.delivery import queries
from app.delivery.errors import AlreadySettled, NoAddress, NothingToOpen, OnItsWay, TriedThere
from app.delivery.events import MessageDropped, MessageSentAgain
from app.delivery.guide import Guide
from app.delivery.models import About, Channel, Delivery, State
from app.delivery.service.routing import KINDS, Route, Routes, Wish, ask, list_orders, send
from app.kit import clock, db, effects
from app.kit.events import By, EventRow, publish
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders.queries import Fulfilment, Order, Payment

# What happened is told -------------------------------------------------------------------------------------------


def tell_ready(happened: Sequence[EventRow]) -> None:
    """Tell buyers that codes of theirs can be opened, and where."""
    _tell(_sources(happened), About.READY)


def tell_queued(happened: Sequence[EventRow]) -> None:
    """Tell buyers who paid that codes are still owed, and until when they wait."""
    _tell(_sources(happened), About.QUEUED)


def tell_refunded(happened: Sequence[EventRow]) -> None:
    """Tell buyers that their money is on its way back."""
    _tell(_sources(happened), About.REFUNDED)


def tell_asked(happened: Sequence[EventRow]) -> None:
    """Send the link of an order to its contact once more, for whoever asked for it, where there is a code to open."""
    _tell(_sources(happened), About.READY, only=has_goods, asked=True)


def tell_code(happened: Sequence[EventRow]) -> None:
    """Send the digits of codes to the contacts of their orders; to nobody where the contact could be two mailboxes."""
    asked = {event.subject_id: (event.order_id, event.at) for event in happened}
    _tell(asked, About.CODE, only=queries.is_sure_of_contact, asked=True)


def _sources(happened: Sequence[EventRow]) -> Mapping[UUID, tuple[UUID | None, datetime | None]]:
    return {event.id: (event.order_id, event.at) for event in happened}


def _tell(
    sources: Mapping[UUID, tuple[UUID | None, datetime | None]],
    about: About,
    *,
    only: Any = lambda order: True,
    asked: bool = False,
) -> None:
    """Ask for a message for each source and its order, once; an order that no channel reaches gets none."""
    known = set(db.session().scalars(select(Delivery.source_id).where(Delivery.source_id.in_(sources))))
    found = list_orders([order_id for source, (order_id, _) in sources.items() if order_id and source not in known])
    routes, now = Routes(found.values()), clock.now()
    for source, (order_id, at) in sources.items():
        order = found.get(order_id) if order_id and source not in known else None
        ways = routes.of(order, about, asked=asked) if order is not None and only(order) else []
        if order is not None and ways:
            ask(order, Wish(about, source, at or now, asked), ways[0], routes.guide, now=now)


def has_goods(order: Order) -> bool:
    """Tell whether there is a code of the order to open."""
    return order.payment is not Payment.REFUNDED and order.fulfilment in (Fulfilment.PARTIAL, Fulfilment.DONE)


# A person has it told --------------------------------------------------------------------------------------------


def send_link_again(order_id: UUID, *, now: datetime, by: By) -> Delivery:
    """Tell the buyer of an order once more that there are codes, with a new link where the channel takes one.

    Refuses while that is on its way, with nothing to open, or where no channel reaches the buyer.
    """
    order = orders.get(order_id)
    if not has_goods(order):
        raise NothingToOpen
    routes = Routes([order])
    ways = routes.of(order, About.READY, asked=True)
    if not ways:
        raise NoAddress
    waiting = (Delivery.order_id == order_id, Delivery.about == About.READY, Delivery.state == State.QUEUED)
    if db.session().scalar(select(Delivery.id).where(*waiting).limit(1)) is not None:
        raise OnItsWay
    asked = ask(order, Wish(About.READY, new_id(), now, asked=True), ways[0], routes.guide, now=now)
    if asked is None:
        raise OnItsWay
    _told(MessageSentAgain, asked, now, by)
    return asked


def send_again(delivery_id: UUID | None, *, now: datetime, by: By) -> Delivery:
    """Send a message again that did not leave or may have left, under its old name, so that a double is known.

    Where the carrier can be asked about the one before, it is, and only what it never had is sent.
    """
    before = db.get(Delivery, delivery_id).state
    row = _settle_by_hand(delivery_id, State.QUEUED)
    if not (before is State.UNKNOWN and row.channel is not Channel.EMAIL and _asks_first(row, now)):
        send(row.id, row.channel, now=now)
    _told(MessageSentAgain, row, now, by)
    return row


def send_by(delivery_id: UUID | None, channel: Channel, *, now: datetime, by: By) -> Delivery:
    """Tell by another channel what did not arrive by this one, or may not have."""
    row = db.get(Delivery, delivery_id)
    order = orders.get(row.order_id)
    routes = Routes([order])
    ways = {route.channel: route for route in routes.of(order, row.about, asked=True)}
    if channel not in ways:
        raise NoAddress
    asked = pass_on(row.id, ways[channel], now=now)
    _told(MessageSentAgain, asked, now, by)
    return asked


def pass_on(delivery_id: UUID, route: Route, *, now: datetime) -> Delivery:
    """Let another message, by a channel that was not tried yet, take the place of one that failed or is unknown."""
    row = _settle_by_hand(delivery_id, State.PASSED)
    wish = Wish(row.about, row.source_id, now, asked=True, after=row.id)
    asked = ask(orders.get(row.order_id), wish, route, Guide(), now=now)
    if asked is None:
        raise TriedThere
    return asked


def drop(delivery_id: UUID | None, *, now: datetime, by: By) -> Delivery:
    """Leave a message at that which did not leave or may have left."""
    row = _settle_by_hand(delivery_id, State.DROPPED)
    _told(MessageDropped, row, now, by)
    return row


def can_tell(order: Order) -> bool:
    """Tell whether a message that somebody of the shop asks for reaches the buyer of an order."""
    return bool(Routes([order]).of(order, About.READY, asked=True))


def other_ways(rows: Sequence[Delivery]) -> dict[UUID, list[Route]]:
    """Return for each message the channels by which its buyer could be told instead."""
    found = list_orders([row.order_id for row in rows])
    routes = Routes(found.values()) if rows else None
    tried = select(Delivery.source_id, Delivery.channel).where(Delivery.source_id.in_([row.source_id for row in rows]))
    used = {(row.source_id, row.channel) for row in db.session().execute(tried)} if rows else set()
    return {
        row.id: [way for way in routes.of(order, row.about, asked=True) if (row.source_id, way.channel) not in used]
        for row in rows
        if routes and (order := found.get(row.order_id))
    }


def _asks_first(row: Delivery, now: datetime) -> bool:
    """Let the call that nobody saw end go on with its question; tell whether there is one."""
    calls = [one for one in effects.list_of([row.id])[row.id] if one.kind == KINDS[row.channel]]
    return bool(calls) and effects.again(calls[-1].id, now=now, sure=True)


def _settle_by_hand(delivery_id: UUID | None, state: State) -> Delivery:
    row = db.get(Delivery, delivery_id)
    stuck = (Delivery.id == row.id, Delivery.state.in_((State.FAILED, State.UNKNOWN)))
    if not db.changed(update(Delivery).where(*stuck).values(state=state)):
        raise OnItsWay if row.state is State.QUEUED else AlreadySettled
    return row


def _told(kind: Any, row: Delivery, now: datetime, by: By) -> None:
    facts = {"about": row.about.name.lower(), "channel": row.channel.name.lower()}
    publish(kind(subject_id=row.id, order_id=row.order_id, at=now, by=by, **facts))
