"""What a member was given by others: the gifts claimed with their address, or in this browser."""

from dataclasses import dataclass
from datetime import datetime

from app.catalog import queries as catalog
from app.gifting import queries as gifting
from app.gifting.queries import Given
from app.kit import clock
from app.members import queries as members
from app.members.queries import MemberSeen
from app.web.guard import frame
from app.web.language import here, lang
from app.web.shop.proof import present_device


@dataclass(frozen=True)
class PresentShown:
    """A gift that somebody has: what it is, from whom, and where it is opened."""

    title: str
    giver: str
    is_given_on: bool
    at: datetime | None
    url: str


def received_by(member: MemberSeen) -> list[PresentShown]:
    """Return the gifts of a member, the latest first; each is opened on its own page, by its own proof."""
    device, addresses = present_device(), members.list_contacts(member.id)
    sure = [one.contact_index for one in addresses if members.address_in(one).expose().isascii()]
    found = gifting.list_received(sure, device.id if device else None, now=clock.now())
    titles = catalog.titles({given.entitlement.sku_id for given in found}, lang(), frame().lang)
    return [_shown(given, titles.get(given.entitlement.sku_id, "")) for given in found]


def _shown(given: Given, title: str) -> PresentShown:
    url = here(".gift", gift=gifting.gift_token(given.gift.id))
    return PresentShown(title, given.gift.giver, not given.is_mine, given.gift.ended_at, url)
