"""The gateway's signatures: one key per merchant, one canonical text per message."""

import hmac
from collections.abc import Mapping


def merchant_key(secret: str, merchant_no: str) -> str:
    """Return the hex text that is this merchant's key."""
    return _hmac_hex(secret, f"merchant:{merchant_no}")


def form_token(secret: str, trade_no: str) -> str:
    """Return the token that the payment form of this trade carries."""
    return _hmac_hex(secret, f"form:{trade_no}")


def sign_parameters(key: str, parameters: Mapping[str, str]) -> str:
    """Sign decoded query parameters, sorted by name, without `sign`."""
    signed = sorted((name, value) for name, value in parameters.items() if name != "sign")
    return _hmac_hex(key, "&".join(f"{name}={value}" for name, value in signed))


def sign_body(key: str, timestamp: int, body: bytes) -> str:
    """Sign a message body together with the time it is sent."""
    return _hmac_hex(key, b"%d\n%s" % (timestamp, body))


def same(given: str, expected: str) -> bool:
    """Compare in constant time; any text may be given."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _hmac_hex(key: str, message: str | bytes) -> str:
    return hmac.new(key.encode(), message.encode() if isinstance(message, str) else message, "sha256").hexdigest()
