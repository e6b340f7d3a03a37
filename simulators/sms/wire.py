"""Signatures, made anew from a request as it came: whatever headers it says it signed, in the order it says."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

SIGNED = re.compile(
    r"(?P<how>[\w-]+) +Credential=(?P<id>[^,]+), *SignedHeaders=(?P<names>[^,]+), *Signature=(?P<mac>\w+)"
)
ACS_SECONDS, TC_SECONDS = 900, 300


class Refusal(Exception):
    """A request that is not carried out: status, code and words."""

    def __init__(self, code: str, words: str = "", status: int = 200) -> None:
        super().__init__(code)
        self.code, self.words, self.status = code, words, status


@dataclass(frozen=True)
class Came:
    """A request as it came; header names in lower case."""

    headers: Mapping[str, str]
    query: str
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        """Return the parameters of query and form."""
        is_form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        form = self.body.decode("utf-8", "replace") if is_form else ""
        return dict(parse_qsl(f"{self.query}&{form}", keep_blank_values=True))

    def canonical(self, names: str) -> str:
        heads = "".join(f"{name}:{self.headers.get(name, '').strip()}\n" for name in names.split(";"))
        pairs = sorted(parse_qsl(self.query, keep_blank_values=True))
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        return "\n".join(("POST", "/", query, heads, names, _digest(self.body)))


def check_acs3(came: Came, key_id: str, secret: str, now: float) -> None:
    """Refuse what Aliyun's account did not sign just now."""
    signed = _signed(came, "ACS3-HMAC-SHA256")
    if not signed or {"host", "x-acs-action"} - set(signed["names"].split(";")):
        raise Refusal("IncompleteSignature", "The request signature does not conform to Aliyun standards.", 400)
    if signed["id"] != key_id:
        raise Refusal("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    text = f"ACS3-HMAC-SHA256\n{_digest(came.canonical(signed['names']).encode())}"
    _compare(signed["mac"], hmac.digest(secret.encode(), text.encode(), "sha256").hex(), "SignatureDoesNotMatch", 400)
    if came.headers.get("x-acs-content-sha256") != _digest(came.body):
        raise Refusal("SignatureDoesNotMatch", "x-acs-content-sha256", 400)
    at = datetime.strptime(came.headers.get("x-acs-date", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if abs(now - at.timestamp()) > ACS_SECONDS:
        raise Refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)


def check_tc3(came: Came, key_id: str, secret: str, now: float) -> None:
    """Refuse what Tencent Cloud's account did not sign just now."""
    signed = _signed(came, "TC3-HMAC-SHA256")
    if not signed or {"content-type", "host"} - set(signed["names"].split(";")):
        raise Refusal("AuthFailure.InvalidAuthorization", "请求头部的 Authorization 不符合腾讯云标准。")
    who, _, scope = signed["id"].partition("/")
    stamp = came.headers.get("x-tc-timestamp", "0")
    if who != key_id:
        raise Refusal("AuthFailure.SecretIdNotFound", "密钥不存在。")
    key = f"TC3{secret}".encode()
    text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{_digest(came.canonical(signed['names']).encode())}"
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    _compare(signed["mac"], key.hex(), "AuthFailure.SignatureFailure", 200)
    if abs(now - int(stamp)) > TC_SECONDS:
        raise Refusal("AuthFailure.SignatureExpire", "签名过期。")


def _signed(came: Came, how: str) -> dict[str, str] | None:
    found = SIGNED.fullmatch(came.headers.get("authorization", ""))
    return found.groupdict() if found and found["how"] == how else None


def _compare(given: str, mine: str, code: str, status: int) -> None:
    if not hmac.compare_digest(given, mine):
        raise Refusal(code, "The signature does not match.", status)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
