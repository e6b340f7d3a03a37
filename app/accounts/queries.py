"""Questions about accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.accounts.links import reset_of
from app.accounts.models import Device as Device
from app.accounts.models import Membership, PasswordReset, Session, User
from app.accounts.rules import RESET_MINUTES as RESET_MINUTES
from app.accounts.rules import SESSION_IDLE, permissions
from app.accounts.rules import SHORTEST_PASSWORD as SHORTEST_PASSWORD
from app.accounts.rules import network as network
from app.kit import db
from app.kit.tokens import digest


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a living session."""

    user_id: UUID
    email: str
    seen_at: datetime


def find_signed_in(token: str, *, now: datetime) -> SignedIn | None:
    """Return who holds `token`, unless the session ended, expired or lay idle."""
    query = select(Session, User).join(User, User.id == Session.user_id).where(Session.token_hash == digest(token))
    row = db.session().execute(query).first()
    if row is None:
        return None
    session, user = row
    if session.ended_at is not None or now >= session.expires_at or now >= session.seen_at + SESSION_IDLE:
        return None
    return SignedIn(user.id, user.email, session.seen_at)


def find_permissions(user_id: UUID) -> frozenset[str] | None:
    """Return what a user may do in the running merchant's shop, or None for a stranger."""
    member = db.find(Membership, user_id)
    return permissions(member.role) if member else None


def list_merchants(user_id: UUID) -> Sequence[int]:
    """List the merchants a user works for; needs a System unit."""
    return db.session().scalars(select(Membership.merchant_id).where(Membership.user_id == user_id)).all()


def find_device(token: str) -> Device | None:
    """Return the device that holds `token` in the running merchant's shop, unless its person had it forgotten."""
    return db.session().scalar(select(Device).where(Device.token_hash == digest(token), Device.forgotten_at.is_(None)))


@dataclass(frozen=True)
class Seen:
    """One signed-in browser of somebody, as its owner may see it; `this` is the one that asks."""

    id: UUID
    created_at: datetime
    seen_at: datetime
    agent: str
    network: str
    this: bool


def list_sessions(user_id: UUID, token: str, *, now: datetime) -> Sequence[Seen]:
    """List the living sessions of a user: the one that holds `token` first, then by when they were last used."""
    living = (Session.ended_at.is_(None), Session.expires_at > now, Session.seen_at > now - SESSION_IDLE)
    rows = db.session().scalars(select(Session).where(Session.user_id == user_id, *living)).all()
    seen = [
        Seen(row.id, row.created_at, row.seen_at, row.agent, row.network, row.token_hash == digest(token))
        for row in rows
    ]
    return sorted(seen, key=lambda one: (one.this, one.seen_at, one.id), reverse=True)


def find_reset(token: str, *, now: datetime) -> str | None:
    """Return whose password a link may still choose anew, by e-mail; asking uses nothing up."""
    reset_id = reset_of(token)
    if reset_id is None:
        return None
    good = (PasswordReset.id == reset_id, PasswordReset.used_at.is_(None), PasswordReset.expires_at > now)
    return db.session().scalar(select(User.email).join(PasswordReset, PasswordReset.user_id == User.id).where(*good))
