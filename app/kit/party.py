"""Parties outside: what a merchant has with them, what a self-test found, and what comes from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from app.kit.secret import Secret


class Kind(Enum):
    """How a field of such settings is written in its form; keys and passwords are sealed, never shown again."""

    TEXT = "text"
    CHOICE = "choice"
    URL = "url"
    PASSWORD = "password"
    KEY = "key"  # several lines, as PEM


@dataclass(frozen=True)
class Field:
    """One thing a merchant must tell us of their account there; the form is drawn from these."""

    name: str
    label: str
    help: str = ""
    kind: Kind = Kind.TEXT
    choices: tuple[tuple[str, str], ...] = ()  # value and label, the first one is the default
    required: bool = True
    pattern: str = ""  # of the whole text
    tells_apart: bool = False  # two accounts of one number that differ here are two
    later: bool = False  # known only once the gateway has our address; until then it is not in use

    @property
    def is_secret(self) -> bool:
        return self.kind in (Kind.PASSWORD, Kind.KEY)


@dataclass(frozen=True)
class Account:
    """An account there: its number, what was set, and the keys, which no one sees again."""

    number: str
    settings: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, Secret] = field(default_factory=dict)

    def key(self, name: str) -> Secret:
        """Return one of the keys; an optional one that was not given is empty."""
        return self.keys.get(name, Secret(""))

    def setting(self, name: str) -> str:
        return self.settings.get(name, "")


class BadAccount(Exception):
    """What a merchant entered cannot work; `field` names the field, the argument says why and how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Finding:
    """One line of a self-test: what was tried, whether it is well, and what to do when it is not."""

    name: str  # keys | clock | query | callback …
    well: bool
    message: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Wire:
    """A request as it came to an address that we gave away."""

    headers: Mapping[str, str]
    body: bytes = b""
    query: str = ""  # of the address, raw
    method: str = "POST"


class Forged(Exception):
    """It is not from there, or nobody can tell; the argument says why, without any secret."""


@dataclass(frozen=True)
class Reply:
    """What the other side hears in return."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"
