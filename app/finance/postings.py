"""Every entry we ever make, one pure function an event: what an accountant reads first.

Debits are positive, credits negative. Accounts: `asset:gateway` (what the gateway owes us), `asset:bank` (transfers
that came in, less what we gave back by hand), `asset:stock` (codes at cost), `income:sales`, `income:discounts` (what
we let off), `income:fees` (what buyers bear on top of prices, and
what exchanges cost them), `expense:goods`, `expense:lost` (codes that became
void), `expense:marketing` (codes that were given away), `expense:fees` (what gateways keep), `expense:goodwill` (what
we put onto balances ourselves),
`liability:suppliers`, `liability:refunds` (buyers' money on its way back), `liability:balance:com_…` (what one company
paid ahead), `liability:balance:members` (all members together). A balance is a gateway of our own: what it pays passes
through `asset:gateway` like any other payment, so a sale reads the same however it is paid.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.kit.ids import public
from app.kit.money import Money
from app.ledger.service import Leg, Posting

BALANCES = "liability:balance:"
FEES = "income:fees"
REVALUED = {
    "void": "expense:lost",
    "restored": "expense:lost",
    "withdrawn": "liability:suppliers",
    "cost": "liability:suppliers",
    "replaced": "expense:goods",
}


def sale(*, order_id: UUID, total: Money, cost: Money, at: datetime, day: date) -> Posting:
    """A paid order: the gateway owes us the price; the goods leave stock at what they cost."""
    legs = [Leg("asset:gateway", total), Leg("income:sales", -total)]
    if cost.minor:
        legs += [Leg("expense:goods", cost), Leg("asset:stock", -cost)]
    return Posting("sale", order_id, at, day, tuple(legs))


def giveaway(*, order_id: UUID, cost: Money, at: datetime, day: date) -> Posting:
    """An order that the shop gave away: no revenue and no debtor; the goods leave stock at what they cost."""
    return Posting("giveaway", order_id, at, day, (Leg("expense:marketing", cost), Leg("asset:stock", -cost)))


def purchase(*, batch_id: UUID, cost: Money, at: datetime, day: date) -> Posting:
    """An imported batch: codes come into stock, and we owe them to whoever sold them to us."""
    return Posting("purchase", batch_id, at, day, (Leg("asset:stock", cost), Leg("liability:suppliers", -cost)))


def late_goods(*, entitlement_id: UUID, cost: Money, at: datetime, day: date, given_away: bool = False) -> Posting:
    """Codes that came after the sale, from this entitlement on: they leave stock at what they cost."""
    bears = Leg("expense:marketing" if given_away else "expense:goods", cost)
    return Posting("late_goods", entitlement_id, at, day, (bears, Leg("asset:stock", -cost)))


def revaluation(*, cause: str, change_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """Stock that is worth more or less without purchase or sale: void codes are a loss, and restored ones none; codes
    that go back, or cost otherwise than we thought, change what we owe; a replaced code changes the cost of goods."""
    legs = (Leg("asset:stock", amount), Leg(REVALUED[cause], -amount))
    return Posting(cause, change_id, at, day, legs)


@dataclass(frozen=True)
class Taken:
    """What was taken back: the money that goes back, what of its price was never paid, and what its codes had cost."""

    total: Money
    forgiven: Money
    cost: Money


def refund(*, refund_id: UUID, taken: Taken, at: datetime, day: date) -> Posting:
    """Goods taken back: their sale is reversed, we owe the buyer the money, and the codes are in our stock again."""
    total, forgiven, cost = taken.total, taken.forgiven, taken.cost
    legs = [Leg("income:sales", total + forgiven), Leg("liability:refunds", -total)] if total.minor else []
    if forgiven.minor:
        legs = legs or [Leg("income:sales", forgiven)]
        legs.append(Leg("income:discounts", -forgiven))
    if cost.minor:
        legs += [Leg("asset:stock", cost), Leg("expense:goods", -cost)]
    return Posting("refund", refund_id, at, day, tuple(legs))


def allowance(*, order_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """The shop took less than the price for the whole: the difference is a discount of its own, owed by nobody."""
    return Posting("allowance", order_id, at, day, (Leg("income:discounts", amount), Leg("asset:gateway", -amount)))


def surcharge(*, tender_id: UUID, fee: Money, at: datetime, day: date) -> Posting:
    """A fee that the buyer bore: the gateway owes it us beside the price."""
    return Posting("surcharge", tender_id, at, day, (Leg("asset:gateway", fee), Leg("income:fees", -fee)))


def fee(*, tender_id: UUID, fee: Money, at: datetime, day: date) -> Posting:
    """What a gateway is reckoned to keep of a payment: it owes us so much less."""
    return Posting("fee", tender_id, at, day, _kept(fee))


def fee_told(*, notice_id: UUID, more: Money, at: datetime, day: date) -> Posting:
    """What a gateway keeps of a payment beyond what was reckoned, as it told with it."""
    return Posting("fee_told", notice_id, at, day, _kept(more))


def fee_billed(*, line_id: UUID, more: Money, at: datetime, day: date) -> Posting:
    """What a gateway keeps beyond what the books had, as its bill tells."""
    return Posting("fee_billed", line_id, at, day, _kept(more))


def _kept(fee: Money) -> tuple[Leg, Leg]:
    return Leg("expense:fees", fee), Leg("asset:gateway", -fee)


def fee_back(*, refund_id: UUID, fee: Money, at: datetime, day: date) -> Posting:
    """The share of the buyer's fee that goes back with a refund: no income, and we owe it to the buyer."""
    return Posting("fee_back", refund_id, at, day, (Leg("income:fees", fee), Leg("liability:refunds", -fee)))


