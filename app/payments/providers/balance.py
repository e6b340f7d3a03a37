"""Balances that the shop itself keeps for companies: a gateway of our own, with nothing outside to call.

What it tells us is made in the unit that takes the money from the balance (`payments.pay_from_balance`), never by
HTTP; giving back is answered at once, and the balance follows in the unit that records it.
"""

from app.kit.effects import Answer, Done, Refused
from app.kit.errors import words
from app.kit.http import Client
from app.kit.money import Money
from app.payments.providers.base import (
    Account,
    Closed,
    Field,
    Payback,
    Scene,
    Start,
    Trade,
    Way,
)
from app.payments.providers.ours import Ours

NAME = "balance"


class Balance(Ours):
    """The gateway whose money is with us already."""

    name = NAME
    title = words("Balance")
    fields: tuple[Field, ...] = ()
    numbered_by = ""

    def check(self, account: Account) -> None:
        """Accept what we made ourselves."""

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Offer nothing in a cashier: whoever owns a balance pays from it by a verb of their own."""
        return None

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Refuse: no buyer is sent anywhere to pay from a balance."""
        return Refused("a balance has no page to pay at")

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Tell that nothing more can come: what was paid, was paid in the unit that asked for it."""
        return Done(Closed())

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Give money back: it never left, so the unit that records this puts it on the balance."""
        return Done(payback.number)

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Answer as `refund` does, since that may be said any number of times."""
        return Done(payback.number)

    def probe(self, account: Account, http: Client) -> Answer:
        """Find nothing: there is nothing outside."""
        return Done(())
