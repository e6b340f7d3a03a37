"""Questions about members: who is signed in, what is theirs, what they were told."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, false, func, select

from app.accounts import queries as devices
from app.delivery import queries as delivery
from app.kit import crypto, db, onetime
from app.kit.events import By
from app.kit.listing import Listing
from app.kit.secret import Secret
from app.kit.tokens import digest
from app.members.belongings import SOON as SOON
from app.members.belongings import STATES as STATES
from app.members.belongings import entitlements_of as entitlements_of
from app.members.belongings import orders_of as orders_of
from app.members.contacts import INDEX, address_index, unseal
from app.members.models import Channel as Channel
from app.members.models import InboxMessage as InboxMessage
from app.members.models import Member as Member
from app.members.models import MemberCode, MemberSession
from app.members.models import MemberContact as MemberContact
from app.members.rules import SESSION_IDLE, address_of
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import Order


@dataclass(frozen=True)
class ContactSeen:
    """A contact of who is signed in; `index` is that by which orders are found."""

    id: UUID
    channel: Channel
    index: bytes
    mask: str


@dataclass(frozen=True)
class MemberSeen:
    """The member who is signed in, by which channel they proved it when, and how much they have not read."""

    id: UUID
    session_id: UUID
    lang: str
    since: datetime
    channel: Channel
    proved_at: datetime
    seen_at: datetime
    unread: int
    contacts: tuple[ContactSeen, ...]

    @property
    def by(self) -> By:
        return By("buyer", self.id)

    @property
    def contact(self) -> str:
        """Return the mask of the contact they signed in by."""
        own = {one.channel: one.mask for one in self.contacts}
        return own.get(self.channel) or next(iter(own.values()), "")

    @property
    def contact_indexes(self) -> tuple[bytes, ...]:
        return tuple(one.index for one in self.contacts)


# Asked by every request of somebody who is signed in, so it is one plain statement, made once.
SESSION, MEMBER, CONTACT, INBOX = (model.__table__.c for model in (MemberSession, Member, MemberContact, InboxMessage))
_unread = select(func.count()).where(
    INBOX.merchant_id == SESSION.merchant_id, INBOX.member_id == SESSION.member_id, INBOX.read_at.is_(None)
)
PRESENT = (
    select(
        SESSION.id.label("session_id"),
        SESSION.member_id,
        SESSION.channel,
        SESSION.proved_at,
        SESSION.seen_at,
        SESSION.expires_at,
        MEMBER.lang,
        MEMBER.created_at.label("since"),
        CONTACT.id.label("contact_id"),
        CONTACT.channel.label("contact_channel"),
        CONTACT.contact_index,
        CONTACT.mask,
        _unread.correlate(MemberSession.__table__).scalar_subquery().label("unread"),
    )
    .join_from(
        MemberSession.__table__,
        Member.__table__,
        and_(MEMBER.merchant_id == SESSION.merchant_id, MEMBER.id == SESSION.member_id),
    )
    .outerjoin(
        MemberContact.__table__,
        and_(CONTACT.merchant_id == SESSION.merchant_id, CONTACT.member_id == SESSION.member_id),
    )
    .where(
        SESSION.merchant_id == bindparam("merchant"),
        SESSION.token_hash == bindparam("token"),
        SESSION.ended_at.is_(None),
    )
    .order_by(CONTACT.channel)
)


def find_present(token: str, *, now: datetime) -> MemberSeen | None:
    """Return who holds `token` in the running merchant's shop, unless the session ended, expired or lay idle."""
    rows = db.session().execute(PRESENT, {"merchant": db.merchant_id(), "token": digest(token)}).all() if token else []
    if not rows or now >= min(rows[0].expires_at, rows[0].seen_at + SESSION_IDLE):
        return None
    first = rows[0]
    return MemberSeen(
        id=first.member_id,
        session_id=first.session_id,
        lang=first.lang,
        since=first.since,
        channel=first.channel,
        proved_at=first.proved_at,
        seen_at=first.seen_at,
        unread=first.unread,
        contacts=tuple(
            ContactSeen(row.contact_id, row.contact_channel, row.contact_index, row.mask)
            for row in rows
            if row.contact_id
        ),
    )


def list_contacts(member_id: UUID) -> list[MemberContact]:
    """List the contacts of a member."""
    query = select(MemberContact).where(MemberContact.member_id == member_id).order_by(MemberContact.channel)
    return list(db.session().scalars(query))


def address_in(contact: MemberContact) -> Secret:
    """Return the address of a contact; for its owner alone."""
    return unseal("member_contact", contact)


