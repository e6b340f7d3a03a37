"""Keeping: people are written to and reminded, and what was given is taken back at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from app.gifting import queries
from app.gifting.errors import ClaimEnded, NothingToTell, ReasonNeeded
from app.gifting.events import ClaimRevoked, PeopleReminded
from app.gifting.models import Handout, HandoutRow
from app.gifting.rules import LONGEST_REASON, MOST_REMINDERS, REMIND_EVERY
from app.kit import db, effects
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.messages import queries as messages
from app.messages.events import ChatFailed
from app.messages.queries import Channel

MAIL = "gifting.mail"
CHATS = {Channel.WECOM: "gifting.wecom", Channel.DINGTALK: "gifting.dingtalk"}
CHAT_LIFE = timedelta(hours=2)  # then a letter is written


def tell(rows: Sequence[HandoutRow], *, now: datetime) -> int:
    """Have the link sent to each of these people who has an address: by chat, or else by mail; returns how many."""
    told = [row for row in rows if row.contact_sealed is not None or row.chat is not None]
    for row in told:
        row.told_at = now
        by_chat = row.chat is not None and messages.carries(row.chat)
        if row.chat is not None and (by_chat or row.contact_sealed is None):
            effects.intend(CHATS[row.chat], row.id, due_at=now, deadline=now + CHAT_LIFE)
        else:
            effects.intend(MAIL, row.id, due_at=now, deadline=now + REMIND_EVERY)
    return len(told)


def record_chat(row_id: UUID, *, told: bool, now: datetime) -> None:
    """Send a letter where a chat did not reach somebody who has an address, too."""
    row = db.get(HandoutRow, row_id)
    if not told and row.contact_sealed is not None:
        effects.intend(MAIL, row.id, due_at=now, deadline=now + REMIND_EVERY)


def follow_failed(failed: Sequence[ChatFailed]) -> None:
    """Write a letter to people whom a chat did not reach that had taken the message."""
    for one in failed:
        if one.teller in CHATS.values() and db.find(HandoutRow, one.subject_id) is not None:
            record_chat(one.subject_id, told=False, now=one.at)


def remind(handout_id: UUID | None, row_id: UUID | None = None, *, company_id: UUID, now: datetime, by: By) -> int:
    """Write once more to everybody, or to one, who has not opened the claim; returns how many. At most once a day.

    Raises NothingToTell.
    """
    handout = queries.get(handout_id, company_id=company_id)
    late = (HandoutRow.told_at <= now - REMIND_EVERY, HandoutRow.reminders < MOST_REMINDERS)
    known = or_(HandoutRow.contact_sealed.is_not(None), HandoutRow.chat.is_not(None))
    shut = (HandoutRow.opened_at.is_(None), HandoutRow.revoked_at.is_(None), known)
    query = select(HandoutRow).where(HandoutRow.handout_id == handout.id, *shut, *late)
    rows = db.session().scalars(query.where(HandoutRow.id == row_id) if row_id else query).all()
    states = queries.states(rows)
    waiting = [row for row in rows if states[row.id] == "new"]
    if not waiting:
        raise NothingToTell
    for row in waiting:
        row.reminders += 1
    told = tell(waiting, now=now)
    publish(PeopleReminded(subject_id=handout.id, order_id=handout.order_id, rows=told, at=now, by=by))
    return told


def revoke(
    handout_id: UUID | None, row_id: UUID | None, *, reason: str, company_id: UUID, now: datetime, by: By
) -> None:
    """Take back what was given to somebody: the link ends at once, and the piece is free again.

    Raises NotFound, ReasonNeeded, or ClaimEnded when it was taken back before.
    """
    handout: Handout = queries.get(handout_id, company_id=company_id)
    row = db.find(HandoutRow, row_id) if row_id else None
    if row is None or row.handout_id != handout.id or row.entitlement_id is None:
        raise NotFound
    if not (reason := " ".join(reason.split())[:LONGEST_REASON]):
        raise ReasonNeeded
    living = (HandoutRow.id == row.id, HandoutRow.revoked_at.is_(None))
    if not db.changed(update(HandoutRow).where(*living).values(revoked_at=now, device_id=None)):
        raise ClaimEnded
    publish(
        ClaimRevoked(
            subject_id=row.id,
            order_id=handout.order_id,
            entitlement_id=row.entitlement_id,
            opened=row.opened_at is not None,
            reason=reason,
            at=now,
            by=by,
        )
    )
