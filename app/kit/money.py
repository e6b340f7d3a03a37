"""Money: whole minor units and a currency; no float ever."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

# ISO 4217 exponents that are not 2.
EXPONENTS = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0) | dict.fromkeys(
    "BHD IQD JOD KWD LYD OMR TND".split(), 3
)
LARGEST = 10**15
CURRENCY = re.compile(r"[A-Z]{3}")

K = TypeVar("K", str, int, UUID)


class NotMoney(ValueError):
    """The text or number cannot be an amount of this currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units; adding two currencies raises."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        whole = type(self.minor) is int  # True is an int to Python, and JSON may bring it
        if not whole or abs(self.minor) > LARGEST or not CURRENCY.fullmatch(self.currency):
            raise NotMoney(f"{self.minor!r} {self.currency!r}")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __mul__(self, times: int) -> "Money":
        if not isinstance(times, int):
            raise NotMoney(f"an amount is multiplied by whole numbers only, not {times!r}")
        return Money(self.minor * times, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    @property
    def major(self) -> str:
        """Return the amount in major units as digits: `19.99`, `-0.05`, `1200` for yen."""
        places = exponent(self.currency)
        whole, rest = divmod(abs(self.minor), 10**places)
        digits = f"{whole}.{rest:0{places}d}" if places else str(whole)
        return f"-{digits}" if self.minor < 0 else digits

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise NotMoney(f"{self.currency} and {other.currency} do not mix")
        return other.minor


def exponent(currency: str) -> int:
    """Return how many decimals the currency has (ISO 4217)."""
    return EXPONENTS.get(currency, 2)


def parse(text: str, currency: str) -> Money:
    """Return the amount typed as `12.50` or `12`; more decimals than the currency has raise NotMoney."""
    places = exponent(currency)
    typed = re.fullmatch(r"(\d{1,15})(?:\.(\d+))?", text.strip())
    if not typed or len(typed[2] or "") > places:
        raise NotMoney(text)
    return Money(int(typed[1] + (typed[2] or "").ljust(places, "0")), currency)


def split(total: Money, weights: Mapping[K, int]) -> dict[K, Money]:
    """Share `total` out by weight, by largest remainder: the shares sum to it, each within one unit of exact.

    What is left over goes to equal remainders in the order of their keys, so the order given does not matter.
    Where nobody has a weight, all share alike.
    """
    if not weights or min(weights.values()) < 0:
        raise NotMoney(f"nothing to share {total.minor} {total.currency} by: {weights}")
    parties = sorted(weights)
    share = weights if any(weights.values()) else dict.fromkeys(parties, 1)
    whole = sum(share.values())
    exact = {party: divmod(abs(total.minor) * share[party], whole) for party in parties}
    left = abs(total.minor) - sum(units for units, _ in exact.values())
    first = set(sorted(parties, key=lambda party: exact[party][1], reverse=True)[:left])
    sign = -1 if total.minor < 0 else 1
    return {party: Money(sign * (exact[party][0] + (party in first)), total.currency) for party in parties}
