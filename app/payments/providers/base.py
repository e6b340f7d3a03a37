"""What every gateway can do for us.

Needing no network: believe or refuse a notice (*verify*), say what a buyer can be offered here (*offers*). Always from
an effect, since it may need the network: *start* a payment, *query* and *close* a trade, *refund* what was paid and ask
about it (*refund_query*), *probe* our own account; each answers as effects do and never raises for what the other side
does. Paying again without asking the buyer (mandates) will be verbs of their own beside these.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Protocol, runtime_checkable

from app.kit.effects import Answer
from app.kit.http import Client
from app.kit.money import Money
from app.kit.party import Account as Account
from app.kit.party import BadAccount as BadAccount
from app.kit.party import Field as Field
from app.kit.party import Finding as Finding
from app.kit.party import Forged as Forged
from app.kit.party import Kind as Kind
from app.kit.party import Reply as Reply
from app.kit.party import Wire as Wire

# Paying ---------------------------------------------------------------------------------------------------------


class Scene(IntEnum):
    """Where the buyer's page is open, which decides what can work there."""

    DESKTOP = 0
    MOBILE = 1
    WECHAT = 2  # the browser inside WeChat
    ALIPAY = 3  # the browser inside Alipay


class Way(IntEnum):
    """What the buyer does to pay."""

    GO = 0  # the browser goes to the gateway's page
    SCAN = 1  # another device, or the app, reads a QR code that we draw
    IN_APP = 2  # a call of the app the page is open in
    TRANSFER = 3  # the buyer sends money by themselves and tells us


@dataclass(frozen=True)
class Start:
    """What a gateway must know to ask a buyer for money."""

    trade: str  # our number for it: the tender's id, ≤ 30 characters
    due: Money
    subject: str
    notify_url: str
    return_url: str
    at: datetime
    expires_at: datetime | None = None  # after which nobody may pay any more
    scene: Scene = Scene.DESKTOP
    ip: str = ""  # of the buyer; not kept once it is known where to pay
    payer: str = ""  # how the app names the buyer (openid), where it must be known
    trade_no: str = ""  # the gateway's own number, where this was started there before


@dataclass(frozen=True)
class Opened:
    """A payment that can be made now; an answer to *start*. `page` is an address, the text of a QR code, or JSON."""

    way: Way
    page: str
    number: str = ""  # the gateway's own, where it asks for that later instead of ours


@dataclass(frozen=True)
class Trade:
    """A payment to ask about."""

    trade: str  # our number for it, as in its start
    trade_no: str = ""  # the gateway's own number, as its start told
    due: Money | None = None
    expires_at: datetime | None = None  # until when the order may be paid


@dataclass(frozen=True)
class Payback:
    """What a gateway must know to give money back; the same number again is the same payback."""

    number: str  # ≤ 30 characters
    trade: str
    trade_no: str
    amount: Money
    paid: Money | None = None  # what was paid in all
    notify_url: str = ""
    reason: str = ""


# Being told -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What an authentic notice says."""

    trade: str
    trade_no: str  # the gateway's own number
    account: str
    paid: Money
    detail: str = ""  # how it was paid, as the gateway names it: a bank, ICBC_ECNY, card visa
    payer: str = ""  # how the gateway names who paid; kept only as a blind index
    fee: int | None = None  # what the gateway keeps, in minor units, where it says so


@dataclass(frozen=True)
class Hint:
    """An authentic notice that pays nothing: something of ours moved there and is worth asking about."""

    trade: str = ""
    payback: str = ""
    trade_no: str = ""  # the gateway's own number of the payment, where it names none of ours
    alarm: str = ""  # why a person must look at it: money that was given back came back, a payment is disputed


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


def raw(request: Wire) -> str:
    """Return a notice as it came, where it holds no key and nothing about who paid."""
    return (request.body or request.query.encode()).decode("utf-8", "replace")


class Provider(Protocol):
    """One gateway."""

    name: str
    title: str
    fields: tuple[Field, ...]
    numbered_by: str  # the field that is our number there
    accepted: Reply  # what makes the gateway stop telling us
    refused: Reply
    shows_wallets: tuple[str, ...]  # which apps pay: alipay, wechat, card, … for the mark beside its name

    def check(self, account: Account) -> None:
        """Raise BadAccount when the keys cannot be read or fields contradict each other; needs no network."""

    def confirms_first(self, account: Account) -> bool:
        """Tell whether a notice is a hint only: the query decides, since others could have signed it."""

    def is_test(self, account: Account) -> bool:
        """Tell whether no real money can come through this account."""

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Return how a buyer would pay this here, or None where it cannot work; keys are not needed."""

    def origins(self, account: Account) -> tuple[str, ...]:
        """Return where the buyer's browser may be sent, for the page's content security policy; keys not needed."""

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Ask for a payment: Done(Opened); asking twice is the same payment."""

    def verify(self, request: Wire, account: Account, now: datetime) -> Told | Hint:
        """Return what an authentic notice says, or raise Forged; checks signature, age and account."""

    def kept(self, request: Wire) -> str:
        """Return a notice, authentic or not, as it may be kept: without any key, or who paid."""

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Ask how a trade stands: Done(Paid | Unpaid | Closed)."""

    def close(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Close a trade for good unless it was paid: Done(Closed | Paid); may be repeated."""

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Give money back, once for each number however often asked: Done(the gateway's number of it)."""

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Ask whether money went back: Done(the gateway's number of it), or Absent when it never heard of it."""

    def probe(self, account: Account, http: Client) -> Answer:
        """Try our account out, moving nothing: Done(findings), each with what to do when it is not well."""

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        """Fetch the bill of a day: Done(the file's bytes), Refused("not offered") where files are uploaded only."""


@runtime_checkable
class ChecksReferrer(Protocol):
    """A gateway whose page opens only for browsers that say which shop they come from."""

    checks_referrer: bool


@runtime_checkable
class WaitsLong(Protocol):
    """A gateway of our own by which money comes late, so that orders stay open for it; nobody can be asked about it."""

    def patience(self, account: Account) -> timedelta:
        """Return how long after it was placed an order waits; keys are not needed."""


@runtime_checkable
class NamesBuyers(Protocol):
    """A gateway that in some app asks for money only by how that app names the buyer (`Start.payer`)."""

    def needs_payer(self, scene: Scene) -> bool:
        """Tell whether the buyer must be named there."""

    def identify_url(self, account: Account, back: str, state: str) -> str:
        """Return where the app says who the buyer is: it comes back with `code` and `state`; keys not needed."""

    def identify(self, code: str, account: Account, http: Client) -> Answer:
        """Return who is behind a code, which is good once: Done(how the app names the buyer)."""
