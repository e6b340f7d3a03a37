"""The links by which a buyer comes to an order: what is known of them, and ending them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext

from app.delivery import queries
from app.delivery import service as delivery
from app.delivery.queries import Link
from app.kit import clock
from app.kit.ids import from_public
from app.orders import queries as orders
from app.web.guard import actor, needs
from app.web.language import here
from app.web.office import bp
from app.web.render import Redirect


@dataclass(frozen=True)
class LinksShown:
    """The links of an order, the newest first, and how many of them still lead there."""

    all: Sequence[Link]
    living: frozenset[UUID]


def links_of(order_id: UUID) -> LinksShown:
    """Return the links of an order."""
    found, now = queries.list_links(order_id), clock.now()
    living = frozenset(link.id for link in found if link.revoked_at is None and link.expires_at > now)
    return LinksShown(found, living)


@bp.post("/<shop>/orders/<order>/links/revocation")
@needs("messages.send")
def revoke_links(order: str) -> Redirect:
    found = orders.get(from_public("ord", order))
    ended = delivery.revoke_links(found.id, now=clock.now(), by=actor().by)
    said = gettext("The links no longer work") if ended else gettext("No link was valid any more")
    return Redirect(here(".order", order=order), toast=said)
