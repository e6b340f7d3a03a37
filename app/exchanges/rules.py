"""Pure rules of exchanges: what a piece pays of another one, and what becomes of the rest."""

from dataclasses import dataclass

MOST_DAYS = 365
MOST_RULES = 200
MOST_OPTIONS = 60  # on one page


@dataclass(frozen=True)
class Terms:
    """What an exchange costs and leaves, in minor units of one currency."""

    moved: int  # what of the worth of the old piece pays for the new one
    due: int  # what is to be paid on top
    back: int  # what goes back as money
    kept: int  # what stays with the shop: its fee, and what a cheaper piece does not give back

    @property
    def difference(self) -> int:
        """Return what the buyer pays, or gets where it is negative; what a form says it was shown."""
        return self.due - self.back


def reckon(*, worth: int, price: int, fee: int, gives_back: bool) -> Terms | None:
    """Return the terms of an exchange, or None where nothing is left of the old piece, or the new one costs nothing.

    The four sums always fit: moved + back + kept is the worth, and moved + due is the price.
    """
    credit = worth - fee
    if credit <= 0 or price <= 0:
        return None
    moved = min(credit, price)
    back = credit - moved if gives_back else 0
    return Terms(moved, price - moved, back, worth - moved - back)
