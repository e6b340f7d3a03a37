"""Signed questions to WeChat Pay in the name of one merchant, and answers that are believed (APIv3)."""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.kit import clock
from app.kit.crypto.rsa import BadKey, is_signed, sign
from app.kit.effects import Answer, Temporary, Unknown
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.payments.providers.base import Account, Forged
from app.payments.providers.wechat.account import PRIVATE, PUBLIC, serial_of

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"  # false on purpose, to see whether we look
SKEW_SECONDS = 300
LONGEST_REASON = 200


@dataclass(frozen=True)
class Said:
    """An answer that is WeChat's own: what was asked for, or a refusal with its code."""

    status: int
    content: Mapping[str, Any]

    @property
    def code(self) -> str:
        """Return the code of a refusal, or nothing."""
        return str(self.content.get("code", self.status)) if self.status >= 400 else ""

    @property
    def reason(self) -> str:
        """Return a refusal in WeChat's own words."""
        return f"{self.code}: {self.content.get('message', '')}"[:LONGEST_REASON]


Read = Callable[[Said], Answer]


@dataclass(frozen=True)
class Line:
    """The way to WeChat Pay for one merchant."""

    address: str
    account: Account
    http: Client

    def ask(self, path: str, read: Read, see: Callable[[Response], None] = lambda _: None) -> Answer:
        """Ask what changes nothing; whatever fails may be asked again. `see` is shown the answer as it came."""
        return self._exchange("GET", path, b"", read, broken=Temporary, see=see)

    def tell(self, path: str, content: Mapping[str, Any], read: Read) -> Answer:
        """Ask for a change; where the answer is lost, nobody knows whether it was made."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return self._exchange("POST", path, body, read, broken=Unknown)

    def fetch(self, path: str, *, largest: int) -> Response:
        """Return a file, which WeChat does not sign; raises Unreachable or Interrupted."""
        return self.http.get(self.address + path, self._headers("GET", path, b""), largest=largest)

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes,
        read: Read,
        *,
        broken: type[Temporary] | type[Unknown],
        see: Callable[[Response], None] = lambda _: None,
    ) -> Answer:
        try:
            response = self._send(method, path, body)
        except Unreachable as error:
            return Temporary(str(error))
        except Interrupted as error:
            return broken(str(error))
        see(response)
        if response.status >= 500:
            return broken(f"status {response.status}")
        if response.status == 429:
            return Temporary("asked too often")
        try:
            return read(self._believed(response))
        except Forged as forged:
            return broken(f"answer not authentic: {forged}")

    def _send(self, method: str, path: str, body: bytes) -> Response:
        headers = self._headers(method, path, body)
        if method == "POST":
            return self.http.post(self.address + path, body, headers)
        return self.http.get(self.address + path, headers)

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        given = authorization(self.account, method, path, body, at=clock.now(), nonce=secrets.token_hex(16).upper())
        platform = self.account.setting("public_key_id")
        return {"Accept": "application/json", "Authorization": given, "Wechatpay-Serial": platform}

    def _believed(self, response: Response) -> Said:
        """Return an answer; only a refusal may come unsigned, since who cannot be told apart gets no signature."""
        if response.status < 300 or "wechatpay-signature" in response.headers:
            check_signature(response.headers, response.body, self.account, clock.now())
        elif response.status < 400:
            raise Forged("a redirect")
        try:
            content = json.loads(response.body) if response.body else {}
        except ValueError:
            content = None
        if not isinstance(content, dict):
            if response.status < 400:
                raise Forged("not understood")
            content = {}
        return Said(response.status, content)


def authorization(account: Account, method: str, path: str, body: bytes, *, at: datetime, nonce: str) -> str:
    """Return the header that proves a request to be ours, over the very bytes that are sent."""
    stamp = str(int(at.timestamp()))
    message = f"{method}\n{path}\n{stamp}\n{nonce}\n".encode() + body + b"\n"
    fields = {
        "mchid": account.number,
        "nonce_str": nonce,
        "signature": sign(account.key(PRIVATE).expose(), message),
        "timestamp": stamp,
        "serial_no": serial_of(account),
    }
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in fields.items())


def check_signature(headers: Mapping[str, str], body: bytes, account: Account, now: datetime) -> None:
    """Raise Forged unless WeChat Pay signed this body within five minutes, with the key we know it by."""
    given = {name.lower(): value for name, value in headers.items()}
    stamp, nonce, signature, serial = (
        given.get(f"wechatpay-{name}", "") for name in ("timestamp", "nonce", "signature", "serial")
    )
    if not (stamp and nonce and signature and serial):
        raise Forged("not signed")
    if given.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise Forged("another kind of signature")
    if signature.startswith(PROBE):
        raise Forged("a probe with a false signature")
    if not re.fullmatch(r"[0-9]{1,12}", stamp):
        raise Forged("no timestamp")
    away = int(stamp) - round(now.timestamp())
    if abs(away) > SKEW_SECONDS:
        raise Forged(f"{away} seconds away from our clock")
    if serial != account.setting("public_key_id"):
        raise Forged(f"signed with {_shown(serial)}, another key than the one entered")
    message = b"\n".join((stamp.encode(), nonce.encode("utf-8", "replace"), body, b""))
    try:
        if not is_signed(account.key(PUBLIC).expose(), message, signature):
            raise Forged("wrong signature")
    except (BadKey, ValueError) as error:
        raise Forged("wrong signature") from error


def _shown(serial: str) -> str:
    return re.sub(r"[^0-9A-Za-z_]", "?", serial)[:80]
