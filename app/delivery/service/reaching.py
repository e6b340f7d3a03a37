"""Reaching: by which ways besides the contact of an order its buyer can be told of it."""

from datetime import datetime

from sqlalchemy import delete, select

from app.delivery.models import Channel, Reach
from app.kit import crypto, db
from app.kit.ids import new_id
from app.kit.secret import Secret

ADDRESS = "reach"


def learn_way(contact_index: bytes, channel: Channel, address: Secret, *, mask: str, now: datetime) -> None:
    """Remember that the owner of a contact is also reached by a channel, at an address that they proved.

    A newer address of the channel takes the place of the one before, and ends that they wanted nothing by it.
    """
    same = (Reach.contact_index == contact_index, Reach.channel == channel)
    db.session().execute(delete(Reach).where(*same))
    key, number = crypto.key_for(ADDRESS), new_id()
    row = Reach(
        id=number,
        contact_index=contact_index,
        channel=channel,
        key_id=key.id,
        sealed=key.seal("reach", "sealed", number, address),
        mask=mask,
        learned_at=now,
    )
    db.session().add(row)


def ways_of(contact_index: bytes) -> dict[Channel, Reach]:
    """Return the ways by which the owner of a contact is reached and still wants to be."""
    query = select(Reach).where(Reach.contact_index == contact_index, Reach.opted_out_at.is_(None))
    return {row.channel: row for row in db.session().scalars(query)}


def is_reached(contact_index: bytes, channel: Channel) -> bool:
    """Tell whether the owner of a contact is reached by a channel."""
    return channel in ways_of(contact_index)


def address_at(row: Reach) -> Secret:
    """Return the address of a way; for telling its owner alone."""
    place = crypto.Sealed("reach", "sealed", row.merchant_id, row.id, row.key_id, row.sealed)
    return crypto.unseal(place, ADDRESS)
