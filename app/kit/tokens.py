"""Tokens: signed ones that carry a value (itsdangerous), and random ones of which we keep a digest."""

import hashlib
import secrets
from functools import lru_cache
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from app.kit import clock

_keys: list[str] = []


def configure(secret_keys: tuple[str, ...]) -> None:
    """Take the signing keys, newest first; older ones are still read."""
    global _keys
    _keys = list(reversed(secret_keys))  # itsdangerous signs with the last
    _serializer.cache_clear()


def sign(purpose: str, value: Any) -> str:
    """Return a URL-safe token over `value`, good for `purpose` alone."""
    return _serializer(purpose).dumps(value)


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


@lru_cache(maxsize=64)
def _serializer(purpose: str) -> URLSafeTimedSerializer:
    if not _keys:
        raise RuntimeError("tokens.configure was not called")
    return URLSafeTimedSerializer(
        _keys, salt=f"miaofa:{purpose}", signer=_Signer, signer_kwargs={"digest_method": hashlib.sha256}
    )


class _Signer(TimestampSigner):
    """Dates tokens by the application's clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())
