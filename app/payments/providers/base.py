"""What every gateway can do for us. (query, refund and close join with the effects of the next stage.)"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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
class Told:
    """What an authentic notice says."""

    trade: str
    trade_no: str  # the gateway's own number
    account: str
    paid: Money


class Forged(Exception):
    """The notice is not from the gateway, or nobody can tell; the argument says why, without any secret."""


class Provider(Protocol):
    """One gateway."""

    name: str
    sandbox: bool
    origin: str  # where the buyer is sent, for the page's content security policy
    accepted: str  # the word that makes the gateway stop telling us

    def start(self, start: Start, account: str, credentials: Secret) -> str:
        """Return the address the buyer goes to; needs no network."""

    def read(self, headers: Mapping[str, str], body: bytes, account: str, credentials: Secret, now: datetime) -> Told:
        """Return what an authentic notice says, or raise Forged; checks signature, age and account."""
