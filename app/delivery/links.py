"""Links in messages: to an order, signed over the id of a `link` row, so that nothing in the database opens one; and to
what somebody wants to hear, signed over the contact's blind index."""

from dataclasses import dataclass
from uuid import UUID

from app.delivery.models import Channel
from app.kit.tokens import read, sign

PURPOSE = "reveal link"
WAYS = "ways"


@dataclass(frozen=True)
class Unwanted:
    """A contact and the channel by which its owner may want to hear less."""

    merchant_id: int
    contact_index: bytes
    channel: Channel


def token_of(link_id: UUID) -> str:
    """Return the token of a link."""
    return sign(PURPOSE, link_id.hex)


def read_token(token: str) -> UUID | None:
    """Return the id of the link that a token names, if we signed it."""
    value = read(PURPOSE, token)
    return UUID(value) if isinstance(value, str) else None


def way_of(merchant_id: int, contact_index: bytes, channel: Channel) -> str:
    """Return the token by which the owner of a contact says what they want to hear by a channel."""
    return sign(WAYS, [merchant_id, contact_index.hex(), int(channel)])


def read_way(token: str) -> Unwanted | None:
    """Return whose wishes for which channel a token names, if we signed it."""
    value = read(WAYS, token)
    if value is None:
        return None
    merchant_id, index, channel = value
    return Unwanted(merchant_id, bytes.fromhex(index), Channel(channel))
