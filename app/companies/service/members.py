"""Members: invited, given another role, ended. Whoever is ended is out at the next click."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from app.accounts import queries as accounts
from app.accounts.errors import BadEmail
from app.companies.errors import AlreadyMember, ClosedCompany, LastAdministrator, NoSuchRole, TooManyInvites
from app.companies.events import (
    InviteRevoked,
    InviteSentAgain,
    MemberEnded,
    MemberInvited,
    MemberJoined,
    MemberRoleChanged,
)
from app.companies.models import Company, Invite, Member, Role
from app.companies.queries import CONTACT
from app.companies.rules import INVITE_LIFE, INVITES_PER_COMPANY
from app.kit import crypto, db, effects, throttle
from app.kit.errors import Invalid, NotFound, Required
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.orders import queries as orders

INVITE_MAIL = "companies.invite_mail"


def invite(company_id: UUID, *, email: str, role: Role | None, lang: str, now: datetime, by: By) -> Invite:
    """Have a link mailed by which somebody becomes a member; an older one of the same address in the company ends.

    Raises Invalid with BadEmail, NoSuchRole or AlreadyMember; ClosedCompany; TooManyInvites.
    """
    email = email.strip().lower()
    company = lock(company_id)
    if role is None:
        raise Invalid({"role": NoSuchRole()})
    if not accounts.is_email(email):
        raise Invalid({"email": BadEmail() if email else Required()})
    if _is_member(company.id, accounts.find_user(email)):
        raise Invalid({"email": AlreadyMember()})
    _count(company.id, now)
    made = _made(company.id, email, role, lang, now)
    db.session().add(made)
    effects.intend(INVITE_MAIL, made.id, due_at=now, deadline=made.expires_at)
    publish(MemberInvited(subject_id=company.id, invite_id=made.id, role=role.name.lower(), at=now, by=by))
    return made


def send_invite_again(company_id: UUID, invite_id: UUID | None, *, now: datetime, by: By) -> None:
    """Have the letter of an invite written once more; its link is the same. Raises NotFound, TooManyInvites."""
    company, row = lock(company_id), db.find(Invite, invite_id) if invite_id else None
    if row is None or row.company_id != company.id or row.used_at or row.revoked_at or row.expires_at <= now:
        raise NotFound
    _count(company.id, now)
    effects.intend(INVITE_MAIL, row.id, due_at=now, deadline=row.expires_at)
    publish(InviteSentAgain(subject_id=company.id, invite_id=row.id, at=now, by=by))


def _count(company_id: UUID, now: datetime) -> None:
    keys = [throttle.key("company invite", company_id.hex, limit=INVITES_PER_COMPANY)]
    if minutes := throttle.minutes_to_wait(keys, now=now):
        raise TooManyInvites(minutes)
    throttle.count(keys, now=now)


def _made(company_id: UUID, email: str, role: Role, lang: str, now: datetime) -> Invite:
    number, key = new_id(), crypto.key_for(CONTACT, f"{now:%Y-%m}")
    return Invite(
        id=number,
        company_id=company_id,
        email_sealed=key.seal("company_invite", "email", number, Secret(email)),
        email_key_id=key.id,
        email_mask=orders.mask_contact(email),
        role=role,
        lang=lang,
        created_at=now,
        expires_at=now + INVITE_LIFE,
    )


def add_member(company_id: UUID, user_id: UUID, role: Role, *, now: datetime, by: By) -> None:
    """Make somebody a member without an invite, or again with this role; one that is living stays as it is."""
    member = find(company_id, user_id)
    if member is None:
        db.session().add(Member(company_id=company_id, user_id=user_id, role=role, created_at=now))
    elif member.ended_at is not None:
        member.role, member.created_at, member.ended_at = role, now, None
    else:
        return
    publish(MemberJoined(subject_id=company_id, user_id=user_id, role=role.name.lower(), at=now, by=by))


def _is_member(company_id: UUID, user_id: UUID | None) -> bool:
    member = find(company_id, user_id) if user_id else None
    return member is not None and member.ended_at is None


def find(company_id: UUID, user_id: UUID) -> Member | None:
    """Return somebody's row in a company, living or ended."""
    return db.session().get(Member, (db.merchant_id(), company_id, user_id))


def revoke_invite(company_id: UUID, invite_id: UUID | None, *, now: datetime, by: By) -> None:
    """Let an invite's link lead nowhere any more; one of another company does not exist."""
    mine = (Invite.id == invite_id, Invite.company_id == company_id)
    living = (Invite.used_at.is_(None), Invite.revoked_at.is_(None))
    if invite_id is None or not db.changed(update(Invite).where(*mine, *living).values(revoked_at=now)):
        raise NotFound
    publish(InviteRevoked(subject_id=company_id, invite_id=invite_id, at=now, by=by))


def change_role(company_id: UUID, user_id: UUID | None, role: Role | None, *, now: datetime, by: By) -> None:
    """Give a member another role; refuses with LastAdministrator when nobody would be one any more."""
    lock(company_id)
    if user_id is None or not _is_member(company_id, user_id):
        raise NotFound
    if role is None:
        raise NoSuchRole
    if role is not Role.ADMINISTRATOR:
        _keep_one(company_id, user_id)
    mine = (Member.company_id == company_id, Member.user_id == user_id, Member.ended_at.is_(None))
    db.changed(update(Member).where(*mine).values(role=role))
    publish(
        MemberRoleChanged(subject_id=company_id, user_id=user_id, role=role.name.lower(), at=now, by=by),
    )


def end_member(company_id: UUID, user_id: UUID | None, *, now: datetime, by: By) -> None:
    """Let somebody act for a company no more; refuses with LastAdministrator when nobody would be one any more."""
    lock(company_id)
    _keep_one(company_id, user_id)
    mine = (Member.company_id == company_id, Member.user_id == user_id, Member.ended_at.is_(None))
    if user_id is None or not db.changed(update(Member).where(*mine).values(ended_at=now)):
        raise NotFound
    publish(MemberEnded(subject_id=company_id, user_id=user_id, at=now, by=by))


def _keep_one(company_id: UUID, user_id: UUID | None) -> None:
    """Refuse what would leave a company that has members without an administrator; it is locked by the caller."""
    administrators = (
        Member.company_id == company_id,
        Member.role == Role.ADMINISTRATOR,
        Member.ended_at.is_(None),
    )
    other = select(func.count()).select_from(Member).where(*administrators, Member.user_id != user_id)
    is_one = select(func.count()).select_from(Member).where(*administrators, Member.user_id == user_id)
    if db.session().scalar(is_one) and not db.session().scalar(other):
        raise LastAdministrator


def lock(company_id: UUID) -> Company:
    """Return an open company whose members and money nobody else changes until the commit. Raises ClosedCompany."""
    company = db.session().scalar(select(Company).where(Company.id == company_id).with_for_update())
    if company is None:
        raise NotFound
    if company.closed_at:
        raise ClosedCompany
    return company
