"""Pieces that buyers exchange: a gateway of our own, as a balance is. What a piece is worth pays some of another order.

No money ever goes back to it: what goes back of such a payment goes to where the piece was paid from (`origins.trace`).
"""

from app.kit.errors import words
from app.payments.providers.balance import Balance

NAME = "exchange"


class Exchange(Balance):
    """The gateway whose money is a piece that its buyer had from us."""

    name = NAME
    title = words("Exchanged piece")
