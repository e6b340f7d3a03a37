"""The test gateway: a way to pay without money, for sandbox shops. Its other side stands in `simulators/`."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from app.kit import clock
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.kit.money import Money, NotMoney
from app.kit.secret import Secret
from app.payments.providers.base import (
    Account,
    Closed,
    Field,
    Finding,
    Forged,
    Opened,
    Paid,
    Payback,
    Reply,
    Scene,
    Start,
    Told,
    Trade,
    Unpaid,
    Way,
    Wire,
    raw,
)

KEY = "key"
FORM = "application/x-www-form-urlencoded"
OLDEST_SECONDS = 900
LONGEST_REASON = 200
LONGEST_SUBJECT = 200


class TestGateway:
    """Speaks the test gateway's protocol; pays nothing and says so on its page."""

    __test__ = False  # not a test class, whatever its name suggests to pytest

    name = "test"
    title = words("Test payment")
    fields: tuple[Field, ...] = ()
    numbered_by = ""
    accepted = Reply(200, "success")
    refused = Reply(400, "fail")
    shows_wallets: tuple[str, ...] = ()

    def __init__(self, url: str, secret: str) -> None:
        self.origin = url
        self._secret = secret

    def credentials_of(self, number: str) -> Secret:
        """Return the key that the gateway gives the merchant of this number."""
        return Secret(_hmac(self._secret, f"merchant:{number}"))

    def account_of(self, number: str) -> Account:
        """Return the account of the merchant of this number."""
        return Account(number, keys={KEY: self.credentials_of(number)})

    def check(self, account: Account) -> None:
        """Accept any account: only this installation makes them."""

    def confirms_first(self, account: Account) -> bool:
        """Tell that what is told is believed."""
        return False

    def is_test(self, account: Account) -> bool:
        """Tell that no money comes."""
        return True

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Send every browser to our page."""
        return Way.GO

    def origins(self, account: Account) -> tuple[str, ...]:
        """Return where our page is."""
        return (self.origin,)

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Return the signed address of the gateway's own payment page; needs no network."""
        fields = {
            "merchant_no": account.number,
            "out_trade_no": start.trade,
            "amount": str(start.due.minor),
            "currency": start.due.currency,
            "subject": _subject(start.subject) or start.trade,
            "notify_url": start.notify_url,
            "return_url": start.return_url,
            "timestamp": str(int(start.at.timestamp())),
        }
        return Done(Opened(Way.GO, f"{self.origin}/pay?{_signed(fields, account.key(KEY))}"))

    def verify(self, request: Wire, account: Account, now: datetime) -> Told:
        """Return what the notice says; raises Forged for a wrong signature, age, account or shape."""
        _check_signature(request.headers, request.body, account.key(KEY), now)
        return _told(_parsed(request.body), account.number)

    def kept(self, request: Wire) -> str:
        """Keep all: it tells of nobody."""
        return raw(request)

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Ask how a trade stands; a cancelled one may be paid yet."""
        line = self._line(account, http)
        return line.ask("query", {"out_trade_no": trade.trade}, line.standing)

    def close(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Close a trade for good unless it was paid; one the gateway never saw too."""
        line = self._line(account, http)
        return line.tell("close", {"out_trade_no": trade.trade}, line.standing)

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Give money back, once for each number."""
        wish = {
            "out_trade_no": payback.trade,
            "out_refund_no": payback.number,
            "amount": str(payback.amount.minor),
            "currency": payback.amount.currency,
        }
        line = self._line(account, http)
        return line.tell("refund", wish, lambda said: _went_back(said, payback))

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Ask whether money went back under a number."""
        line = self._line(account, http)
        return line.ask("refund_query", {"out_refund_no": payback.number}, lambda said: _went_back(said, payback))

    def probe(self, account: Account, http: Client) -> Answer:
        """Ask about a trade that never was, which shows whether the gateway is there and knows our key."""
        answer = self.query(Trade("probe"), account, http)
        if isinstance(answer, Done):
            return Done((Finding("query", well=True),))
        return Done(
            (Finding("query", well=False, message=answer.reason if isinstance(answer, Refused) else "no answer"),)
        )

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        """Refuse: there are no bills where there is no money."""
        return Refused("not offered")

    def _line(self, account: Account, http: Client) -> "_Line":
        return _Line(self.origin, account.number, account.key(KEY), http)


