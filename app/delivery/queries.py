"""Questions about what buyers were told, and about the links by which they come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Select, exists, func, literal_column, select

from app.delivery.links import read_token
from app.delivery.links import token_of as token_of
from app.delivery.models import About as About
from app.delivery.models import Channel, ContactOwner, LinkDevice
from app.delivery.models import Delivery as Delivery
from app.delivery.models import Link as Link
from app.delivery.models import State as State
from app.delivery.rules import channels_of, is_one_mailbox, may_prove
from app.delivery.rules import proof_kind as proof_kind
from app.kit import crypto, db
from app.kit.listing import Listing
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Order

NO_LINK = UUID(int=0)


def list_of_order(order_id: UUID) -> Sequence[Delivery]:
    """List the messages about an order, the oldest first."""
    query = select(Delivery).where(Delivery.order_id == order_id).order_by(Delivery.id)
    return db.session().scalars(query).all()


STUCK = literal_column("delivery.state IN (2, 3)", Boolean)  # the words of its partial index


def list_stuck(limit: int) -> Sequence[Delivery]:
    """List the messages that failed, or of which nobody knows, the newest first."""
    return db.session().scalars(select(Delivery).where(STUCK).order_by(Delivery.id.desc()).limit(limit)).all()


def count_stuck(*, most: int) -> int:
    """Count the messages that failed, or of which nobody knows, up to `most`."""
    some = select(Delivery.id).where(STUCK).limit(most).subquery()
    return db.session().scalar(select(func.count()).select_from(some)) or 0


def _in_state(query: Select[Any], text: str) -> Select[Any]:
    return query.where(STATES[text]) if text in STATES else query


STATES: Mapping[str, ColumnElement[bool]] = {
    "stuck": STUCK,
    "queued": Delivery.state == State.QUEUED,
    "sent": Delivery.state == State.SENT,
    "dropped": Delivery.state == State.DROPPED,
}
MESSAGES = Listing(query=lambda: select(Delivery), keys=(Delivery.id,), filters={"state": _in_state})


def lives(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of a link that is still good."""
    return Link.revoked_at.is_(None), Link.expires_at > now


def find_link(token: str, *, now: datetime) -> Link | None:
    """Return the living link of a token; one query, whether the token is ours, too old, revoked or made up."""
    number = read_token(token) or NO_LINK
    return db.session().scalar(select(Link).where(Link.id == number, *lives(now)))


def find_newest_link(order_id: UUID, *, now: datetime) -> Link | None:
    """Return the newest living link of an order."""
    query = select(Link).where(Link.order_id == order_id, *lives(now)).order_by(Link.id.desc()).limit(1)
    return db.session().scalar(query)


def list_links(order_id: UUID) -> Sequence[Link]:
    """List the links of an order, the newest first."""
    return db.session().scalars(select(Link).where(Link.order_id == order_id).order_by(Link.id.desc())).all()


def is_admitted(order_id: UUID, device_id: UUID, *, now: datetime) -> bool:
    """Tell whether a browser proved itself at a link of this order that is still good."""
    proved = exists().where(LinkDevice.link_id == Link.id, LinkDevice.device_id == device_id)
    found = select(Link.id).where(Link.order_id == order_id, *lives(now), proved).limit(1)
    return db.session().scalar(found) is not None


# Who is signed in as the owner of a contact ------------------------------------------------------------------------


def takes_codes(contact: str) -> bool:
    """Tell whether a code by mail proves orders of this contact (or its mask) in the running shop, just now."""
    return "@" in contact and _may_prove(contact, merchants.allows_mail_proof())


def find_owner(order: Order, device_id: UUID, *, now: datetime) -> ContactOwner | None:
    """Return what makes a browser the owner of an order's contact, as long as the shop takes codes by mail."""
    same = (ContactOwner.contact_index == order.contact_index, *_owns(device_id, now))
    owner = db.session().scalar(select(ContactOwner).where(*same))
    return owner if owner is not None and _is_proved(order, merchants.allows_mail_proof()) else None


def fresh_at(order: Order, device_id: UUID, *, now: datetime) -> datetime | None:
    """Return when the person before a browser last proved anew that an order is theirs.

    By a code to its contact; by the order password only where no code can be sent.
    """
    if takes_codes(order.contact_mask):
        owner = find_owner(order, device_id, now=now)
        return owner.proved_at if owner else None
    proved = select(func.max(LinkDevice.proved_at)).join(Link, Link.id == LinkDevice.link_id)
    mine = (Link.order_id == order.id, LinkDevice.device_id == device_id, *lives(now))
    return db.session().scalar(proved.where(*mine))


def list_owned(device_id: UUID, *, now: datetime) -> list[list[Order]]:
    """List the latest orders of each contact that a browser is signed in for, as long as the shop takes codes."""
    owners = db.session().scalars(select(ContactOwner).where(*_owns(device_id, now)).order_by(ContactOwner.proved_at))
    contacts = [owner.contact_index for owner in owners]
    allowed = bool(contacts) and merchants.allows_mail_proof()
    found = [[order for order in orders.list_of_contact(it) if _is_proved(order, allowed)] for it in contacts]
    return [own for own in found if own]


def is_sure_of_mailbox(order: Order) -> bool:
    """Tell whether who reads the mailbox of an order is its buyer, and no namesake in the blind index."""
    try:
        return "@" in order.contact_mask and is_one_mailbox(orders.contact_of(order).expose())
    except crypto.Unreadable:
        return False


def _owns(device_id: UUID, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return ContactOwner.device_id == device_id, ContactOwner.expires_at > now


def _is_proved(order: Order, allowed: bool) -> bool:
    return _may_prove(order.contact_mask, allowed) and is_sure_of_mailbox(order)


def _may_prove(contact: str, allowed: bool) -> bool:
    return may_prove(Channel.EMAIL, channels_of(contact), allowed)
