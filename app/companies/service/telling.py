"""Telling a company that a batch of it can be used; its members sign in, so what they are told opens nothing by itself.

The company's own address gets a letter. Members of whom a user ID is known are told one by one, by the way each wants
first, and by the next one when that fails.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.companies import queries
from app.companies.models import Member, Telling
from app.companies.rules import permissions
from app.kit import clock, db, effects
from app.kit.events import EventRow
from app.kit.ids import new_id
from app.messages import queries as messages
from app.messages.events import ChatFailed
from app.messages.queries import Channel
from app.orders import queries as orders

READY_MAIL = "companies.ready_mail"
READY_MAIL_LIFE = timedelta(hours=24)
TOLD_LIFE = timedelta(hours=6)  # by one way; then the next one is tried
WHO_IS_TOLD = "company.redeem"  # who can do something with it
# What carries a message by each way; the letter's is the last one, since nothing follows it.
BY = {
    Channel.WECOM: "companies.ready_wecom",
    Channel.DINGTALK: "companies.ready_dingtalk",
    Channel.EMAIL: "companies.ready_letter",
}


def tell_ready(delivered: Sequence[EventRow]) -> None:
    """Have companies and their members told that their orders are delivered, once for each order."""
    now, owned = clock.now(), orders.list_companies(event.order_id for event in delivered if event.order_id)
    known = effects.list_of(list(owned)) if owned else {}
    for order_id, company_id in owned.items():
        if not any(effect.kind == READY_MAIL for effect in known[order_id]):
            effects.intend(READY_MAIL, order_id, due_at=now, deadline=now + READY_MAIL_LIFE)
            _tell_members(order_id, company_id, now)


def _tell_members(order_id: UUID, company_id: UUID, now: datetime) -> None:
    reached = queries.list_reached(company_id)
    mine = (Member.company_id == company_id, Member.user_id.in_(reached), Member.ended_at.is_(None))
    carried = {way for way in BY if way is not Channel.EMAIL and messages.carries(way)}
    for member in db.session().scalars(select(Member).where(*mine)) if reached and carried else ():
        by = carried & queries.reached_by(company_id, member.user_id).keys()
        if by and WHO_IS_TOLD in permissions(member.role):
            first, *then = queries.ways_of(member.told_first, by)
            row: Mapping[str, Any] = {"company_id": company_id, "user_id": member.user_id, "order_id": order_id}
            told = Telling(id=new_id(), channel=first, then=[int(way) for way in then], asked_at=now, **row)
            db.session().add(told)
            _ask(told, now)


def record_told(telling_id: UUID, *, told: bool, now: datetime) -> None:
    """Record that a member was told, or have the next way tried."""
    row = db.get(Telling, telling_id)
    if told:
        row.told_at = now
    elif row.then:
        row.channel, row.then = Channel(row.then[0]), row.then[1:]
        _ask(row, now)


def follow_failed(failed: Sequence[ChatFailed]) -> None:
    """Have the next way tried for members whom a chat did not reach that had taken the message."""
    for one in failed:
        row = db.find(Telling, one.subject_id) if one.teller in BY.values() else None
        if row is not None and BY[row.channel] == one.teller:
            row.told_at = None
            record_told(row.id, told=False, now=one.at)


def _ask(row: Telling, now: datetime) -> None:
    effects.intend(BY[row.channel], row.id, due_at=now, deadline=now + TOLD_LIFE)
