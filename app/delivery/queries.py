"""Questions about what buyers were told, and about the links by which they come."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Select, exists, func, literal_column, select

from app.delivery.figures import BADLY, DAY, WEEK, WELL
from app.delivery.figures import Figures as Figures
from app.delivery.figures import Told as Told
from app.delivery.figures import told_lately as told_lately
from app.delivery.figures import told_today as told_today
from app.delivery.guide import Guide as Guide
from app.delivery.guide import read_plan as read_plan
from app.delivery.links import Unwanted as Unwanted
from app.delivery.links import read_token, way_of
from app.delivery.links import read_way as read_way
from app.delivery.links import token_of as token_of
from app.delivery.models import WHOLE_SHOP as WHOLE_SHOP
from app.delivery.models import About as About
from app.delivery.models import Channel as Channel
from app.delivery.models import ContactOwner, LinkDevice, Reach
from app.delivery.models import Delivery as Delivery
from app.delivery.models import Link as Link
from app.delivery.models import Medium as Medium
from app.delivery.models import State as State
from app.delivery.models import WordingVersion as WordingVersion
from app.delivery.plan import CHANNELS as CHANNELS
from app.delivery.plan import SWITCHED as SWITCHED
from app.delivery.plan import Plan as Plan
from app.delivery.plan import ways_to as ways_to
from app.delivery.rules import channels_of as channels_of
from app.delivery.rules import is_one_mailbox as is_one_mailbox
from app.delivery.rules import is_one_phone as is_one_phone
from app.delivery.rules import mail_address as mail_address
from app.delivery.rules import may_prove as may_prove
from app.delivery.rules import own_channel as own_channel
from app.delivery.rules import proof_kind as proof_kind
from app.delivery.saying import product_name as product_name
from app.delivery.saying import said_of as said_of
from app.delivery.saying import sample_facts as sample_facts
from app.delivery.saying import sample_of as sample_of
from app.delivery.ways import OptOut
from app.delivery.ways import Resend as Resend
from app.delivery.ways import ResendState as ResendState
from app.delivery.wording_text import NAMES as NAMES
from app.delivery.wording_text import Line as Line
from app.delivery.wording_text import Said as Said
from app.delivery.wording_text import Step as Step
from app.delivery.wording_text import Words as Words
from app.delivery.wording_text import each_once as each_once
from app.delivery.wording_text import unmarked as unmarked
from app.delivery.wordings import Place as Place
from app.delivery.wordings import Standing as Standing
from app.delivery.wordings import find_newest as find_newest
from app.delivery.wordings import list_standing as list_standing
from app.delivery.wordings import list_versions as list_versions
from app.delivery.wordings import words_of as words_of
from app.kit import clock, crypto, db
from app.kit.few import no_index
from app.kit.listing import Listing
from app.merchants import queries as merchants
from app.messages import queries as carriers
from app.orders import queries as orders
from app.orders.queries import Order

NO_LINK = UUID(int=0)


def list_ways(order: Order) -> dict[Channel, str]:
    """Return by channel the token by which an order's buyer chooses what they are told by it."""
    own = own_channel(order.contact_mask)
    further = select(Reach.channel).where(Reach.contact_index == order.contact_index)
    found = {*db.session().scalars(further), *({own} if own is not None else ())}
    return {channel: way_of(order.merchant_id, order.contact_index, channel) for channel in sorted(found)}


def count_reached(channel: Channel) -> int:
    """Count the contacts whose owners are told by a further channel and have not turned it off."""
    off = exists().where(OptOut.contact_index == Reach.contact_index, OptOut.channel == channel, OptOut.everything)
    return db.session().scalar(select(func.count()).select_from(Reach).where(Reach.channel == channel, ~off)) or 0


def list_of_order(order_id: UUID) -> Sequence[Delivery]:
    """List the messages about an order, the oldest first."""
    query = select(Delivery).where(Delivery.order_id == order_id).order_by(no_index(Delivery.id))
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


def _by_channel(query: Select[Any], text: str) -> Select[Any]:
    return query.where(Delivery.channel == Channel[text.upper()]) if text.upper() in Channel.__members__ else query


def _about(query: Select[Any], text: str) -> Select[Any]:
    return query.where(Delivery.about == About[text.upper()]) if text.upper() in About.__members__ else query


def _of_age(query: Select[Any], text: str) -> Select[Any]:
    return query.where(Delivery.created_at >= clock.now() - AGES[text]) if text in AGES else query


def _of_order(query: Select[Any], text: str) -> Select[Any]:
    return query.where(Delivery.order_id.in_(select(Order.id).where(Order.number == "".join(text.split()))))


