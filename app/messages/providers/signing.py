"""How SMS services know that a request is ours: ACS3-HMAC-SHA256 of Aliyun, TC3-HMAC-SHA256 of Tencent Cloud."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from app.kit.secret import Secret

ACS3, TC3 = "ACS3-HMAC-SHA256", "TC3-HMAC-SHA256"


@dataclass(frozen=True)
class Sent:
    """A request as it is going to be on the wire: a path with its query, a body, and the headers that are signed."""

    headers: Mapping[str, str]
    query: str = ""
    body: bytes = b""

    @property
    def names(self) -> str:
        return ";".join(sorted(name.lower() for name in self.headers))

    @property
    def canonical(self) -> str:
        lines = sorted((name.lower(), value.strip()) for name, value in self.headers.items())
        heads = "".join(f"{name}:{value}\n" for name, value in lines)
        return "\n".join(("POST", "/", self.query, heads, self.names, digest(self.body)))


def query_of(parameters: Mapping[str, str]) -> str:
    """Return parameters as the query of an address, in order and quoted as RFC 3986 has it."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(parameters.items()))


def acs3(sent: Sent, key_id: str, secret: Secret) -> str:
    """Return the Authorization of a request to Aliyun."""
    signed = hmac.digest(secret.expose().encode(), f"{ACS3}\n{digest(sent.canonical.encode())}".encode(), "sha256")
    return f"{ACS3} Credential={key_id},SignedHeaders={sent.names},Signature={signed.hex()}"


def tc3(sent: Sent, key_id: str, secret: Secret, *, service: str, at: datetime) -> str:
    """Return the Authorization of a request to Tencent Cloud, made `at` this second."""
    day = at.astimezone(UTC).date().isoformat()
    scope = f"{day}/{service}/tc3_request"
    text = f"{TC3}\n{int(at.timestamp())}\n{scope}\n{digest(sent.canonical.encode())}"
    key = f"TC3{secret.expose()}".encode()
    for part in (day, service, "tc3_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"{TC3} Credential={key_id}/{scope}, SignedHeaders={sent.names}, Signature={key.hex()}"


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
