"""What of a top-up can go back, as its page in the office shows it."""

import uuid
from dataclasses import dataclass

from app.balances import queries
from app.kit.money import Money
from app.orders.queries import Order, Purpose


@dataclass(frozen=True)
class AheadShown:
    """How much of a top-up can go back, and the mark of the form that sends it."""

    most: Money
    idem: str


def ahead_shown(found: Order) -> AheadShown | None:
    """Return what of a top-up can go back; of a sale nothing is paid ahead."""
    if found.purpose is not Purpose.TOP_UP or found.holder_id is None:
        return None
    left = min(found.kept, queries.balance(found.holder_id), key=lambda money: money.minor)
    return AheadShown(left, str(uuid.uuid4()))
