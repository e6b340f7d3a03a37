"""What every gateway can do for us.

Needing no network: believe or refuse a notice (*verify*). Always from an effect, since it may need the network: *start*
a payment, *query* and *close* a trade, *refund* what was paid and ask about it (*refund_query*); each answers as
effects do and never raises for what the other side does. Paying again without asking the buyer (mandates)
will be verbs of their own beside these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.kit.effects import Answer
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret


@dataclass(frozen=True)
class Start:
    """What a gateway must know to ask a buyer for money."""

    trade: str  # our number for it: the tender's id, ≤ 30 characters
    due: Money
    subject: str
    notify_url: str
    return_url: str
    at: datetime


@dataclass(frozen=True)
class Trade:
    """A payment to ask about."""

    trade: str  # our number for it, as in its start
    trade_no: str = ""  # the gateway's own number, once it was told


@dataclass(frozen=True)
class Payback:
    """What a gateway must know to give money back; the same number again is the same payback."""

    number: str  # ≤ 30 characters
    trade: str
    trade_no: str
    amount: Money


@dataclass(frozen=True)
class Told:
    """What an authentic notice says."""

    trade: str
    trade_no: str  # the gateway's own number
    account: str
    paid: Money


class Forged(Exception):
    """The notice is not from the gateway, or nobody can tell; the argument says why, without any secret."""


@dataclass(frozen=True)
class Paid:
    """The trade was paid; what was told counts as a notice does."""

    told: Told


@dataclass(frozen=True)
class Unpaid:
    """Nobody has paid, or the gateway never saw the trade; somebody still may."""


@dataclass(frozen=True)
class Closed:
    """Nobody has paid and nobody can any more."""


class Provider(Protocol):
    """One gateway."""

    name: str
    sandbox: bool
    origin: str  # where the buyer is sent, for the page's content security policy
    accepted: str  # the word that makes the gateway stop telling us

    def start(self, start: Start, account: str, credentials: Secret, http: Client) -> Answer:
        """Ask for a payment: Done(the address the buyer goes to); asking twice is the same payment."""

    def verify(self, headers: Mapping[str, str], body: bytes, account: str, credentials: Secret, now: datetime) -> Told:
        """Return what an authentic notice says, or raise Forged; checks signature, age and account."""

    def query(self, trade: Trade, account: str, credentials: Secret, http: Client) -> Answer:
        """Ask how a trade stands: Done(Paid | Unpaid | Closed)."""

    def close(self, trade: Trade, account: str, credentials: Secret, http: Client) -> Answer:
        """Close a trade for good unless it was paid: Done(Closed | Paid); may be repeated."""

    def refund(self, payback: Payback, account: str, credentials: Secret, http: Client) -> Answer:
        """Give money back, once for each number however often asked: Done(the gateway's number of it)."""

    def refund_query(self, payback: Payback, account: str, credentials: Secret, http: Client) -> Answer:
        """Ask whether money went back: Done(the gateway's number of it), or Absent when it never heard of it."""
