"""Balances that the shop itself keeps for companies: a gateway of our own, with nothing outside to call.

What it tells us is made in the unit that takes the money from the balance (`payments.pay_from_balance`), never by
HTTP; giving back is answered at once, and the balance follows in the unit that records it.
"""

from collections.abc import Mapping
from datetime import datetime

from app.kit.effects import Answer, Done, Refused
from app.kit.http import Client
from app.kit.secret import Secret
from app.payments.providers.base import Closed, Forged, Payback, Start, Told, Trade

NAME = "balance"


class Balance:
    """The gateway whose money is with us already."""

    name = NAME
    sandbox = False  # in a sandbox as well: `pay_from_balance` makes the method by itself
    origin = ""
    accepted = ""

    def start(self, start: Start, account: str, credentials: Secret, http: Client) -> Answer:
        """Refuse: no buyer is sent anywhere to pay from a balance."""
        return Refused("a balance has no page to pay at")

    def verify(self, headers: Mapping[str, str], body: bytes, account: str, credentials: Secret, now: datetime) -> Told:
        """Believe nothing that comes from outside."""
        raise Forged("not understood")

    def query(self, trade: Trade, account: str, credentials: Secret, http: Client) -> Answer:
        """Tell that nothing more can come: what was paid, was paid in the unit that asked for it."""
        return Done(Closed())

    def close(self, trade: Trade, account: str, credentials: Secret, http: Client) -> Answer:
        """Close a trade, of which there is nothing outside."""
        return Done(Closed())

    def refund(self, payback: Payback, account: str, credentials: Secret, http: Client) -> Answer:
        """Give money back: it never left, so the unit that records this puts it on the balance."""
        return Done(payback.number)

    def refund_query(self, payback: Payback, account: str, credentials: Secret, http: Client) -> Answer:
        """Answer as `refund` does, since that may be said any number of times."""
        return Done(payback.number)
