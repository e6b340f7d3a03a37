"""Telling a company that a batch of it can be used; its members sign in, so what they are told opens nothing by itself.

The company's own address gets a letter, whatever the shop's order of ways: it must be told. Members of whom a user ID
is known are told one by one: by the way each wants first, then in the shop's order, each way only when the one before
certainly failed. At night nobody is woken, since they did not ask for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.accounts import queries as accounts
from app.companies import queries
from app.companies.models import Member, Telling
from app.companies.rules import CHATS, permissions
from app.delivery import service as delivery
from app.delivery.queries import Guide
from app.kit import clock, db, effects
from app.kit.events import EventRow
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.messages.events import ChatFailed
from app.messages.queries import Channel
from app.orders import queries as orders

READY_MAIL = "companies.ready_mail"
READY_MAIL_LIFE = timedelta(hours=24)
TOLD_LIFE = timedelta(hours=6)  # by one way; then the next one is tried
WHO_IS_TOLD = "company.redeem"  # who can do something with it
BY = {
    Channel.WECOM: "companies.ready_wecom",
    Channel.DINGTALK: "companies.ready_dingtalk",
    Channel.EMAIL: "companies.ready_letter",
}
WAY_OF = {kind: way for way, kind in BY.items()}


def tell_ready(delivered: Sequence[EventRow]) -> None:
    """Have companies and their members told that their orders are delivered, once for each order."""
    now, owned = clock.now(), orders.list_companies(event.order_id for event in delivered if event.order_id)
    if not owned:
        return
    known, guide = effects.list_of(list(owned)), Guide()
    for order_id, company_id in owned.items():
        if not any(effect.kind == READY_MAIL for effect in known[order_id]):
            effects.intend(READY_MAIL, order_id, due_at=now, deadline=now + READY_MAIL_LIFE)
            if not CHATS.isdisjoint(guide.carried):
                _tell_members(order_id, company_id, guide, now)


def _tell_members(order_id: UUID, company_id: UUID, guide: Guide, now: datetime) -> None:
    mine = (Member.company_id == company_id, Member.ended_at.is_(None))
    known = queries.list_reached(company_id)
    members = db.session().scalars(select(Member).where(*mine, Member.user_id.in_(known))).all() if known else []
    emails = accounts.list_emails(member.user_id for member in members)
    out = delivery.said_nothing((user_id, Secret(email)) for user_id, email in emails.items())
    for member in members:
        reached = {*queries.reached_by(company_id, member.user_id), Channel.EMAIL}
        ways = guide.ways(reached, first=member.told_first, out=out.get(member.user_id, ()))
        if not CHATS.isdisjoint(ways) and WHO_IS_TOLD in permissions(member.role):
            row: Mapping[str, Any] = {"company_id": company_id, "user_id": member.user_id, "order_id": order_id}
            told = Telling(id=new_id(), channel=ways[0], then=[int(way) for way in ways[1:]], asked_at=now, **row)
            db.session().add(told)
            _ask(told.id, ways[0], guide, now)


def record_told(telling_id: UUID, by: Channel, *, told: bool, now: datetime) -> None:
    """Record that a member was told by a way, or have the next one tried, once; who is at another way stays there."""
    row, mine = db.get(Telling, telling_id), (Telling.id == telling_id, Telling.channel == by)
    if told or not row.then:
        db.changed(update(Telling).where(*mine).values(told_at=now if told else None))
        return
    way, *then = row.then
    if db.changed(update(Telling).where(*mine).values(channel=Channel(way), then=then, told_at=None)):
        _ask(telling_id, Channel(way), Guide(), now)


def follow_failed(failed: Sequence[ChatFailed]) -> None:
    """Have the next way tried for members whom a chat did not reach that had taken the message."""
    for one in failed:
        if one.teller in WAY_OF and db.find(Telling, one.subject_id) is not None:
            record_told(one.subject_id, WAY_OF[one.teller], told=False, now=one.at)


def _ask(telling_id: UUID, way: Channel, guide: Guide, now: datetime) -> None:
    due = guide.due(way, now=now)
    effects.intend(BY[way], telling_id, due_at=due, deadline=due + TOLD_LIFE)
