"""Questions about accounts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, select

from app.accounts.links import reset_of
from app.accounts.models import Device as Device
from app.accounts.models import Membership, PasswordReset, Session, User
from app.accounts.rules import RESET_MINUTES as RESET_MINUTES
from app.accounts.rules import SESSION_IDLE, permissions
from app.accounts.rules import SHORTEST_PASSWORD as SHORTEST_PASSWORD
from app.accounts.rules import is_email as is_email
from app.accounts.rules import network as network
from app.accounts.rules import public_network as public_network
from app.kit import db
from app.kit.tokens import digest

# Asked by every request of somebody who is signed in, so they are plain: no objects are made of their rows.
SESSION, USER, MEMBERSHIP = (model.__table__.c for model in (Session, User, Membership))
HOLDER = (
    select(SESSION.user_id, USER.email, SESSION.seen_at, SESSION.ended_at, SESSION.expires_at, MEMBERSHIP.role)
    .join_from(Session.__table__, User.__table__, USER.id == SESSION.user_id)
    .outerjoin(
        Membership.__table__,
        and_(MEMBERSHIP.merchant_id == bindparam("merchant"), MEMBERSHIP.user_id == SESSION.user_id),
    )
    .where(SESSION.token_hash == bindparam("token"))
)


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a living session, and what they may do in the shop that was asked about (None: a stranger)."""

    user_id: UUID
    email: str
    seen_at: datetime
    permissions: frozenset[str] | None


def find_signed_in(token: str, *, now: datetime, merchant_id: int | None = None) -> SignedIn | None:
    """Return who holds `token`, unless the session ended, expired or lay idle, and how they stand to a merchant."""
    row = db.session().execute(HOLDER, {"token": digest(token), "merchant": merchant_id}).first()
    if row is None or row.ended_at is not None or now >= min(row.expires_at, row.seen_at + SESSION_IDLE):
        return None
    return SignedIn(row.user_id, row.email, row.seen_at, permissions(row.role) if row.role else None)


def find_user(email: str) -> UUID | None:
    """Return who has this e-mail address."""
    return db.session().scalar(select(User.id).where(User.email == email.strip().lower()))


def list_emails(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the e-mail addresses of users by id."""
    rows = db.session().execute(select(User.id, User.email).where(User.id.in_(set(user_ids))))
    return {row.id: row.email for row in rows}


def list_owners() -> dict[UUID, str]:
    """Return the e-mail addresses of those who own the running merchant's shop, by user."""
    owners = select(User.id, User.email).join(Membership, Membership.user_id == User.id)
    return dict(db.session().execute(owners.where(Membership.role == "owner").order_by(User.id)).all())


def list_allowed(permission: str) -> frozenset[UUID]:
    """Return the members of the running shop whose role has a permission."""
    members = db.session().execute(select(Membership.user_id, Membership.role))
    return frozenset(row.user_id for row in members if permission in permissions(row.role))


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
