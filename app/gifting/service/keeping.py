"""Keeping: people are written to and reminded, and what was given is taken back at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from app.delivery import service as delivery
from app.delivery.queries import Guide
from app.gifting import queries
from app.gifting.errors import ClaimEnded, NothingToTell, ReasonNeeded
from app.gifting.events import ClaimRevoked, PeopleReminded
from app.gifting.models import Handout, HandoutRow
from app.gifting.rules import LONGEST_REASON, MOST_REMINDERS, REMIND_EVERY
from app.kit import db, effects
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.messages.events import ChatFailed
from app.messages.queries import Channel

BY = {Channel.WECOM: "gifting.wecom", Channel.DINGTALK: "gifting.dingtalk", Channel.EMAIL: "gifting.mail"}
WAY_OF = {kind: way for way, kind in BY.items()}
CHAT_LIFE = timedelta(hours=2)  # then the next way is tried


def tell(rows: Sequence[HandoutRow], *, now: datetime) -> list[HandoutRow]:
    """Have the link sent to each of these people whom a way reaches that they did not turn off; returns those.

    They go by the shop's order and hours. Nothing else shows them what they were given, so a way that the shop would
    rather not use is taken when there is no other.
    """
    guide, told = Guide(), []
    keys = {number: db.get(Handout, number).key_id for number in {row.handout_id for row in rows}}
    written = [row for row in rows if row.contact_sealed is not None]
    out = delivery.said_nothing((row.id, queries.address_of(row, keys[row.handout_id], "contact")) for row in written)
    for row in rows:
        if ways := guide.ways(_reached(row), out=out.get(row.id, ()), must=True):
            row.told_at, row.told_by, row.then = now, ways[0], [int(way) for way in ways[1:]]
            _ask(row.id, ways[0], guide, now)
            told.append(row)
    return told


def pass_on(row_id: UUID, by: Channel, *, now: datetime) -> bool:
    """Have the next way tried where this one did not reach somebody, once; who is at another way stays there.

    Tells whether a way was left.
    """
    row = db.get(HandoutRow, row_id)
    if not row.then:
        return False
    way, *then = row.then
    mine = update(HandoutRow).where(HandoutRow.id == row_id, HandoutRow.told_by == by)
    if not db.changed(mine.values(told_by=Channel(way), then=then)):
        return False
    _ask(row_id, Channel(way), Guide(), now)
    return True


def record_bounced(row_id: UUID, *, for_good: bool, now: datetime) -> bool:
    """Learn that the letter to somebody came back; tell whether that was news, so that the next way is tried."""
    return for_good and db.find(HandoutRow, row_id) is not None and pass_on(row_id, Channel.EMAIL, now=now)


def follow_failed(failed: Sequence[ChatFailed]) -> None:
    """Have the next way tried for people whom a chat did not reach that had taken the message."""
    for one in failed:
        if one.teller in WAY_OF and db.find(HandoutRow, one.subject_id) is not None:
            pass_on(one.subject_id, WAY_OF[one.teller], now=one.at)


def _reached(row: HandoutRow) -> set[Channel]:
    mail = {Channel.EMAIL} if row.contact_sealed is not None else set()
    return mail | ({row.chat} if row.chat is not None else set())


def _ask(row_id: UUID, way: Channel, guide: Guide, now: datetime) -> None:
    due = guide.due(way, now=now)
    effects.intend(BY[way], row_id, due_at=due, deadline=due + (REMIND_EVERY if way is Channel.EMAIL else CHAT_LIFE))


def remind(handout_id: UUID | None, row_id: UUID | None = None, *, company_id: UUID, now: datetime, by: By) -> int:
    """Tell everybody, or one, once more who has not opened the claim; returns how many. At most once a day.

    Whom nothing reached when it was given is told as soon as something does.

    Raises NothingToTell.
    """
    handout = queries.get(handout_id, company_id=company_id)
    is_late = or_(HandoutRow.told_at.is_(None), HandoutRow.told_at <= now - REMIND_EVERY)
    late = (HandoutRow.entitlement_id.is_not(None), is_late, HandoutRow.reminders < MOST_REMINDERS)
    known = or_(HandoutRow.contact_sealed.is_not(None), HandoutRow.chat.is_not(None))
    shut = (HandoutRow.opened_at.is_(None), HandoutRow.revoked_at.is_(None), known)
    query = select(HandoutRow).where(HandoutRow.handout_id == handout.id, *shut, *late)
    rows = db.session().scalars(query.where(HandoutRow.id == row_id) if row_id else query).all()
    states = queries.states(rows)
    waiting = [row for row in rows if states[row.id] == "new"]
    before = {row.id for row in waiting if row.told_at is not None}
    told = tell(waiting, now=now)
    if not told:
        raise NothingToTell
    for row in told:
        row.reminders += row.id in before
    publish(PeopleReminded(subject_id=handout.id, order_id=handout.order_id, rows=len(told), at=now, by=by))
    return len(told)


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