AGES: Mapping[str, timedelta] = {"day": DAY, "week": WEEK}
STATES: Mapping[str, ColumnElement[bool]] = {
    "stuck": STUCK,
    "failed": STUCK & (Delivery.state == State.FAILED),
    "unknown": STUCK & (Delivery.state == State.UNKNOWN),
    "queued": Delivery.state == State.QUEUED,
    "well": Delivery.state.in_(WELL),
    "badly": Delivery.state.in_(BADLY),
    "sent": Delivery.state == State.SENT,
    "accepted": Delivery.state == State.ACCEPTED,
    "delivered": Delivery.state == State.DELIVERED,
    "passed": Delivery.state == State.PASSED,
    "dropped": Delivery.state == State.DROPPED,
}
MESSAGES = Listing(
    query=lambda: select(Delivery),
    keys=(Delivery.id,),
    filters={"state": _in_state, "channel": _by_channel, "about": _about, "age": _of_age, "order": _of_order},
)


def stuck_among(filters: Mapping[str, str]) -> Select[Any]:
    """Select of the messages that these filters find those that failed, or of which nobody knows."""
    query = MESSAGES.query().where(STUCK)
    for name, said in filters.items():
        if said and name in MESSAGES.filters:
            query = MESSAGES.filters[name](query, said)
    return query


def count_stuck_among(filters: Mapping[str, str]) -> int:
    """Count of the messages that these filters find those that failed, or of which nobody knows."""
    some = stuck_among(filters).with_only_columns(Delivery.id).subquery()
    return db.session().scalar(select(func.count()).select_from(some)) or 0


def get_resend(resend_id: UUID | None) -> Resend:
    """Return how far it is that messages of a list are sent again, or refuse with NotFound."""
    return db.get(Resend, resend_id)


def lives(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of a link that is still good."""
    return Link.revoked_at.is_(None), Link.expires_at > now


def find_link(token: str, *, now: datetime) -> Link | None:
    """Return the living link of a token; one query, whether the token is ours, too old, revoked or made up."""
    number = read_token(token) or NO_LINK
    return db.session().scalar(select(Link).where(Link.id == number, *lives(now)))


def find_newest_link(order_id: UUID, *, now: datetime) -> Link | None:
    """Return the newest living link of an order."""
    query = select(Link).where(Link.order_id == order_id, *lives(now)).order_by(no_index(Link.id).desc()).limit(1)
    return db.session().scalar(query)


def list_links(order_id: UUID) -> Sequence[Link]:
    """List the links of an order, the newest first."""
    return db.session().scalars(select(Link).where(Link.order_id == order_id).order_by(no_index(Link.id).desc())).all()


def is_admitted(order_id: UUID, device_id: UUID, *, now: datetime) -> bool:
    """Tell whether a browser proved itself at a link of this order that is still good."""
    proved = exists().where(LinkDevice.link_id == Link.id, LinkDevice.device_id == device_id)
    found = select(Link.id).where(Link.order_id == order_id, *lives(now), proved).limit(1)
    return db.session().scalar(found) is not None


# Who is signed in as the owner of a contact ------------------------------------------------------------------------


def takes_codes(contact: str) -> bool:
    """Tell whether a code sent to it proves orders of this contact (or its mask) in the running shop, just now."""
    return own_channel(contact) in proving_channels()


def proving_channels() -> frozenset[Channel]:
    """Return by which channels a code that comes to the contact of an order proves it, in the running shop just now."""
    allowed = merchants.allows_mail_proof()
    mail = {Channel.EMAIL} if may_prove(Channel.EMAIL, channels_of("@"), allowed) else set()
    phone = {Channel.SMS} if may_prove(Channel.SMS, channels_of(""), allowed) else set()
    carried = phone & carriers.carried_channels() if phone else set()
    return frozenset(mail | (carried if carried and merchants.reveals().by_sms else set()))


def find_owner(order: Order, device_id: UUID, *, now: datetime) -> ContactOwner | None:
    """Return what makes a browser the owner of an order's contact, as long as the shop takes codes sent there."""
    same = (ContactOwner.contact_index == order.contact_index, *_owns(device_id, now))
    owner = db.session().scalar(select(ContactOwner).where(*same))
    return owner if owner is not None and _is_proved(order, proving_channels()) else None


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
    by = proving_channels() if contacts else frozenset()
    found = [[order for order in orders.list_of_contact(it) if _is_proved(order, by)] for it in contacts]
    return [own for own in found if own]


def is_sure_of_contact(order: Order) -> bool:
    """Tell whether who reads what comes to the contact of an order is its buyer, no namesake in the blind index."""
    if own_channel(order.contact_mask) is None:
        return False
    try:
        contact = orders.contact_of(order).expose()
    except crypto.Unreadable:
        return False
    return is_one_mailbox(contact) or is_one_phone(contact)


def _owns(device_id: UUID, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return ContactOwner.device_id == device_id, ContactOwner.expires_at > now


def _is_proved(order: Order, by: frozenset[Channel]) -> bool:
    return own_channel(order.contact_mask) in by and is_sure_of_contact(order)
