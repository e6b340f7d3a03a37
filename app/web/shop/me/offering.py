"""What of an order a member can pay from their wallet, as its page offers it."""

from dataclasses import dataclass

from app.balances import queries
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order, Payment, Purpose
from app.web.cashier import Cashier
from app.web.shop.me.present import present_member


@dataclass(frozen=True)
class WalletShown:
    """What is in the wallet of who is signed in, and what of an order it can pay; what it holds of it already."""

    balance: Money
    part: Money
    rest: Money
    held: Money | None


def wallet_of(found: Order, cashier: Cashier) -> WalletShown | None:
    """Return how the wallet of who is signed in can pay an order; None where nobody is, or it cannot."""
    member = present_member() if found.purpose is Purpose.SALE and found.payment is Payment.PENDING else None
    if member is None or cashier.price is None or found.holder_id not in (None, member.id):
        return None
    here = queries.spendable(member.id, cashier.price.currency)
    part = min(here, cashier.price, key=lambda money: money.minor)
    return WalletShown(
        here,
        part,
        cashier.price - part,
        orders.held_of(found.id) if found.holder_id and not found.exchange_id else None,
    )


def tops_up_own(found: Order) -> bool:
    """Tell whether an order is a top-up of the wallet of who is signed in."""
    member = present_member() if found.purpose is Purpose.TOP_UP else None
    return member is not None and found.holder_id == member.id
