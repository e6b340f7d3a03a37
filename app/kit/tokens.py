"""Tokens: signed ones that carry a value (itsdangerous), random ones of which we keep a digest, and short digits."""

import hashlib
import hmac
import secrets
import unicodedata
from functools import lru_cache
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from app.kit import clock

_keys: list[str] = []
DIGITS = 6


def configure(secret_keys: tuple[str, ...]) -> None:
    """Take the signing keys, newest first; older ones are still read."""
    global _keys
    _keys = list(reversed(secret_keys))  # itsdangerous signs with the last
    _serializer.cache_clear()


def sign(purpose: str, value: Any) -> str:
    """Return a URL-safe token over `value`, good for `purpose` alone."""
    return _serializer(purpose).dumps(value)


def sign_for_good(purpose: str, value: Any) -> str:
    """Return the one token over `value` for `purpose`, the same each time: it can be printed, and has no age."""
    return _serializer(purpose, _Undated).dumps(value)


def read(purpose: str, token: str, *, max_age: int | None = None) -> Any | None:
    """Return the value of a token we signed for `purpose` within `max_age` seconds, else None."""
    try:
        return _serializer(purpose).loads(token, max_age=max_age)
    except BadData:
        return None


def random_token() -> str:
    """Return a fresh unguessable token of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return what the database keeps of a random token; 256 random bits need no slow hash (ASVS 6.5.2)."""
    return hashlib.sha256(token.encode()).digest()


def digits(purpose: str, value: str) -> str:
    """Return six digits over `value`, good for `purpose` alone; who has our key can always make them again."""
    return _digits(_signing()[-1], purpose, value).decode()


def is_digits(purpose: str, value: str, typed: str) -> bool:
    """Tell whether these are the digits of `value`, made with any of our keys; always takes the same time."""
    found = [hmac.compare_digest(_digits(key, purpose, value), typed.encode()) for key in _signing()]
    return any(found)


def read_digits(typed: str) -> str:
    """Return the six digits that somebody typed, in full or half width and with whatever spaces, or ""."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", typed) if not letter.isspace() and letter != "-")
    return plain if len(plain) == DIGITS and plain.isascii() and plain.isdigit() else ""


def mark(purpose: str, value: bytes, size: int) -> bytes:
    """Return so many bytes over `value` by which we know it again where a whole token is too long."""
    return hmac.digest(_signing()[-1].encode(), f"miaofa:mark:{purpose}:".encode() + value, "sha256")[:size]


def is_mark(purpose: str, value: bytes, given: bytes) -> bool:
    """Tell whether this is the mark of `value`, made with any of our keys."""
    salted = f"miaofa:mark:{purpose}:".encode() + value
    found = [
        hmac.compare_digest(hmac.digest(key.encode(), salted, "sha256")[: len(given)], given) for key in _signing()
    ]
    return any(found)


def _digits(key: str, purpose: str, value: str) -> bytes:
    digest = hmac.digest(key.encode(), f"miaofa:digits:{purpose}:{value}".encode(), "sha256")
    return f"{int.from_bytes(digest) % 10**DIGITS:0{DIGITS}d}".encode()


@lru_cache(maxsize=64)
def _serializer(purpose: str, signer: type["_Signer"] | None = None) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        _signing(), salt=f"miaofa:{purpose}", signer=signer or _Signer, signer_kwargs={"digest_method": hashlib.sha256}
    )


def _signing() -> list[str]:
    """Return our keys, the newest last."""
    if not _keys:
        raise RuntimeError("tokens.configure was not called")
    return _keys


class _Signer(TimestampSigner):
    """Dates tokens by the application's clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


class _Undated(_Signer):
    """Dates all tokens alike; `read` takes them as long as it asks for no age."""

    def get_timestamp(self) -> int:
        return 1
