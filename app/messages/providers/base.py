"""What every carrier can do for us: carry a message to a person, and say what became of it.

Needing no network: *check* an account, read *receipts* that were pushed to us. Always from an effect: *send*, *query*,
*probe*; each answers as effects do and never raises for what the other side does. A final no that is the account's
fault and not the message's (no money left, wrong key, address not allowed) is an `OutOfOrder`: the carrier rests until
people mend it, and the next carrier of its channel is tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

from app.kit.effects import Answer, Refused, Temporary
from app.kit.http import Client
from app.kit.party import Account, Field, Reply, Wire
from app.kit.secret import Secret


class Channel(IntEnum):
    """By which way a person is reached."""

    EMAIL = 0
    INBOX = 1  # within the shop, for members
    SMS = 2
    WECHAT = 3  # template message of a service account
    MINI = 4  # subscribe message of a mini program
    WECOM = 5  # a person of a company
    DINGTALK = 6  # a person of a company
    WECOM_ROBOT = 7  # a group of the staff
    DINGTALK_ROBOT = 8  # a group of the staff


# What a party's approved template, or our own template, may be filled with; never a code, never the token of a link.
VARIABLES = ("shop", "number", "title", "amount", "until", "digits", "minutes", "count")


@dataclass(frozen=True)
class Template:
    """The template that a party approved for something, and which of our values fill it: (its name or place, ours)."""

    code: str
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Message:
    """One message to one person. `text` and `values` never hold a code; `url` is "" where no link may be sent."""

    key: UUID  # of its delivery; where the other side takes a key of ours, the same one is the same message
    about: str  # ready | queued | refunded | code | note …
    to: Secret  # an address of the channel: a number with +, an openid, a user id
    lang: str
    title: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True)
class Carried:
    """The other side took a message; `number` is what it calls it, by which receipts come."""

    number: str


@dataclass(frozen=True)
class Receipt:
    """What became of a message that was taken."""

    number: str
    arrived: bool
    reason: str = ""  # in the other side's words
    at: datetime | None = None


@dataclass(frozen=True)
class OutOfOrder(Refused):
    """The account cannot carry anything until somebody mends it; `mend` says how."""

    mend: str = ""


@dataclass(frozen=True)
class Later(Temporary):
    """Too many just now: not before `seconds` from now; nothing is broken."""

    seconds: float = 60.0


@dataclass(frozen=True)
class Stale(Temporary):
    """The other side does not know our access token, or no more; nothing happened, and with a new one it may."""


@dataclass(frozen=True)
class Token:
    """An access token that the other side gave us, and for how long it is good."""

    text: Secret
    seconds: float


@dataclass(frozen=True)
class NoConsent(Refused):
    """The other side knows of no consent of this person to such a message, whatever we have counted."""


@dataclass(frozen=True)
class Consent:
    """What somebody said to messages of a template: each yes buys one of them, a no takes all of it back."""

    person: Secret
    template: str
    given: bool
    at: datetime  # as the other side saw it; told twice, it is known by this


class Provider(Protocol):
    """One party that carries messages by one channel."""

    name: str
    title: str
    channel: Channel
    fields: tuple[Field, ...]
    numbered_by: str  # the field that is our number there
    needs_template: bool  # whether it carries approved templates only

    def check(self, account: Account) -> None:
        """Raise BadAccount when what was entered cannot work; needs no network."""

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        """Hand a message over: Done(Carried), Refused, OutOfOrder, Temporary, Later or Unknown."""

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        """Ask what became of a message that was sent or may have been: Done(Receipt | Carried) or Absent."""

    def probe(self, account: Account, http: Client) -> Answer:
        """Try the account out, sending nothing: Done(findings)."""


@runtime_checkable
class TellsReceipts(Protocol):
    """A party that pushes what became of messages to an address of ours that nobody can guess."""

    accepted: Reply

    def receipts(self, request: Wire, account: Account, now: datetime) -> Sequence[Receipt]:
        """Return what a request tells; raises Forged."""


@runtime_checkable
class Speaks(Protocol):
    """A party that speaks to a group; saying something is the only way to try it out."""

    def say(self, text: str, account: Account, http: Client) -> Answer:
        """Say something: Done(what it answered), Refused, OutOfOrder, Temporary, Later or Unknown."""


TOKEN = "access_token"  # the key of an account under which a party that wants a token finds it


@runtime_checkable
class TakesToken(Protocol):
    """A party that wants an access token with every question; all processes use the same one (app/messages/tokens.py).

    Its *send* and *query* find the token among the keys of the account, and answer Stale when it is good no more.
    """

    def fetch_token(self, account: Account, http: Client) -> Answer:
        """Ask for the token that is good now: Done(Token), OutOfOrder, Temporary or Later."""


@runtime_checkable
class MustBeAsked(Protocol):
    """A party that never says by itself what became of a message; its *query* does, so many seconds later."""

    asked_after: float


@runtime_checkable
class WantsConsent(Protocol):
    """A party that carries a message only where the person consented to one of its template, and tells us of that."""

    def consents(self, request: Wire, account: Account) -> Sequence[Consent]:
        """Return the consents that a request tells; raises Forged."""


@runtime_checkable
class NamesPeople(Protocol):
    """A party whose app names the person before it by a login code, good once and for minutes."""

    def identify(self, code: Secret, account: Account, http: Client) -> Answer:
        """Ask whose code it is: Done(an address as a Secret), Refused, OutOfOrder, Temporary or Later."""


@runtime_checkable
class ChecksTemplate(Protocol):
    """A party that can tell by itself that an approved template is none of theirs."""

    def check_template(self, template: Template) -> None:
        """Raise BadAccount of the field `code` or `variables`, with how to mend it."""


@runtime_checkable
class Greets(Protocol):
    """A party that tries our address out by a GET before it pushes anything there."""

    def greet(self, request: Wire, account: Account) -> Reply:
        """Return what it wants to hear; raises Forged."""
