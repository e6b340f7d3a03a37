"""Every entry we ever make, one pure function an event: what an accountant reads first.

Debits are positive, credits negative. Accounts: `asset:gateway` (what the gateway owes us), `asset:stock` (codes at
cost), `income:sales`, `expense:goods`, `liability:suppliers`.
"""

from datetime import date, datetime
from uuid import UUID

from app.kit.money import Money
from app.ledger.service import Leg, Posting


def sale(*, order_id: UUID, total: Money, cost: Money, at: datetime, day: date) -> Posting:
    """A paid order: the gateway owes us the price; the goods leave stock at what they cost."""
    legs = [Leg("asset:gateway", total), Leg("income:sales", -total)]
    if cost.minor:
        legs += [Leg("expense:goods", cost), Leg("asset:stock", -cost)]
    return Posting("sale", order_id, at, day, tuple(legs))


def purchase(*, batch_id: UUID, cost: Money, at: datetime, day: date) -> Posting:
    """An imported batch: codes come into stock, and we owe them to whoever sold them to us."""
    return Posting("purchase", batch_id, at, day, (Leg("asset:stock", cost), Leg("liability:suppliers", -cost)))
