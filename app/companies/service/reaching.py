"""Reaching members in chats: the administrator enters their user IDs, and each chooses by what to be told first."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update

from app.companies import queries
from app.companies.errors import NoUserId
from app.companies.events import MemberWaysSet
from app.companies.models import Member, MemberWay
from app.companies.queries import CONTACT
from app.companies.rules import USER_ID, WAYS
from app.companies.service.members import lock
from app.kit import crypto, db
from app.kit.errors import Invalid, NotFound
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.messages.queries import Channel


def set_ways(company_id: UUID, user_id: UUID | None, ids: Mapping[Channel, str], *, now: datetime, by: By) -> None:
    """Put these user IDs in place of those a member had; "" is none. Raises NotFound, or Invalid by channel's name."""
    lock(company_id)
    if user_id is None or queries.find_member(company_id, user_id) is None:
        raise NotFound
    given = {channel: text.strip() for channel, text in ids.items() if text.strip()}
    odd = {channel.name.lower(): NoUserId() for channel, text in given.items() if not USER_ID.fullmatch(text)}
    if odd:
        raise Invalid(odd)
    mine = (MemberWay.company_id == company_id, MemberWay.user_id == user_id)
    db.session().execute(delete(MemberWay).where(*mine))
    db.session().add_all(_way(company_id, user_id, channel, text) for channel, text in given.items())
    names = sorted(channel.name.lower() for channel in given)
    publish(MemberWaysSet(subject_id=company_id, user_id=user_id, channels=names, at=now, by=by))


def choose_first(company_id: UUID, user_id: UUID, channel: Channel | None) -> None:
    """Have a member told by this first, and by the others when that fails; anything else is the usual order."""
    mine = (Member.company_id == company_id, Member.user_id == user_id)
    db.changed(update(Member).where(*mine).values(told_first=channel if channel in WAYS else None))


def _way(company_id: UUID, user_id: UUID, channel: Channel, text: str) -> MemberWay:
    number, key = new_id(), crypto.key_for(CONTACT)
    sealed = key.seal("company_member_way", "sealed", number, Secret(text))
    return MemberWay(id=number, company_id=company_id, user_id=user_id, channel=channel, key_id=key.id, sealed=sealed)
