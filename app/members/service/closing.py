"""Closing an account: nothing in it tells any more whose it was; what was bought stays with its orders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update

from app.balances import queries as balances
from app.kit import db
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.members import queries
from app.members.errors import MoneyLeft
from app.members.events import MemberClosed
from app.members.models import InboxMessage, Member, MemberCode, MemberContact, MemberSession
from app.members.service.contacts import forget_ways


def close(member_id: UUID, *, now: datetime) -> None:
    """Delete an account: its contacts, its inbox and where it was signed in from; its person is a stranger again.

    Raises MoneyLeft while its balance holds any.
    """
    left = balances.balance(member_id)
    if left.minor > 0:
        raise MoneyLeft(left)
    living = (Member.id == member_id, Member.closed_at.is_(None))
    if not db.changed(update(Member).where(*living).values(closed_at=now, lang="")):
        raise NotFound
    contacts = queries.list_contacts(member_id)
    forget_ways(contacts)
    session = db.session()
    session.execute(delete(MemberCode).where(MemberCode.contact_index.in_([one.address_index for one in contacts])))
    session.execute(delete(MemberCode).where(MemberCode.member_id == member_id))
    session.execute(delete(MemberContact).where(MemberContact.member_id == member_id))
    session.execute(delete(InboxMessage).where(InboxMessage.member_id == member_id))
    session.execute(delete(MemberSession).where(MemberSession.member_id == member_id))
    publish(MemberClosed(subject_id=member_id, at=now, by=By("buyer", member_id)))