def list_sessions(member_id: UUID, this: UUID, *, now: datetime) -> list[devices.Seen]:
    """List the living sessions of a member: the present one first, then by when they were last used."""
    living = (MemberSession.ended_at.is_(None), MemberSession.expires_at > now)
    awake = MemberSession.seen_at > now - SESSION_IDLE
    rows = db.session().scalars(select(MemberSession).where(MemberSession.member_id == member_id, *living, awake))
    seen = [devices.Seen(row.id, row.created_at, row.seen_at, row.agent, row.network, row.id == this) for row in rows]
    return sorted(seen, key=lambda one: (one.this, one.seen_at, one.id), reverse=True)


@dataclass(frozen=True)
class Asked:
    """Where the newest code of a browser went, as its person may see it; `adds`: to add a contact, not to sign in."""

    channel: Channel
    mask: str
    adds: bool


def find_asked(device_token: str) -> Asked | None:
    """Return where the newest code went that was asked for in a browser."""
    device = devices.find_device(device_token)
    code = onetime.newest(MemberCode, device.id) if device else None
    if code is None:
        return None
    return Asked(code.channel, orders.mask_contact(unseal("member_code", code).expose()), code.member_id is not None)


# Whose order it is -------------------------------------------------------------------------------------------------


def owners(order: Order, contacts: Iterable[MemberContact]) -> list[UUID]:
    """Return the members among whose contacts is that of an order; the index alone would take two for the same."""
    alike = [contact for contact in contacts if contact.contact_index == order.contact_index]
    return [one.member_id for one in alike if _is_same(order, address_in(one))] if alike else []


def is_theirs(order: Order, seen: MemberSeen) -> bool:
    """Tell whether an order was placed with a contact that a member has proved."""
    if order.company_id is not None or order.contact_index not in seen.contact_indexes:
        return False
    return bool(owners(order, list_contacts(seen.id)))


def list_theirs(found: Iterable[Order], seen: MemberSeen) -> set[UUID]:
    """Return which of these orders were placed with a contact that a member has proved."""
    contacts = list_contacts(seen.id)
    return {order.id for order in found if owners(order, contacts)}


def may_open(order: Order, seen: MemberSeen) -> bool:
    """Tell whether having signed in is proof enough to see the codes of one's own order."""
    return ways_to_open(seen)(order)


def ways_to_open(seen: MemberSeen) -> Callable[[Order], bool]:
    """Return what tells of each order whether having signed in is proof enough to see its codes.

    By the channel that its links come by it is no second proof, unless the shop takes it for one (0008).
    """
    allowed = merchants.allows_mail_proof()
    return lambda order: delivery.may_prove(seen.channel, delivery.channels_of(order.contact_mask), allowed)


def _is_same(order: Order, address: Secret) -> bool:
    try:
        named = address_of(orders.contact_of(order).expose())
    except crypto.Unreadable:
        return False
    return named is not None and named.text == address.expose()


# The inbox ---------------------------------------------------------------------------------------------------------


def inbox_of(member_id: UUID) -> Listing:
    """Return the list of what a member was told."""
    query = select(InboxMessage).where(InboxMessage.member_id == member_id)
    return Listing(query=lambda: query, keys=(InboxMessage.id,))


# For the people of the shop ----------------------------------------------------------------------------------------


def find_by_order(order: Order) -> Sequence[Member]:
    """Return the members whose order it is: one, or none."""
    if order.company_id is not None or not order.contact_index:
        return ()
    contacts = select(MemberContact).where(MemberContact.contact_index == order.contact_index)
    found = owners(order, db.session().scalars(contacts).all())
    return db.session().scalars(select(Member).where(Member.id.in_(found))).all() if found else ()


def get(member_id: UUID | None) -> Member:
    """Return a member of the shop, or refuse with NotFound."""
    return db.get(Member, member_id)


def list_contacts_of(member_ids: Collection[UUID]) -> dict[UUID, list[MemberContact]]:
    """Return the contacts of members."""
    query = select(MemberContact).where(MemberContact.member_id.in_(list(member_ids))).order_by(MemberContact.channel)
    found: dict[UUID, list[MemberContact]] = {number: [] for number in member_ids}
    for contact in db.session().scalars(query):
        found[contact.member_id].append(contact)
    return found


def _found_by(query: Select[Any], text: str) -> Select[Any]:
    """Keep the member with this contact, written whole."""
    address = address_of(text)
    if address is None or crypto.find_fingerprint_key(INDEX) is None:
        return query.where(false())
    mine = select(MemberContact.member_id).where(MemberContact.address_index == address_index(address))
    return query.where(Member.id.in_(mine))


MEMBERS = Listing(
    query=lambda: select(Member).where(Member.closed_at.is_(None)),
    keys=(Member.id,),
    filters={"q": _found_by},
    name="members",
    private=frozenset({"q"}),
)


def last_seen(member_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when members were last here, of those who ever signed in."""
    query = select(MemberSession.member_id, func.max(MemberSession.seen_at)).group_by(MemberSession.member_id)
    return dict(db.session().execute(query.where(MemberSession.member_id.in_(list(member_ids)))).all())
