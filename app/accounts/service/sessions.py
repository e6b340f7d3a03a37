"""Verbs about sessions: signing in, and every way a session ends. An ended one is refused at the next request."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update

from app.accounts.errors import WrongLogin
from app.accounts.events import SessionsEnded, SignedIn, SignedOut, SignInFailed
from app.accounts.models import Session, User
from app.accounts.passwords import fits
from app.accounts.rules import SESSION_LIFE
from app.accounts.throttle import keys as keys_of_name
from app.kit import db, throttle
from app.kit.errors import NotFound, Refusal
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


def sign_in(*, email: str, password: str, browser: Browser, now: datetime) -> str:
    """Return the token of a new session, or refuse; opens its own units, since hashing is slow on purpose.

    Raises WrongLogin with the tries left, or TooManyTries; both alike for known and unknown e-mails.
    """
    email = email.strip().lower()[:254]
    keys = keys_of_name(email, browser.network)
    db.read(PLATFORM, lambda: throttle.check(keys, now=now))
    user = db.read(System("sign-in"), lambda: db.session().scalar(select(User).where(User.email == email)))
    if not fits(password, user.password_hash if user else None):
        raise db.write(PLATFORM, lambda: _count_failure(user, keys, browser, now))
    assert user is not None
    answer = db.write(PLATFORM, lambda: _open_session(user, keys, browser, now))
    if isinstance(answer, Refusal):
        raise answer
    return answer


def _count_failure(user: User | None, keys: list[throttle.Key], browser: Browser, now: datetime) -> Refusal:
    publish(SignInFailed(subject_id=user.id if user else NOBODY, network=browser.network, at=now))
    return throttle.count_wrong(keys, WrongLogin, now=now)


def _open_session(user: User, keys: list[throttle.Key], browser: Browser, now: datetime) -> str | Refusal:
    """Open a session, unless the password was changed while we compared it: nobody slips in behind a change."""
    present = select(User.password_hash).where(User.id == user.id).with_for_update()
    if db.session().scalar(present) != user.password_hash:
        return _count_failure(user, keys, browser, now)
    token = random_token()
    row = {
        "token_hash": digest(token),
        "id": new_id(),
        "user_id": user.id,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + SESSION_LIFE,
        "agent": browser.agent[:200],
        "network": browser.network,
    }
    db.session().execute(insert(Session), [row])
    throttle.clear(keys[0])
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


def end_session(user_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """End one session of a user at once; anybody else's does not exist for them."""
    if not _end(user_id, Session.id == session_id, now=now):
        raise NotFound
    publish(SessionsEnded(subject_id=user_id, sessions=1, at=now, by=By("user", user_id)))


def end_other_sessions(user_id: UUID, token: str, *, now: datetime) -> int:
    """End all sessions of a user but the one that holds `token`, and return how many that were."""
    ended = _end(user_id, Session.token_hash != digest(token), now=now)
    if ended:
        publish(SessionsEnded(subject_id=user_id, sessions=ended, at=now, by=By("user", user_id)))
    return ended


def end_all(user_id: UUID, *, now: datetime) -> int:
    """End every session of a user; who asked for it says so in an event of its own."""
    return _end(user_id, Session.token_hash.is_not(None), now=now)


def renew(token: str, *, now: datetime) -> str:
    """Give a living session a new token and return it; whoever copied the old one stays outside."""
    fresh = random_token()
    living = update(Session).where(Session.token_hash == digest(token), Session.ended_at.is_(None))
    if not db.changed(living.values(token_hash=digest(fresh), seen_at=now)):
        raise NotFound
    return fresh


def _end(user_id: UUID, which: ColumnElement[bool], *, now: datetime) -> int:
    living = (Session.user_id == user_id, Session.ended_at.is_(None), Session.expires_at > now)
    return db.changed(update(Session).where(which, *living).values(ended_at=now))
