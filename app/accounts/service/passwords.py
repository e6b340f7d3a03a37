"""Verbs about passwords: a link to choose a new one, and changing one's own.

Hashing is slow on purpose and stays outside of units; so these verbs open their own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import delete, select, update

from app.accounts.effects import CHANGED_MAIL, CHANGED_MAIL_LIFE, RESET_MAIL
from app.accounts.errors import DeadLink, NoSuchUser, TooManyLinks, WrongPassword
from app.accounts.events import PasswordChanged, ResetAsked
from app.accounts.links import reset_of, token_of
from app.accounts.models import PasswordReset, User
from app.accounts.passwords import fits, hash_password
from app.accounts.queries import find_reset
from app.accounts.rules import RESET_MINUTES
from app.accounts.service.sessions import NOBODY, Browser, end_all, end_other_sessions, renew
from app.accounts.throttle import keys as keys_of_name
from app.accounts.throttle import keys_of_links, keys_of_owner
from app.kit import db, throttle
from app.kit.effects import intend
from app.kit.errors import Invalid, NotFound, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.tenancy import PLATFORM


@dataclass(frozen=True)
class Link:
    """What opens the page where somebody chooses a new password; `token` is a secret."""

    email: str
    token: str
    expires_at: datetime


def ask_reset(*, email: str, browser: Browser, lang: str, shop: str = "", now: datetime) -> None:
    """Let a link be mailed; the same answer and the same work for known and unknown e-mails. Raises TooManyLinks."""
    email = email.strip().lower()[:254]
    keys = keys_of_links(email, browser.network)

    def ask() -> None:
        if minutes := throttle.minutes_to_wait(keys, now=now):
            raise TooManyLinks(minutes)
        throttle.count(keys, now=now)
        user_id = db.session().scalar(select(User.id).where(User.email == email))
        reset = _make_reset(user_id or NOBODY, network=browser.network, lang=lang, shop=shop, now=now)
        intend(RESET_MAIL, reset.id, due_at=now, deadline=reset.expires_at)

    db.write(PLATFORM, ask)


def make_link(*, email: str, now: datetime) -> Link:
    """Return a link for somebody whom the installation's keeper vouches for. Raises NoSuchUser."""
    email = email.strip().lower()

    def make() -> PasswordReset:
        user_id = db.session().scalar(select(User.id).where(User.email == email))
        if user_id is None:
            raise NoSuchUser(email)
        return _make_reset(user_id, network="", lang="", now=now)

    reset = db.write(PLATFORM, make)
    return Link(email, token_of(reset.id), reset.expires_at)


def _make_reset(user_id: UUID, *, network: str, lang: str, shop: str = "", now: datetime) -> PasswordReset:
    """Make the newest reset of a user, which is the only one: older links end here."""
    db.session().execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))
    expires_at = now + timedelta(minutes=RESET_MINUTES)
    reset = PasswordReset(id=new_id(), user_id=user_id, created_at=now, expires_at=expires_at)
    db.session().add(reset)
    publish(ResetAsked(subject_id=reset.id, user_id=user_id, network=network, lang=lang, shop=shop, at=now))
    return reset


def reset_password(token: str, *, password: str, browser: Browser, lang: str, now: datetime) -> None:
    """Use a link up: set the password, end every session, tell the person by mail. Raises DeadLink, WeakPassword."""
    reset_id = reset_of(token)
    if reset_id is None or db.read(PLATFORM, partial(find_reset, token, now=now)) is None:
        raise DeadLink(RESET_MINUTES)
    password_hash = _fresh_hash(password)

    def use() -> None:
        unused = (PasswordReset.used_at.is_(None), PasswordReset.expires_at > now)
        if not db.changed(update(PasswordReset).where(PasswordReset.id == reset_id, *unused).values(used_at=now)):
            raise DeadLink(RESET_MINUTES)
        user = _locked(db.get(PasswordReset, reset_id).user_id)
        end_all(user.id, now=now)
        throttle.clear(keys_of_name(user.email, browser.network)[0])
        _set_password(user, password_hash, browser=browser, lang=lang, now=now)

    db.write(PLATFORM, use)


def change_password(
    user_id: UUID, token: str, *, old: str, new: str, browser: Browser, lang: str, now: datetime
) -> str:
    """Change one's own password and return the new token of this session; all others end.

    Raises Invalid with WrongPassword or WeakPassword of its field, or TooManyTries.
    """
    user = _proven(user_id, old, "old", network=browser.network, now=now)
    password_hash = _fresh_hash(new)

    def change() -> str:
        if _locked(user_id).password_hash != user.password_hash:
            raise NotFound  # somebody reset it meanwhile, which ended this session too
        fresh = renew(token, now=now)
        end_other_sessions(user_id, fresh, now=now)
        throttle.clear(keys_of_owner(user_id, browser.network)[0])
        _set_password(user, password_hash, browser=browser, lang=lang, now=now)
        return fresh

    return db.write(PLATFORM, change)


def prove_password(user_id: UUID, typed: str, field: str, *, network: str, now: datetime) -> None:
    """Let somebody signed in go on who knows the password; hashes, so call it outside of units.

    Raises Invalid with WrongPassword of the form's `field`, or TooManyTries.
    """
    _proven(user_id, typed, field, network=network, now=now)


def _proven(user_id: UUID, typed: str, field: str, *, network: str, now: datetime) -> User:
    keys = keys_of_owner(user_id, network)
    db.read(PLATFORM, lambda: throttle.check(keys, now=now))
    user = db.read(PLATFORM, lambda: db.session().get_one(User, user_id))
    if not fits(typed, user.password_hash):
        raise db.write(PLATFORM, lambda: throttle.count_wrong(keys, partial(_wrong, field), now=now))
    return user


def _wrong(field: str, left: int) -> Refusal:
    return Invalid({field: WrongPassword(left)})


def _fresh_hash(password: str) -> str:
    try:
        return hash_password(password)
    except Refusal as refusal:
        raise Invalid({"password": refusal}) from None


def _set_password(user: User, password_hash: str, *, browser: Browser, lang: str, now: datetime) -> None:
    """Write the new password down; links that lie in a mailbox end, and the person is told."""
    db.session().execute(update(User).where(User.id == user.id).values(password_hash=password_hash))
    unused = (PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
    db.session().execute(delete(PasswordReset).where(*unused))
    changed = PasswordChanged(subject_id=user.id, network=browser.network, lang=lang, at=now, by=By("user", user.id))
    (event_id,) = publish(changed)
    intend(CHANGED_MAIL, event_id, due_at=now, deadline=now + CHANGED_MAIL_LIFE)


def _locked(user_id: UUID) -> User:
    """Return a user whom nobody else signs in or changes until the commit."""
    return db.session().scalars(select(User).where(User.id == user_id).with_for_update()).one()
