"""Pure rules of payments: what paying one way costs."""

from app.kit.money import Money
from app.payments.models import FeePayer, Method

WHOLE = 10_000  # rates are hundredths of a percent


def fees_of(method: Method, price: Money) -> tuple[int, int]:
    """Return what the buyer bears on top of a price by this method, and what the gateway keeps of it all."""
    if price.minor <= 0:
        return 0, 0  # what is free costs nothing to pay
    added = _fee(method, price.minor) if method.fee_payer is FeePayer.BUYER else 0
    return added, _fee(method, price.minor + added)


def _fee(method: Method, amount: int) -> int:
    """Return the fee on an amount, rounded half up to the minor unit."""
    return (2 * amount * method.fee_rate + WHOLE) // (2 * WHOLE) + method.fee_fixed
