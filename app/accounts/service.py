"""What can be done with accounts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from app.accounts import throttle
from app.accounts.errors import BadEmail, NoSuchRole, TooManyTries, WrongLogin
from app.accounts.events import MemberAdded, SignedIn, SignedOut, SignInFailed
from app.accounts.models import Device, LoginTry, Membership, Session, User
from app.accounts.passwords import fits
from app.accounts.passwords import hash_password as hash_password
from app.accounts.rules import ROLES, SESSION_LIFE, is_email
from app.kit import db
from app.kit.errors import Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.tenancy import PLATFORM, System
from app.kit.tokens import digest, random_token

NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Browser:
    """What we keep of where somebody came from: the network, not the address."""

    network: str
    agent: str


def create_user(*, email: str, password_hash: str, now: datetime) -> User:
    """Make a user, or return the one who has this e-mail already; that one keeps the old password."""
    email = email.strip().lower()
    if not is_email(email):
        raise BadEmail
    known = db.session().scalar(select(User).where(User.email == email))
    if known is not None:
        return known
    user = User(id=new_id(), email=email, password_hash=password_hash, created_at=now)
    db.session().add(user)
    db.session().flush()
    return user


def add_member(user: User, *, role: str, now: datetime, by: By) -> None:
    """Let `user` work in the running merchant's shop as `role`; a second call changes the role."""
    if role not in ROLES:
        raise NoSuchRole(role)
    member = db.find(Membership, user.id)
    if member is None:
        db.session().add(Membership(user_id=user.id, role=role, created_at=now))
    else:
        member.role = role
    publish(MemberAdded(subject_id=user.id, role=role, at=now, by=by))


def sign_in(*, email: str, password: str, browser: Browser, now: datetime) -> str:
    """Return the token of a new session, or refuse; opens its own units, since hashing is slow on purpose.

    Raises WrongLogin with the tries left, or TooManyTries; both alike for known and unknown e-mails.
    """
    email = email.strip().lower()[:254]
    keys = throttle.keys(email, browser.network)
    if minutes := db.read(PLATFORM, lambda: throttle.minutes_to_wait(keys, now=now)):
        raise TooManyTries(minutes)
    user = db.read(System("sign-in"), lambda: db.session().scalar(select(User).where(User.email == email)))
    if not fits(password, user.password_hash if user else None):
        raise db.write(PLATFORM, lambda: _count_failure(user, keys, browser, now))
    assert user is not None
    return db.write(PLATFORM, lambda: _open_session(user, keys, browser, now))


def _count_failure(user: User | None, keys: list[throttle.Key], browser: Browser, now: datetime) -> Refusal:
    left = throttle.count(keys, now=now)
    publish(SignInFailed(subject_id=user.id if user else NOBODY, network=browser.network, at=now))
    return WrongLogin(left) if left else TooManyTries(throttle.minutes_left(now))


def _open_session(user: User, keys: list[throttle.Key], browser: Browser, now: datetime) -> str:
    token = random_token()
    db.session().execute(
        insert(Session),
        [
            {
                "token_hash": digest(token),
                "user_id": user.id,
                "created_at": now,
                "seen_at": now,
                "expires_at": now + SESSION_LIFE,
                "agent": browser.agent[:200],
                "network": browser.network,
            }
        ],
    )
    db.session().execute(delete(LoginTry).where(LoginTry.key_hash == keys[0].hash))
    publish(SignedIn(subject_id=user.id, network=browser.network, at=now, by=By("user", user.id)))
    return token


def touch(token: str, *, now: datetime) -> None:
    """Note that a session is in use; a unit of its own, at most once a minute."""
    db.session().execute(update(Session).where(Session.token_hash == digest(token)).values(seen_at=now))


def sign_out(token: str, *, now: datetime) -> None:
    """End a session at once, everywhere."""
    row = db.session().get(Session, digest(token))
    if row is not None and row.ended_at is None:
        row.ended_at = now
        publish(SignedOut(subject_id=row.user_id, at=now, by=By("user", row.user_id)))


def remember_device(token: str | None, *, now: datetime) -> tuple[Device, str]:
    """Return the device that holds `token`, or a new one with its token."""
    if token:
        known = db.session().scalar(select(Device).where(Device.token_hash == digest(token)))
        if known is not None:
            return known, token
    token = random_token()
    device = Device(id=new_id(), token_hash=digest(token), created_at=now)
    db.session().add(device)
    db.session().flush()
    return device, token
