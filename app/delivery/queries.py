"""Questions about what buyers were told, and about the links by which they come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Select, exists, func, literal_column, select

from app.delivery.links import read_token
from app.delivery.links import token_of as token_of
from app.delivery.models import About as About
from app.delivery.models import Delivery as Delivery
from app.delivery.models import Link as Link
from app.delivery.models import LinkDevice
from app.delivery.models import State as State
from app.kit import db
from app.kit.listing import Listing

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
