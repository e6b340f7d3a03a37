"""The parties that carry messages: one file each behind one Protocol."""

from collections.abc import Mapping

from app.messages.providers.base import (
    TOKEN,
    VARIABLES,
    Carried,
    Channel,
    ChecksTemplate,
    Consent,
    Greets,
    Later,
    Message,
    MustBeAsked,
    NamesPeople,
    NoConsent,
    OutOfOrder,
    Provider,
    Receipt,
    Speaks,
    Stale,
    TakesToken,
    TellsReceipts,
    Template,
    Token,
    WantsConsent,
)

_providers: dict[str, Provider] = {}


def configure(providers: Mapping[str, Provider]) -> None:
    """Take the parties of this installation by name; called once at start."""
    _providers.clear()
    _providers.update(providers)


def provider(name: str) -> Provider:
    """Return the party of this name; a carrier in the database always names one."""
    return _providers[name]


def names() -> tuple[str, ...]:
    """Return the parties that a merchant can connect, by name."""
    return tuple(_providers)


__all__ = [
    "TOKEN",
    "VARIABLES",
    "Carried",
    "Channel",
    "ChecksTemplate",
    "Consent",
    "Greets",
    "Later",
    "Message",
    "MustBeAsked",
    "NamesPeople",
    "NoConsent",
    "OutOfOrder",
    "Provider",
    "Receipt",
    "Speaks",
    "Stale",
    "TakesToken",
    "TellsReceipts",
    "Template",
    "Token",
    "WantsConsent",
    "configure",
    "names",
    "provider",
]
