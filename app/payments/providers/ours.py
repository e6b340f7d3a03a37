"""What gateways of our own have in common: nothing is outside, so nobody is sent anywhere, and nobody believed."""

from datetime import date, datetime

from app.kit.effects import Answer, Done, Refused
from app.kit.http import Client
from app.payments.providers.base import Account, Closed, Forged, Reply, Told, Trade, Wire


class Ours:
    """A gateway with nothing outside to call."""

    accepted = refused = Reply(404, "")
    shows_wallets: tuple[str, ...] = ()

    def confirms_first(self, account: Account) -> bool:
        """Tell that what is told is believed: only the shop itself tells."""
        return False

    def is_test(self, account: Account) -> bool:
        """Tell that this is money, also in a sandbox."""
        return False

    def origins(self, account: Account) -> tuple[str, ...]:
        """Return nothing: the buyer stays on our page."""
        return ()

    def verify(self, request: Wire, account: Account, now: datetime) -> Told:
        """Believe nothing that comes from outside."""
        raise Forged("not understood")

    def kept(self, request: Wire) -> str:
        """Keep nothing of what cannot be for us."""
        return ""

    def close(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Close a trade, of which there is nothing outside; money that comes all the same is late."""
        return Done(Closed())

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        """Offer none: our own books are the bill, and the bank's own list."""
        return Refused("not offered")
