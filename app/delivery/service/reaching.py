"""Reaching: by which ways besides the contact of an order its buyer can be told of it, and which they want no more."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, select

from app.delivery.events import WayLearned, WaysChosen
from app.delivery.models import Channel, Reach
from app.delivery.ways import OptOut
from app.kit import crypto, db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders.queries import Order

ADDRESS = "reach"
AT_ONCE = 500  # contacts in one question


class Wanted(StrEnum):
    """What somebody wants to hear by a channel."""

    ALL = "all"
    NEEDED = "needed"  # nothing that they can do without
    NOTHING = "nothing"


def learn_way(contact_index: bytes, channel: Channel, address: Secret, *, mask: str, now: datetime) -> None:
    """Remember that the owner of a contact is also reached by a channel, at an address that they proved.

    A newer address of the channel takes the place of the one before, and ends that they wanted nothing by it.
    """
    same = (OptOut.contact_index == contact_index, OptOut.channel == channel)
    db.session().execute(delete(OptOut).where(*same))
    sealing, number = crypto.key_for(ADDRESS), new_id()
    whose = {"merchant_id": db.merchant_id(), "contact_index": contact_index, "channel": channel}
    known = {
        "id": number,  # a new one, since the seal holds for its row alone
        "key_id": sealing.id,
        "sealed": sealing.seal("reach", "sealed", number, address),
        "mask": mask,
        "learned_at": now,
    }
    put = db.insert_or(Reach).values(whose | known)
    db.changed(put.on_conflict_do_update(index_elements=[*whose], set_=known))


def tell_also_by(found: Order, channel: Channel, address: Secret, *, mask: str, now: datetime, by: By) -> None:
    """Tell the buyer of an order by a further channel from now on, as they asked there."""
    learn_way(found.contact_index, channel, address, mask=mask, now=now)
    publish(WayLearned(subject_id=found.id, order_id=found.id, channel=channel.name.lower(), at=now, by=by))


def choose_wanted(contact_index: bytes, channel: Channel, wanted: Wanted, *, now: datetime, by: By) -> None:
    """Write down what the owner of a contact wants to hear by a channel from now on."""
    key = {"merchant_id": db.merchant_id(), "contact_index": contact_index, "channel": channel}
    same = (OptOut.contact_index == contact_index, OptOut.channel == channel)
    if wanted is Wanted.ALL:
        changed = db.changed(delete(OptOut).where(*same))
    else:
        said = {"everything": wanted is Wanted.NOTHING, "at": now}
        put = db.insert_or(OptOut).values(key | said)
        other = OptOut.everything != said["everything"]
        changed = db.changed(put.on_conflict_do_update(index_elements=[*key], set_=said, where=other))
    if changed:
        told = {"channel": channel.name.lower(), "wanted": wanted.value}
        publish(WaysChosen(subject_id=UUID(bytes=contact_index[:16]), at=now, by=by, **told))  # type: ignore[arg-type]


def wanted_by(contact_index: bytes, channel: Channel) -> Wanted:
    """Return what the owner of a contact wants to hear by a channel."""
    out = unwanted([contact_index])[contact_index]
    return Wanted.ALL if channel not in out else Wanted.NOTHING if out[channel] else Wanted.NEEDED


def forget_way(contact_index: bytes, channel: Channel) -> None:
    """Forget how the owner of a contact is reached by a channel: they took it back."""
    db.session().execute(delete(Reach).where(Reach.contact_index == contact_index, Reach.channel == channel))


def ways_of(contact_index: bytes) -> dict[Channel, Reach]:
    """Return the ways by which the owner of a contact is reached and still wants to be."""
    out = unwanted([contact_index])[contact_index]
    return {way: row for way, row in reaches([contact_index])[contact_index].items() if not out.get(way)}


def reaches(indexes: Iterable[bytes]) -> Mapping[bytes, Mapping[Channel, Reach]]:
    """Return by contact the further ways by which its owner is reached."""
    found: dict[bytes, dict[Channel, Reach]] = defaultdict(dict)
    for row in db.session().scalars(select(Reach).where(Reach.contact_index.in_(set(indexes)))):
        found[row.contact_index][row.channel] = row
    return found


def unwanted(indexes: Iterable[bytes]) -> Mapping[bytes, Mapping[Channel, bool]]:
    """Return by contact the channels its owner has turned off: whether all of it, or what they can do without."""
    found: dict[bytes, dict[Channel, bool]] = defaultdict(dict)
    for row in db.session().scalars(select(OptOut).where(OptOut.contact_index.in_(set(indexes)))):
        found[row.contact_index][row.channel] = row.everything
    return found


def said_nothing(people: Iterable[tuple[UUID, Secret]]) -> Mapping[UUID, frozenset[Channel]]:
    """Return by person by which channels the owner of their address wants nothing at all; few shops have one."""
    if db.session().scalar(select(OptOut.contact_index).where(OptOut.everything).limit(1)) is None:
        return {}
    indexes = {number: orders.contact_index(contact.expose()) for number, contact in people}
    known, out = sorted(set(indexes.values())), dict[bytes, Mapping[Channel, bool]]()
    for at in range(0, len(known), AT_ONCE):
        out |= unwanted(known[at : at + AT_ONCE])
    return {
        number: frozenset(channel for channel, everything in out.get(index, {}).items() if everything)
        for number, index in indexes.items()
    }


def is_reached(contact_index: bytes, channel: Channel) -> bool:
    """Tell whether the owner of a contact is reached by a channel."""
    return channel in ways_of(contact_index)


def address_at(row: Reach) -> Secret:
    """Return the address of a way; for telling its owner alone."""
    place = crypto.Sealed("reach", "sealed", row.merchant_id, row.id, row.key_id, row.sealed)
    return crypto.unseal(place, ADDRESS)
