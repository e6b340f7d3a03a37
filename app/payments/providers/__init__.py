"""The gateways we can talk to: one file each behind one Protocol."""

from collections.abc import Mapping

from app.payments.providers.balance import NAME as BALANCE
from app.payments.providers.balance import Balance
from app.payments.providers.base import (
    Account,
    BadAccount,
    ChecksReferrer,
    Closed,
    Field,
    Finding,
    Forged,
    Hint,
    Kind,
    NamesBuyers,
    Opened,
    Paid,
    Payback,
    Provider,
    Reply,
    Scene,
    Start,
    Told,
    Trade,
    Unpaid,
    WaitsLong,
    Way,
    Wire,
)
from app.payments.providers.exchange import NAME as EXCHANGE
from app.payments.providers.exchange import Exchange
from app.payments.providers.transfer import BY_HAND, Transfer
from app.payments.providers.transfer import NAME as TRANSFER

OURS = (BALANCE, EXCHANGE)  # what people neither connect nor see among the ways to be paid

_providers: dict[str, Provider] = {}


def configure(providers: Mapping[str, Provider]) -> None:
    """Take the gateways of this installation by name; called once at start. Our own need no setting, so they stay."""
    _providers.clear()
    _providers[BALANCE] = Balance()
    _providers[EXCHANGE] = Exchange()
    _providers[TRANSFER] = Transfer()
    _providers.update(providers)


def provider(name: str) -> Provider:
    """Return the gateway of this name; a method in the database always names one."""
    return _providers[name]


def names() -> tuple[str, ...]:
    """Return the gateways that a merchant can connect, by name."""
    return tuple(name for name, gateway in _providers.items() if gateway.fields)


__all__ = [
    "BALANCE",
    "BY_HAND",
    "EXCHANGE",
    "OURS",
    "TRANSFER",
    "Account",
    "BadAccount",
    "ChecksReferrer",
    "Closed",
    "Field",
    "Finding",
    "Forged",
    "Hint",
    "Kind",
    "NamesBuyers",
    "Opened",
    "Paid",
    "Payback",
    "Provider",
    "Reply",
    "Scene",
    "Start",
    "Told",
    "Trade",
    "Unpaid",
    "WaitsLong",
    "Way",
    "Wire",
    "configure",
    "names",
    "provider",
]
