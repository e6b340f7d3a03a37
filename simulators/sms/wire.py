"""Signatures of requests, recomputed from what came over the wire."""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, quote

ALIYUN = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})")
TENCENT = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})"
)


def aliyun_signature(
    method: str, path: str, query: str, headers: Mapping[str, str], names: str, body: bytes, secret: str
) -> str:
    """Return the signature that belongs to a request; `names` is its own list of signed headers."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    canonical_query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names.split(";"))
    canonical = "\n".join((method, path, canonical_query, lines, names, sha256(body).hexdigest()))
    text = "ACS3-HMAC-SHA256\n" + sha256(canonical.encode()).hexdigest()
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


def tencent_signature(
    headers: Mapping[str, str], names: str, body: bytes, secret: str, *, at: str, date: str, service: str
) -> str:
    """Return the signature that belongs to a POST to /."""
    lines = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in names.split(";"))
    canonical = "\n".join(("POST", "/", "", lines, names, sha256(body).hexdigest()))
    text = f"TC3-HMAC-SHA256\n{at}\n{date}/{service}/tc3_request\n{sha256(canonical.encode()).hexdigest()}"
    key = ("TC3" + secret).encode()
    for step in (date, service, "tc3_request"):
        key = hmac.new(key, step.encode(), sha256).digest()
    return hmac.new(key, text.encode(), sha256).hexdigest()
