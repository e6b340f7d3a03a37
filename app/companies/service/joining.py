"""Joining: who holds the link from a mailbox becomes a member, with the account of that address or a new one."""

from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import update

from app.accounts import service as accounts
from app.accounts.errors import WeakPassword
from app.companies.errors import DeadInvite, WrongPerson
from app.companies.models import Invite
from app.companies.queries import Invitation, find_invitation
from app.companies.rules import INVITE_DAYS
from app.companies.service.members import add_member
from app.kit import db
from app.kit.errors import Invalid
from app.kit.events import By


def accept(merchant_id: int, token: str, *, password: str, browser: accounts.Browser, now: datetime) -> str:
    """Follow an invite and return the token of a session: with the password of the address's account, or of a new one.

    Opens its own units, since hashing is slow on purpose. Raises DeadInvite, WeakPassword in Invalid, or what signing
    in raises.
    """
    invitation = db.read(merchant_id, partial(_good, token, now))
    sign_in = partial(accounts.sign_in, email=invitation.email, password=password, browser=browser, now=now)
    if invitation.user_id is not None:
        session = sign_in()
        db.write(merchant_id, partial(_use, invitation, invitation.user_id, now))
        return session
    password_hash = _hash(password)

    def make() -> None:
        user = accounts.create_user(email=invitation.email, password_hash=password_hash, now=now)
        if user.password_hash != password_hash:
            raise DeadInvite(INVITE_DAYS)  # the address got an account meanwhile; its own password opens the way
        _use(invitation, user.id, now)

    db.write(merchant_id, make)
    return sign_in()


def join(token: str, *, user_id: UUID, now: datetime) -> None:
    """Make somebody who is signed in a member. Raises DeadInvite, or WrongPerson for another's invite."""
    invitation = _good(token, now)
    if invitation.user_id != user_id:
        raise WrongPerson
    _use(invitation, user_id, now)


def _good(token: str, now: datetime) -> Invitation:
    invitation = find_invitation(token, now=now)
    if invitation is None:
        raise DeadInvite(INVITE_DAYS)
    return invitation


def _hash(password: str) -> str:
    try:
        return accounts.hash_password(password)
    except WeakPassword as weak:
        raise Invalid({"password": weak}) from None


def _use(invitation: Invitation, user_id: UUID, now: datetime) -> None:
    """Use an invite up, of two at once one is refused; who is a member already keeps the role, a link changes none."""
    unused = (Invite.used_at.is_(None), Invite.revoked_at.is_(None), Invite.expires_at > now)
    if not db.changed(update(Invite).where(Invite.id == invitation.id, *unused).values(used_at=now)):
        raise DeadInvite(INVITE_DAYS)
    add_member(invitation.company_id, user_id, invitation.role, now=now, by=By("member", user_id))
