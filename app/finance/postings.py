"""Every entry we ever make, one pure function an event: what an accountant reads first.

Debits are positive, credits negative. Accounts: `asset:gateway` (what the gateway owes us), `asset:stock` (codes at
cost), `income:sales`, `expense:goods`, `liability:suppliers`, `liability:refunds` (buyers' money on its way back).
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


def late_goods(*, entitlement_id: UUID, cost: Money, at: datetime, day: date) -> Posting:
    """Codes that came after the sale, from this entitlement on: they leave stock at what they cost."""
    return Posting("late_goods", entitlement_id, at, day, (Leg("expense:goods", cost), Leg("asset:stock", -cost)))


def refund(*, refund_id: UUID, total: Money, cost: Money, at: datetime, day: date) -> Posting:
    """An order taken back: the sale is reversed, we owe the buyer the money, and its codes are in our stock again."""
    legs = [Leg("income:sales", total), Leg("liability:refunds", -total)] if total.minor else []
    if cost.minor:
        legs += [Leg("asset:stock", cost), Leg("expense:goods", -cost)]
    return Posting("refund", refund_id, at, day, tuple(legs))


def unasked(*, payback_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """Money nobody asked for: the gateway has it for us, and we owe it back."""
    return Posting("unasked", payback_id, at, day, (Leg("asset:gateway", amount), Leg("liability:refunds", -amount)))


def payback(*, payback_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """The gateway gave money back: neither do we owe it, nor does the gateway owe it us."""
    return Posting("payback", payback_id, at, day, (Leg("liability:refunds", amount), Leg("asset:gateway", -amount)))
