"""How orders stand in a list, in the word of their badge."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from app.orders.queries import Order, status
from app.refunds import queries as refunds

TAKEN_BACK = ("refunded", "partially_refunded")


def with_standing(found: Sequence[Order], *, now: datetime) -> list[tuple[Order, str]]:
    """Return orders, each with how it stands."""
    words = standings(found, now=now)
    return [(order, words[order.id]) for order in found]


def standings(found: Collection[Order], *, now: datetime) -> dict[UUID, str]:
    """Return by order how it stands: exchanged, not refunded, where all that was taken back became something else."""
    words = {order.id: status(order, now=now) for order in found}
    traded = refunds.list_traded([number for number, word in words.items() if word in TAKEN_BACK])
    return words | dict.fromkeys(traded, "exchanged")
