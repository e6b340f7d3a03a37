"""Questions about companies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from app.accounts import queries as accounts
from app.companies.links import invite_of
from app.companies.models import Company as Company
from app.companies.models import Invite as Invite
from app.companies.models import Member, MemberWay
from app.companies.models import Role as Role
from app.companies.rules import CHATS as CHATS
from app.companies.rules import INVITE_DAYS as INVITE_DAYS
from app.companies.rules import MOST_PIECES as MOST_PIECES
from app.companies.rules import PERMISSIONS as PERMISSIONS
from app.companies.rules import WAYS as WAYS
from app.companies.rules import permissions as permissions
from app.companies.wallet import STATES as STATES
from app.companies.wallet import Piece as Piece
from app.companies.wallet import Tally as Tally
from app.companies.wallet import batches_of as batches_of
from app.companies.wallet import is_batch as is_batch
from app.companies.wallet import list_pieces as list_pieces
from app.companies.wallet import list_ready as list_ready
from app.companies.wallet import pieces as pieces
from app.companies.wallet import pieces_of as pieces_of
from app.companies.wallet import tallies as tallies
from app.delivery import queries as delivery
from app.kit import crypto, db, effects
from app.kit.listing import Listing
from app.kit.secret import Secret
from app.messages.queries import Channel

CONTACT = "contact"
UNSENT = (effects.State.REFUSED, effects.State.GIVEN_UP, effects.State.UNKNOWN)

COMPANIES = Listing(
    query=lambda: select(Company),
    keys=(Company.id,),
    filters={"q": lambda query, text: query.where(Company.name.icontains(text, autoescape=True))},
)


@dataclass(frozen=True)
class Membership:
    """A company somebody acts for, and as what."""

    company_id: UUID
    name: str
    role: Role

    @property
    def permissions(self) -> frozenset[str]:
        return permissions(self.role)


def list_memberships(user_id: UUID) -> list[Membership]:
    """List the open companies of the running merchant that somebody is a member of, by name."""
    mine = select(Company.id, Company.name, Member.role).join(
        Member, (Member.merchant_id == Company.merchant_id) & (Member.company_id == Company.id)
    )
    living = (Member.user_id == user_id, Member.ended_at.is_(None), Company.closed_at.is_(None))
    rows = db.session().execute(mine.where(*living))
    return sorted((Membership(*row) for row in rows), key=lambda one: (one.name, one.company_id))


@dataclass(frozen=True)
class Person:
    """A member as the others see it."""

    user_id: UUID
    email: str
    role: Role
    created_at: datetime
    ended_at: datetime | None


def list_members(company_id: UUID) -> list[Person]:
    """List who acts or acted for a company: the living first, then by when they came."""
    rows = db.session().scalars(select(Member).where(Member.company_id == company_id)).all()
    emails = accounts.list_emails(row.user_id for row in rows)
    people = [Person(row.user_id, emails.get(row.user_id, ""), row.role, row.created_at, row.ended_at) for row in rows]
    return sorted(people, key=lambda one: (one.ended_at is not None, one.created_at, one.user_id))


def reached_by(company_id: UUID, user_id: UUID) -> dict[Channel, Secret]:
    """Return the user IDs by which a member is reached in chats."""
    mine = (MemberWay.company_id == company_id, MemberWay.user_id == user_id)
    rows = db.session().scalars(select(MemberWay).where(*mine))
    return {row.channel: crypto.unseal(_place(row), CONTACT) for row in rows}


def _place(row: MemberWay) -> crypto.Sealed:
    return crypto.Sealed("company_member_way", "sealed", row.merchant_id, row.id, row.key_id, row.sealed)


def list_reached(company_id: UUID) -> set[UUID]:
    """Return the members of a company of whom a user ID is known."""
    return set(db.session().scalars(select(MemberWay.user_id).where(MemberWay.company_id == company_id)))


def find_member(company_id: UUID, user_id: UUID | None) -> Person | None:
    """Return a living member of a company."""
    return next((one for one in list_members(company_id) if one.user_id == user_id and not one.ended_at), None)


def told_first(company_id: UUID, user_id: UUID) -> Channel | None:
    """Return by what a member wants to be told first, if they chose."""
    row = db.session().get(Member, (db.merchant_id(), company_id, user_id))
    return row.told_first if row else None


def ways_of(company_id: UUID, user_id: UUID) -> list[Channel]:
    """Return by which ways a member is told, first to last: as they chose, and else in the shop's order."""
    reached = {*reached_by(company_id, user_id), Channel.EMAIL}
    return delivery.ways_to(delivery.read_plan(), reached, first=told_first(company_id, user_id))


def list_invites(company_id: UUID, *, now: datetime) -> Sequence[Invite]:
    """List the invites of a company that somebody may still follow, newest first."""
    mine = select(Invite).where(Invite.company_id == company_id, *_lives(now))
    return db.session().scalars(mine.order_by(Invite.id.desc())).all()


def list_unsent(invites: Sequence[Invite]) -> dict[UUID, str]:
    """Return which of these invites' letters did not leave and why, in the words of who would not take them."""
    letters = effects.list_of(invite.id for invite in invites)
    last = {number: rows[-1] for number, rows in letters.items() if rows}
    return {number: row.note for number, row in last.items() if row.state in UNSENT}


def _lives(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Invite.used_at.is_(None), Invite.revoked_at.is_(None), Invite.expires_at > now)


@dataclass(frozen=True)
class Invitation:
    """What an invite's link leads to; `user_id` is of who has this address already."""

    id: UUID
    company_id: UUID
    company: str
    email: str
    role: Role
    user_id: UUID | None


def find_invitation(token: str, *, now: datetime) -> Invitation | None:
    """Return what a link invites to as long as it is good; asking uses nothing up."""
    invite = db.find(Invite, number) if (number := invite_of(token)) else None
    if invite is None or invite.used_at or invite.revoked_at or invite.expires_at <= now:
        return None
    company = db.get(Company, invite.company_id)
    if company.closed_at:
        return None
    email = email_of(invite).expose()
    return Invitation(invite.id, company.id, company.name, email, invite.role, accounts.find_user(email))


def email_of(invite: Invite) -> Secret:
    """Return whom an invite is for."""
    place = crypto.Sealed(
        "company_invite", "email", invite.merchant_id, invite.id, invite.email_key_id, invite.email_sealed
    )
    return crypto.unseal(place, CONTACT)


def contact_of(company: Company) -> Secret:
    """Return the mail address of a company."""
    place = crypto.Sealed(
        "company", "contact", company.merchant_id, company.id, company.contact_key_id, company.contact_sealed
    )
    return crypto.unseal(place, CONTACT)


def list_names(company_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Return the names of companies by id."""
    rows = db.session().execute(select(Company.id, Company.name).where(Company.id.in_(company_ids)))
    return {row.id: row.name for row in rows}
