"""Walks: which lanes of a SKU's pool a channel sells from, and in which order."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from app.inventory.models import LaneWalk
from app.kit import db
from app.kit.recent import Recent

SHOP, COMPANY = "shop", "company"
CHANNELS = (SHOP, COMPANY)
MAIN = (0,)  # the walk of a channel that nobody gave one


def channel_of(company_id: UUID | None) -> str:
    """Return the channel through which somebody buys: a company, or anybody in the shop."""
    return COMPANY if company_id else SHOP


Walks = dict[UUID, dict[str, tuple[int, ...]]]
_walks: Recent[Walks] = Recent()


def walk_of(sku_id: UUID, channel: str) -> tuple[int, ...]:
    """Return the lanes that a channel sells from, in order; from memory, so a few seconds old in other processes.

    Codes are kept for a channel by the lane they lie in, so nobody sells from a new lane before knowing of it.
    """
    return _remembered().get(sku_id, {}).get(channel, MAIN)


def any_walks(sku_ids: Iterable[UUID]) -> bool:
    """Tell whether it matters for one of these SKUs by which channel it is sold."""
    known = _remembered()
    return any(sku_id in known for sku_id in sku_ids)


def forget_walks() -> None:
    """Let the next sale know what the running unit changes."""
    _walks.forget()


def read_walks(sku_id: UUID | None = None) -> Walks:
    """Return the walks of all SKUs, or of one, as the database has them."""
    query = select(LaneWalk.sku_id, LaneWalk.channel, LaneWalk.lane).order_by(LaneWalk.position)
    found: defaultdict[UUID, defaultdict[str, tuple[int, ...]]] = defaultdict(lambda: defaultdict(tuple))
    for row in db.session().execute(query if sku_id is None else query.where(LaneWalk.sku_id == sku_id)):
        found[row.sku_id][row.channel] += (row.lane,)
    return {sku: dict(channels) for sku, channels in found.items()}


def _remembered() -> Walks:
    return _walks.find((db.merchant_id(),), read_walks) or {}
