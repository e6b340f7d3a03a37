"""Signed questions to Alipay's one address, and answers that are believed.

The signature of an answer is over the text of its inner object exactly as it came, so that is cut out and never made
anew. What a gateway refuses before it knows who asks, it cannot sign for them: such a no is heard without a signature,
since it moved nothing; a yes never is.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode

from app.kit import clock
from app.kit.crypto import rsa
from app.kit.effects import Answer, Refused, Temporary, Unknown
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.payments.providers.alipay import accounts
from app.payments.providers.base import Account, Forged

CHINA = timezone(timedelta(hours=8))  # whatever the zone of this process, and China keeps no summer time
FORM = "application/x-www-form-urlencoded; charset=utf-8"
LONGEST_REASON = 200
DONE, BROKEN, BUSY = "10000", "20000", "40005"
UNHEARD = {"20001", "40001", "40002", "40003", "40006"}  # refused at the door: nothing happened, a setting is wrong
UNCERTAIN = {"ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.unknow-error"}
DECODER = json.JSONDecoder()


class Unheard(Exception):
    """No answer came that says anything; `sent` tells whether the question may have arrived."""

    def __init__(self, reason: str, *, sent: bool = True) -> None:
        super().__init__(reason)
        self.sent = sent


@dataclass(frozen=True)
class Said:
    """What Alipay answered, and the Date it wrote on it."""

    fields: Mapping[str, Any]
    date: str = ""

    def text(self, name: str) -> str:
        """Return a field as text; one that is not there, or no text, is empty."""
        found = self.fields.get(name)
        return found if isinstance(found, str) else ""

    @property
    def code(self) -> str:
        return self.text("code")

    @property
    def sub_code(self) -> str:
        return self.text("sub_code")

    @property
    def refusal(self) -> str:
        """Return why not, in Alipay's own words."""
        codes = f"{self.code} {self.sub_code}".strip()
        return f"{codes}: {self.text('sub_msg') or self.text('msg')}"[:LONGEST_REASON]


Read = Callable[[Said], Answer]


@dataclass(frozen=True)
class Line:
    """Questions to the gateway in the name of one application."""

    gateway: str
    account: Account
    http: Client

    def page(self, method: str, wish: Mapping[str, str], **more: str) -> str:
        """Return a signed address for the buyer's browser; needs no network."""
        return f"{self.gateway}?{urlencode(self._signed(method, wish, more), quote_via=quote)}"

    def ask(self, method: str, wish: Mapping[str, str], read: Read, **more: str) -> Answer:
        """Ask what changes nothing, or is the same however often it is said."""
        return self._exchange(method, wish, read, more, Temporary)

    def tell(self, method: str, wish: Mapping[str, str], read: Read) -> Answer:
        """Ask for a change."""
        return self._exchange(method, wish, read, {}, Unknown)

    def hear(self, method: str, wish: Mapping[str, str], more: Mapping[str, str] | None = None) -> Said:
        """Return the answer to a question; raises Unheard, and Forged when its signature does not hold."""
        form = urlencode(self._signed(method, wish, more or {})).encode()
        try:
            response = self.http.post(f"{self.gateway}?charset=utf-8", body=form, content_type=FORM)
        except Unreachable as error:
            raise Unheard(str(error), sent=False) from error
        except Interrupted as error:
            raise Unheard(str(error)) from error
        if response.status != 200:
            raise Unheard(f"status {response.status}")
        return believed(response, method, self.account)

    def _exchange(
        self,
        method: str,
        wish: Mapping[str, str],
        read: Read,
        more: Mapping[str, str],
        broken: type[Temporary] | type[Unknown],
    ) -> Answer:
        try:
            said = self.hear(method, wish, more)
            if said.code == BUSY:
                return Temporary(said.refusal)
            if said.code == BROKEN or said.sub_code in UNCERTAIN:
                return broken(said.refusal)
            return read(said)
        except Unheard as error:
            return broken(str(error)) if error.sent else Temporary(str(error))
        except Forged as error:
            return broken(f"answer not believed: {error}")

    def _signed(self, method: str, wish: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
        fields = {
            "app_id": self.account.number,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": china_time(clock.now()),
            "version": "1.0",
            **accounts.serials(self.account),
            **more,
            "biz_content": json.dumps(wish, ensure_ascii=False, separators=(",", ":")),
        }
        key = self.account.key(accounts.PRIVATE_KEY).expose()
        return {**fields, "sign": rsa.sign(key, canonical(fields).encode())}


def refused(said: Said) -> Answer:
    """Return a no that is final."""
    return Refused(said.refusal)


def put_off(said: Said) -> Answer:
    """Return a no that may become a yes when somebody mends what is wrong: keys, rights, the clock."""
    return Temporary(said.refusal)


def canonical(fields: Mapping[str, str]) -> str:
    """Return fields as they are signed: by name, not encoded, without the empty ones."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])


def china_time(at: datetime) -> str:
    """Return a moment as Alipay writes it."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


# Believing -------------------------------------------------------------------------------------------------------


def believed(response: Response, method: str, account: Account) -> Said:
    """Return an answer that Alipay signed, or a no that it could not sign; raises Forged."""
    parts = members(response.body)
    name = f"{method.replace('.', '_')}_response"
    raw = parts.get(name) or parts.get("error_response") or ""
    said = Said(_object(raw), response.headers.get("date", ""))
    if "sign" not in parts and said.code in UNHEARD:
        return said
    certificate = _text(parts.get("alipay_cert_sn", '""'))
    if certificate and accounts.is_certified(account) and certificate != accounts.alipay_serial(account):
        raise Forged("signed under another certificate of Alipay")
    if not accounts.has_signed(account, raw.encode(), _text(parts.get("sign", '""'))):
        raise Forged("wrong signature")
    return said


def members(body: bytes) -> dict[str, str]:
    """Return the members of a JSON object, each exactly as it stands there; raises Forged."""
    try:
        return _members(body.decode())
    except (ValueError, RecursionError) as error:
        raise Forged("not understood") from error


def _members(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = _past("{", text, 0)
    while True:
        name, at = DECODER.raw_decode(text, at)
        start = _past(":", text, at)
        _, end = DECODER.raw_decode(text, start)
        if not isinstance(name, str) or name in found:
            raise ValueError("a member is there twice")
        found[name] = text[start:end]
        if re.match(r"\s*}", text[end:]):
            return found
        at = _past(",", text, end)


def _past(mark: str, text: str, at: int) -> int:
    found = re.compile(rf"\s*{re.escape(mark)}\s*").match(text, at)
    if not found:
        raise ValueError(f"no {mark}")
    return found.end()


def _object(raw: str) -> dict[str, Any]:
    said = json.loads(raw) if raw else None
    if not isinstance(said, dict):
        raise Forged("not understood")
    return said


def _text(raw: str) -> str:
    found = json.loads(raw)
    return found if isinstance(found, str) else ""
