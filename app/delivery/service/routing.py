"""Routing: by which channel a buyer is told, and by which next when that one certainly did not reach them.

The channels are asked in the order the shop set. A message that failed is followed by one by the next channel; one of
which nobody knows is not, since it may have arrived: that is for a person to decide.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.delivery.guide import Guide
from app.delivery.models import NOBODY, About, Channel, Delivery, State
from app.delivery.plan import PRIVATE, quiet_until, usable
from app.delivery.rules import mail_address, own_channel, phone_number
from app.delivery.service.linking import make_link
from app.delivery.service.reaching import reaches, unwanted
from app.kit import db, effects
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders.queries import Order

KINDS = {
    Channel.EMAIL: "delivery.mail",
    Channel.SMS: "delivery.sms",
    Channel.WECHAT: "delivery.wechat",
    Channel.MINI: "delivery.mini",
    Channel.WECOM: "delivery.wecom",
    Channel.DINGTALK: "delivery.dingtalk",
}
LIFE = timedelta(hours=24)  # of a message that cannot leave


@dataclass(frozen=True)
class Route:
    """A channel by which a buyer is told, and what may be seen of the address there."""

    channel: Channel
    mask: str


@dataclass(frozen=True)
class Wish:
    """What is to be told, and why: `source` asked for it, `since` when it happened; `asked` by somebody in person."""

    about: About
    source: UUID
    since: datetime
    asked: bool = False
    after: UUID = NOBODY


class Routes:
    """The ways to the buyers of some orders, in few questions for all of them."""

    def __init__(self, found: Collection[Order]) -> None:
        self.guide = Guide()
        indexes = {order.contact_index for order in found if order.company_id is None}
        only_mail = self.guide.carried == {Channel.EMAIL} and all("@" in order.contact_mask for order in found)
        self._reaches = {} if only_mail or not indexes else reaches(indexes)
        self._out = unwanted(indexes) if indexes else {}

    def of(self, order: Order, about: About, *, asked: bool = False) -> list[Route]:
        """Return how the buyer of an order is told, first to last; a company is told where its members sign in."""
        if order.company_id is not None:
            return []
        own = _own(order)
        if about is About.CODE:  # it proves the contact itself, so it goes there and nowhere else
            return [own] if own and own.channel in self.guide.carried else []
        ways = {way: Route(way, row.mask) for way, row in self._reaches.get(order.contact_index, {}).items()}
        ways |= {own.channel: own} if own else {}
        out = self._out.get(order.contact_index, {})
        named = usable(self.guide.plan, ways.keys() & self.guide.carried, about=about, asked=asked, out=out)
        return [ways[channel] for channel in named]


def ask(order: Order, wish: Wish, route: Route, guide: Guide, *, now: datetime) -> Delivery | None:
    """Ask for a message by a channel, once; None when it was asked for already."""
    until = quiet_until(guide.plan, route.channel, wish.about, asked=wish.asked, at=now, zone=guide.zone)
    row = _row(order, wish, route, now)
    row |= {"since": None if until else wish.since}
    if not db.changed(db.insert_or(Delivery).values(row).on_conflict_do_nothing()):
        return None
    send(row["id"], route.channel, now=now, due_at=until or now)
    return Delivery(**row)


def send(delivery_id: UUID, channel: Channel, *, now: datetime, due_at: datetime | None = None) -> None:
    """Have a message handed over by its channel."""
    due = due_at or now
    effects.intend(KINDS[channel], delivery_id, due_at=due, deadline=due + LIFE)


def fall_back(row: Delivery, *, now: datetime) -> bool:
    """Have the buyer told by the next channel that reaches them; tell whether there is one."""
    if row.about is About.CODE:
        return False
    order = list_orders([row.order_id]).get(row.order_id)
    routes = Routes([order]) if order else None
    tried = set(db.session().scalars(select(Delivery.channel).where(Delivery.source_id == row.source_id)))
    found = routes.of(order, row.about, asked=row.asked) if order and routes else []
    free = [route for route in found if route.channel not in tried]
    wish = Wish(row.about, row.source_id, row.since or row.created_at, row.asked, row.id)
    return bool(free and order and routes and ask(order, wish, free[0], routes.guide, now=now))


def list_orders(ids: Sequence[UUID]) -> dict[UUID, Order]:
    """Return orders with their lines by id."""
    query = select(Order).where(Order.id.in_(set(ids))).options(selectinload(Order.lines))
    return {order.id: order for order in db.session().scalars(query)} if ids else {}


def _own(order: Order) -> Route | None:
    """Return the way that the contact of an order is, if it is an address."""
    channel = own_channel(order.contact_mask)
    if channel is None:
        return None
    contact = orders.contact_of(order).expose()
    address = mail_address(contact) if channel is Channel.EMAIL else phone_number(contact)
    return Route(channel, order.contact_mask) if address else None


def _row(order: Order, wish: Wish, route: Route, now: datetime) -> dict[str, Any]:
    is_linked = wish.about is About.READY and route.channel in PRIVATE
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "order_id": order.id,
        "source_id": wish.source,
        "after_id": wish.after,
        "asked": wish.asked,
        "about": wish.about,
        "channel": route.channel,
        "state": State.QUEUED,
        "link_id": make_link(order.id, now=now).id if is_linked else None,
        "to_mask": route.mask,
        "note": "",
        "created_at": now,
        "since": wish.since,
        "sent_at": None,
    }
