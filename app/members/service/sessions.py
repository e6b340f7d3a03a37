"""Sessions of members: opened by a proof, ended one by one or all at once; an ended one is refused at once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update

from app.accounts.service import Browser
from app.kit import db
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.tokens import digest, random_token
from app.members.events import MemberSignedIn, MemberSignedOut
from app.members.models import Channel, MemberSession
from app.members.rules import SESSION_LIFE


def open_session(member_id: UUID, channel: Channel, browser: Browser, *, now: datetime) -> str:
    """Open a session for who proved a contact just now, and return its token, which nobody else ever sees."""
    token = random_token()
    row = {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "member_id": member_id,
        "token_hash": digest(token),
        "channel": channel,
        "proved_at": now,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + SESSION_LIFE,
        "agent": browser.agent[:200],
        "network": browser.network,
    }
    db.session().execute(insert(MemberSession), [row])
    where, by = {"network": browser.network, "agent": browser.agent[:200]}, By("buyer", member_id)
    publish(MemberSignedIn(subject_id=member_id, channel=channel.name.lower(), at=now, by=by, **where))  # type: ignore[arg-type]
    return token


def sign_out(token: str, *, now: datetime, is_told: bool = True) -> None:
    """End the session that holds `token`, if it lives; `is_told` leaves a record of it."""
    living = (MemberSession.token_hash == digest(token), MemberSession.ended_at.is_(None))
    member_id = db.session().scalar(select(MemberSession.member_id).where(*living))
    if member_id and db.changed(update(MemberSession).where(*living).values(ended_at=now)) and is_told:
        _say(member_id, 1, now, By("buyer", member_id))


def end_session(member_id: UUID, session_id: UUID | None, *, now: datetime) -> None:
    """End one session of a member; anybody else's does not exist for them."""
    if not _end(member_id, MemberSession.id == session_id, now):
        raise NotFound
    _say(member_id, 1, now, By("buyer", member_id))


def end_all(member_id: UUID, *, now: datetime, by: By) -> int:
    """End every session of a member at once, and return how many that were."""
    ended = _end(member_id, MemberSession.member_id == member_id, now)
    if ended:
        _say(member_id, ended, now, by)
    return ended


def touch(token: str, *, now: datetime) -> None:
    """Note that a session is in use; a unit of its own, seldom."""
    db.changed(update(MemberSession).where(MemberSession.token_hash == digest(token)).values(seen_at=now))


def _end(member_id: UUID, which: ColumnElement[bool], now: datetime) -> int:
    living = (MemberSession.member_id == member_id, MemberSession.ended_at.is_(None), MemberSession.expires_at > now)
    return db.changed(update(MemberSession).where(which, *living).values(ended_at=now))


def _say(member_id: UUID, sessions: int, now: datetime, by: By) -> None:
    publish(MemberSignedOut(subject_id=member_id, sessions=sessions, at=now, by=by))
