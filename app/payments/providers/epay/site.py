"""What both versions share: questions to a site, answers read whatever a fork wraps around them, money and numbers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from app.kit import clock
from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.kit.money import Money
from app.payments.providers.base import Account, Closed, Forged, Paid, Payback, Start, Told, Trade, Unpaid, Wire
from app.payments.providers.epay.settings import base_of, goods_of

CNY = "CNY"
FORM = "application/x-www-form-urlencoded"
LONGEST_REASON = 200
MOST_FIELDS = 40
MOST_TRIES = 64  # at finding where the JSON begins in what a site prints before it
NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
SOMEWHERE = "127.0.0.1"  # sites want the buyer's address; we do not keep it

Said = Mapping[str, str]
Read = Callable[[Said], Answer]


@dataclass(frozen=True)
class Site:
    """A line to one site in the name of one account."""

    account: Account
    http: Client

    @property
    def base(self) -> str:
        return base_of(self.account)

    def asked(self, path: str, fields: Said, read: Read) -> Answer:
        """Ask what changes nothing."""
        return self._exchange(lambda: self.http.get(f"{self.base}/{path}?{encoded(fields)}"), read, Temporary)

    def posted(self, path: str, fields: Said, read: Read, *, change: bool) -> Answer:
        """Ask by a form, maybe for a change, which may have happened even when the answer fails."""
        form = encoded(fields).encode()
        return self._exchange(
            lambda: self.http.post(f"{self.base}/{path}", body=form, content_type=FORM),
            read,
            Unknown if change else Temporary,
        )

    def _exchange(self, send: Callable[[], Response], read: Read, broken: type[Temporary] | type[Unknown]) -> Answer:
        try:
            response = send()
        except Unreachable as error:
            return Temporary(str(error))
        except Interrupted as error:
            return broken(str(error))
        if 300 <= response.status < 400:
            return Temporary("the site sends us elsewhere: its address in the settings is not the right one")
        if response.status in (404, 405):
            reason = "the site has no such page"
            return Refused(reason) if broken is Unknown else Temporary(reason)
        if response.status >= 500:
            return broken(f"status {response.status}")
        try:
            return read(answer_of(response.body))
        except Forged as why:
            return broken(str(why))

    def order(self, start: Start, kind: str) -> dict[str, str]:
        """Return what both versions say of a payment; nothing here was written by a buyer."""
        fields = {
            "pid": self.account.number,
            "type": kind,
            "out_trade_no": start.trade,
            "notify_url": start.notify_url,
            "return_url": start.return_url,
            "name": goods_of(self.account),
            "money": start.due.major,
        }
        return {name: value for name, value in fields.items() if value}

    def told(self, said: Said, trade: str) -> Told:
        """Return what an answer says was paid, or raise Forged when it speaks of something else."""
        if said.get("out_trade_no") != trade:
            raise Forged("another trade answered")
        return read_told(said, self.account.number)

    def standing(self, said: Said, trade: Trade) -> Answer:
        """Return how a trade stands as an answer says."""
        told = self.told(said, trade.trade)
        match said.get("status"):
            case "1":
                return Done(Paid(told))
            case "0":
                return Done(Unpaid())
            case "2":
                return Done(Closed())  # it was paid and given back on the site
        return Temporary(f"the site calls this trade {said.get('status', '')[:20]!r}")


def over(trade: Trade, answer: Answer) -> Answer:
    """Return a last answer about a trade that nobody can close: unpaid is closed once the order's own time is up."""
    if not isinstance(answer, Done) or not isinstance(answer.value, Unpaid):
        return answer
    if trade.expires_at is None or clock.now() < trade.expires_at:
        return Temporary("this cannot be closed before its time is up")
    return Done(Closed())


def encoded(fields: Said) -> str:
    """Return fields as a query or a form."""
    return urlencode(fields, quote_via=quote)


def fields_of(request: Wire) -> dict[str, str]:
    """Return what a notice holds, in its address and its form, each name once; raises Forged."""
    try:
        pairs = [
            pair
            for part in (request.query, request.body.decode())
            for pair in parse_qsl(part, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        ]
    except ValueError as error:
        raise Forged("not understood") from error
    fields = dict(pairs)
    if len(fields) != len(pairs) or not fields:
        raise Forged("not understood")
    return fields


def read_told(said: Said, pid: str) -> Told:
    """Return what a notice or an answer says was paid, or raise Forged."""
    if said.get("pid", pid) != pid:
        raise Forged("another merchant")
    number, trade = said.get("trade_no", ""), said.get("out_trade_no", "")
    if not NUMBER.fullmatch(number) or not NUMBER.fullmatch(trade):
        raise Forged("no trade number")
    detail, payer = said.get("type", ""), said.get("buyer", "")
    return Told(trade, number, pid, read_money(said.get("money", "")), detail=detail, payer=payer)


def read_money(text: str) -> Money:
    """Return yuan as fen; anything but digits with at most two decimals is Forged."""
    typed = re.fullmatch(r"([0-9]{1,10})(?:\.([0-9]{1,2}))?", text)
    if not typed:
        raise Forged("no amount")
    return Money(int(typed[1] + (typed[2] or "").ljust(2, "0")), CNY)


def reason_of(said: Said) -> str:
    """Return a site's own words."""
    words = "".join(letter if letter.isprintable() else " " for letter in said.get("msg", ""))
    return f"the site says: {words.strip() or said.get('code', '')}"[:LONGEST_REASON]


def knows_nothing(said: Said) -> bool:
    """Tell whether the site never saw what was asked about; a word about us, or of what was, is something else."""
    words = said.get("msg", "").lower()
    is_missing = any(word in words for word in ("不存在", "未找到", "not exist", "not found"))
    return is_missing and not any(word in words for word in ("商户", "merchant", "pid", "已", "completed"))


def answer_of(body: bytes) -> dict[str, str]:
    """Return the JSON of an answer, every number and flag as its text; raises Forged where there is none.

    Sites put a BOM or a PHP warning before it, wrap it in another string of JSON, and write numbers either way.
    """
    text = body.decode("utf-8", "replace").strip().lstrip("\ufeff").strip()
    found = _decoded(text)
    if isinstance(found, str):
        found = _decoded(found.strip().lstrip("\ufeff"))
    if not isinstance(found, dict) or "code" not in found:
        raise Forged("the answer is no JSON")
    return {str(name): _text(value) for name, value in found.items() if not isinstance(value, dict | list)}


def _decoded(text: str) -> Any:
    reader = json.JSONDecoder(parse_int=str, parse_float=str)
    try:
        return reader.decode(text)
    except ValueError:
        pass
    for begin in [found.start() for found in re.finditer(r"\{", text)][:MOST_TRIES]:
        try:
            found, _ = reader.raw_decode(text, begin)
        except ValueError:
            continue
        if "code" in found:
            return found
    return None


def _text(value: object) -> str:
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def place_of(payback: Payback) -> dict[str, str]:
    """Return how a site knows the trade that money goes back of: by its own number, which it has told us itself.

    Ours may be another order's by now, where people let the money pay that one.
    """
    return {"trade_no": payback.trade_no} if payback.trade_no else {"out_trade_no": payback.trade}
