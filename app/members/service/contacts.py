"""The contacts of a member: the first one makes the account, a second one is a further way to reach its person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select, update

from app.delivery import service as delivery
from app.kit import db
from app.kit.errors import NotFound, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.members import queries
from app.members.contacts import seal, unseal
from app.members.errors import ContactTaken, HasOneAlready, LastContact
from app.members.events import MemberContactAdded, MemberContactRemoved, MemberJoined
from app.members.models import Member, MemberCode, MemberContact
from app.orders import queries as orders


def find_or_join(code: MemberCode, *, now: datetime) -> tuple[UUID, bool]:
    """Return the member of the address that a code proved, and whether the account was made by it.

    Of two first sign-ins at the same moment one makes the account and both are in it: the address is unique.
    """
    if known := _owner_of(code.contact_index):
        return known, False
    row = {"merchant_id": db.merchant_id(), "id": new_id(), "lang": code.lang, "created_at": now}
    db.session().execute(insert(Member), [row])
    if not _keep(row["id"], code, now):  # type: ignore[arg-type]
        db.session().execute(delete(Member).where(Member.id == row["id"]))
        known = _owner_of(code.contact_index)
        assert known is not None
        return known, False
    member_id: UUID = row["id"]  # type: ignore[assignment]
    publish(MemberJoined(subject_id=member_id, channel=code.channel.name.lower(), at=now, by=By("buyer", member_id)))
    return member_id, True


def add_contact(member_id: UUID, code: MemberCode, *, now: datetime) -> Refusal | None:
    """Add the address that a code proved to an account, and tell its orders by both; or return why not."""
    if not _keep(member_id, code, now):
        owner = _owner_of(code.contact_index)
        return None if owner == member_id else ContactTaken() if owner else HasOneAlready()
    learn_ways(queries.list_contacts(member_id), now=now)
    said = {"channel": code.channel.name.lower(), "at": now, "by": By("buyer", member_id)}
    publish(MemberContactAdded(subject_id=member_id, **said))  # type: ignore[arg-type]
    return None


def remove_contact(member_id: UUID, contact_id: UUID | None, *, now: datetime) -> None:
    """Take a contact from an account: what was ordered with it is no longer listed. Refuses for the last one."""
    contacts = queries.list_contacts(member_id)
    gone = next((one for one in contacts if one.id == contact_id), None)
    if gone is None:
        raise NotFound
    if not db.changed(delete(MemberContact).where(MemberContact.id == gone.id, _has_another(gone))):
        raise LastContact
    forget_ways(contacts)
    said = {"channel": gone.channel.name.lower(), "at": now, "by": By("buyer", member_id)}
    publish(MemberContactRemoved(subject_id=member_id, **said))  # type: ignore[arg-type]


def change_lang(member_id: UUID, lang: str) -> None:
    """Remember in which language a member is written to."""
    db.changed(update(Member).where(Member.id == member_id).values(lang=lang))


def learn_ways(contacts: list[MemberContact], *, now: datetime) -> None:
    """Let what was ordered with one contact of a member be told by the others as well."""
    for one in contacts:
        for other in contacts:
            if other.id != one.id:
                address = Secret(unseal("member_contact", other).expose())
                delivery.learn_way(one.contact_index, other.channel, address, mask=other.mask, now=now)


def forget_ways(contacts: list[MemberContact]) -> None:
    """Tell what was ordered with each of these contacts by itself alone again."""
    for one in contacts:
        for other in contacts:
            if other.id != one.id:
                delivery.forget_way(one.contact_index, other.channel)


def _has_another(gone: MemberContact) -> ColumnElement[bool]:
    other = MemberContact.__table__.alias("other")
    mine = (other.c.merchant_id == db.merchant_id(), other.c.member_id == gone.member_id, other.c.id != gone.id)
    return select(other.c.id).where(*mine).exists()


def _owner_of(index: bytes) -> UUID | None:
    return db.session().scalar(select(MemberContact.member_id).where(MemberContact.address_index == index))


def _keep(member_id: UUID, code: MemberCode, now: datetime) -> bool:
    """Write the address of a code down as a member's, unless it is somebody's or they have one of its kind."""
    number, text = new_id(), unseal("member_code", code).expose()
    key_id, sealed = seal("member_contact", number, text)
    row = {
        "merchant_id": db.merchant_id(),
        "id": number,
        "member_id": member_id,
        "channel": code.channel,
        "address_index": code.contact_index,
        "contact_index": orders.contact_index(text),
        "key_id": key_id,
        "sealed": sealed,
        "mask": orders.mask_contact(text),
        "proved_at": now,
    }
    return bool(db.changed(db.insert_or(MemberContact).values(row).on_conflict_do_nothing()))