@dataclass(frozen=True)
class _Line:
    """Signed questions to the gateway in the name of one merchant, and answers that are believed."""

    origin: str
    account: str
    credentials: Secret
    http: Client

    def ask(self, path: str, fields: Mapping[str, str], read: "Read") -> Answer:
        """Ask what changes nothing."""
        address = f"{self.origin}/{path}?{self._question(fields)}"
        return self._exchange(lambda: self.http.get(address), fields, read, broken=Temporary)

    def tell(self, path: str, fields: Mapping[str, str], read: "Read") -> Answer:
        """Ask for a change."""
        address, form = f"{self.origin}/{path}", self._question(fields).encode()
        return self._exchange(
            lambda: self.http.post(address, body=form, content_type=FORM), fields, read, broken=Unknown
        )

    def standing(self, said: Mapping[str, Any]) -> Answer:
        """Return how a trade stands."""
        match said.get("status"):
            case "paid":
                return Done(Paid(_told(said, self.account)))
            case "closed":
                return Done(Closed())
            case "waiting" | "cancelled" | "unknown":
                return Done(Unpaid())
        raise Forged("not understood")

    def _question(self, fields: Mapping[str, str]) -> str:
        stamp = str(int(clock.now().timestamp()))
        return _signed({"merchant_no": self.account, "timestamp": stamp, **fields}, self.credentials)

    def _exchange(
        self,
        send: Callable[[], Response],
        fields: Mapping[str, str],
        read: "Read",
        *,
        broken: type[Temporary] | type[Unknown],
    ) -> Answer:
        try:
            response = send()
        except Unreachable as error:
            return Temporary(str(error))
        except Interrupted as error:
            return Unknown(str(error))
        if response.status >= 500:
            return broken(f"status {response.status}")
        try:
            said = self._believed(response, fields)
        except Forged:
            return Unknown("answer not authentic")
        if response.status >= 400:
            return Refused(f"{said.get('error')}: {said.get('message')}"[:LONGEST_REASON])
        try:
            return read(said)
        except Forged:
            return Unknown("answer not understood")

    def _believed(self, response: Response, fields: Mapping[str, str]) -> dict[str, Any]:
        """Return an answer that the gateway signed just now, to this very question; raises Forged."""
        headers = {name.title(): value for name, value in response.headers.items()}
        _check_signature(headers, response.body, self.credentials, clock.now())
        said = _parsed(response.body)
        asked = {"merchant_no": self.account} | {name: fields[name] for name in NUMBERS if name in fields}
        if any(said.get(name) != value for name, value in asked.items()):
            raise Forged("another question")
        return said


Read = Callable[[Mapping[str, Any]], Answer]
NUMBERS = ("out_trade_no", "out_refund_no")


def _signed(fields: Mapping[str, str], credentials: Secret) -> str:
    """Return the fields with their signature, as a query or a form."""
    canonical = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    return urlencode({**fields, "sign": _hmac(credentials.expose(), canonical)}, quote_via=quote)


def _check_signature(headers: Mapping[str, str], body: bytes, credentials: Secret, now: datetime) -> None:
    """Raise Forged unless the gateway signed this body not long ago."""
    timestamp = headers.get("Test-Gateway-Timestamp", "")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise Forged("no timestamp")
    wanted = hmac.new(credentials.expose().encode(), timestamp.encode() + b"\n" + body, hashlib.sha256)
    if not hmac.compare_digest(wanted.hexdigest().encode(), headers.get("Test-Gateway-Signature", "").lower().encode()):
        raise Forged("wrong signature")
    if abs(now.timestamp() - int(timestamp)) > OLDEST_SECONDS:
        raise Forged("too old")


def _went_back(said: Mapping[str, Any], payback: Payback) -> Answer:
    """Return whether exactly this money went back."""
    if said.get("status") == "unknown":
        return Absent()
    if said.get("status") != "refunded":
        raise Forged("not understood")
    if (said.get("out_trade_no"), said.get("amount"), said.get("currency")) != (
        payback.trade,
        payback.amount.minor,
        payback.amount.currency,
    ):
        return Refused("other_refund: the number was used for another payback")
    return Done(str(said.get("refund_no")))


def _subject(text: str) -> str:
    """Return a subject as the gateway takes it: printable, not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_SUBJECT].strip()


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Forged("not understood") from error
    if not isinstance(said, dict):
        raise Forged("not understood")
    return said


def _told(said: Mapping[str, Any], account: str) -> Told:
    try:
        told = Told(
            trade=str(said["out_trade_no"]),
            trade_no=str(said["trade_no"]),
            account=str(said["merchant_no"]),
            paid=Money(said["amount"], said["currency"]),
        )
    except (KeyError, TypeError, NotMoney) as error:
        raise Forged("not understood") from error
    if told.account != account:
        raise Forged("another merchant")
    if said.get("status") != "paid":
        raise Forged("not a payment")
    return told


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
