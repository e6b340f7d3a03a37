"""What happens in exchanges."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class ExchangeAsked(Event):
    """A buyer wants another piece; until the rest of its price is paid nobody sees the old one."""

    name = "exchange.asked"
    subject_type = "exchange"

    entitlement_id: UUID
    number: str  # of the order that has the other piece
    amount: int  # what the old piece pays of it
    currency: str


@dataclass(frozen=True, kw_only=True)
class ExchangeDone(Event):
    """The other piece is paid, and the old one taken back; told of the order that has the other one."""

    name = "exchange.done"
    subject_type = "exchange"

    number: str  # of the order that had the old piece
    amount: int
    kept: int  # what the shop keeps of what was paid
    currency: str


@dataclass(frozen=True, kw_only=True)
class ExchangeEnded(Event):
    """The rest was not paid, or the old piece was refunded meanwhile; what is left of it is its buyer's as before."""

    name = "exchange.ended"
    subject_type = "exchange"

    number: str


@dataclass(frozen=True, kw_only=True)
class ExchangeRuleMade(Event):
    """The shop lets pieces be exchanged."""

    name = "exchange_rule.made"
    subject_type = "exchange_rule"

    days: int
    fee: int
    currency: str
    gives_back: bool


@dataclass(frozen=True, kw_only=True)
class ExchangeRuleSwitched(Event):
    """A rule of exchanges holds from now on, or no more."""

    name = "exchange_rule.switched"
    subject_type = "exchange_rule"

    enabled: bool