def unasked(*, payback_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """Money nobody asked for: the gateway has it for us, and we owe it back."""
    return Posting("unasked", payback_id, at, day, (Leg("asset:gateway", amount), Leg("liability:refunds", -amount)))


def payback(*, payback_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """The gateway gave money back: neither do we owe it, nor does the gateway owe it us."""
    return Posting("payback", payback_id, at, day, (Leg("liability:refunds", amount), Leg("asset:gateway", -amount)))


def transfer(*, piece_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """Money of a transfer: it is in our bank, and no gateway owes it us."""
    return Posting("transfer", piece_id, at, day, (Leg("asset:bank", amount), Leg("asset:gateway", -amount)))


def exchange(*, exchange_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """A piece pays some of another order: we owe its buyer that no more, and no gateway owes us what the sale says."""
    return Posting("exchange", exchange_id, at, day, (Leg("liability:refunds", amount), Leg("asset:gateway", -amount)))


def exchange_fee(*, exchange_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """What the shop keeps of an exchanged piece: its fee, and the difference where none is given back."""
    return Posting("exchange_fee", exchange_id, at, day, (Leg("liability:refunds", amount), Leg(FEES, -amount)))


def payback_by_hand(*, payback_id: UUID, amount: Money, at: datetime, day: date) -> Posting:
    """People gave money back past the gateway: we owe it no more, and it is in our bank no more."""
    legs = (Leg("liability:refunds", amount), Leg("asset:bank", -amount))
    return Posting("payback_by_hand", payback_id, at, day, legs)


def balance_of(holder: str, holder_id: UUID) -> str:
    """Return the account of what a company paid ahead, or all members together."""
    return f"{BALANCES}{public('com', holder_id)}" if holder == "company" else f"{BALANCES}{holder}s"


def top_up(*, movement_id: UUID, account: str, amount: Money, at: datetime, day: date) -> Posting:
    """A holder's transfer: it is in our bank, and we owe the holder goods or money for it."""
    return Posting("top_up", movement_id, at, day, (Leg("asset:bank", amount), Leg(account, -amount)))


def pay_out(*, movement_id: UUID, account: str, amount: Money, at: datetime, day: date) -> Posting:
    """Money that left a balance: it is in our bank no more, and we owe it to its holder no more."""
    return Posting("pay_out", movement_id, at, day, (Leg(account, amount), Leg("asset:bank", -amount)))


def paid_in(*, movement_id: UUID, account: str, amount: Money, at: datetime, day: date) -> Posting:
    """A top-up through a gateway: the gateway owes it us, and we owe its holder goods or money for it; no revenue."""
    legs = (Leg("asset:gateway", amount), Leg(account, -amount))
    return Posting("paid_in", movement_id, at, day, legs)


def sent_back(*, movement_id: UUID, account: str, amount: Money, at: datetime, day: date) -> Posting:
    """A top-up that goes back: it is on the balance no more, and we owe it until its gateway has given it back."""
    legs = (Leg(account, amount), Leg("liability:refunds", -amount))
    return Posting("sent_back", movement_id, at, day, legs)


def correction(*, movement_id: UUID, account: str, amount: Money, at: datetime, day: date) -> Posting:
    """What the shop put onto a balance at its own expense, or took off it again."""
    return Posting("correction", movement_id, at, day, (Leg("expense:goodwill", amount), Leg(account, -amount)))


def spending(*, movement_id: UUID, account: str, amount: Money, at: datetime, day: date) -> Posting:
    """An order paid from a balance: what we owed its holder pays what the sale says the gateway owes us."""
    legs = (Leg(account, amount), Leg("asset:gateway", -amount))
    return Posting("spending", movement_id, at, day, legs)


def returned(*, movement_id: UUID, account: str, amount: Money, at: datetime, day: date) -> Posting:
    """A refund of such an order: the money that goes back stays with us, on the balance."""
    legs = (Leg("asset:gateway", amount), Leg(account, -amount))
    return Posting("returned", movement_id, at, day, legs)
