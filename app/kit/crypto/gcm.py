"""Messages that a gateway seals for us with AES-256-GCM under a key we share."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32


class NotForUs(ValueError):
    """A message was sealed under another key, or was changed on its way."""


def open_message(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Return what was sealed, its tag at the end; raises NotForUs."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except (InvalidTag, ValueError, OverflowError) as error:
        raise NotForUs("wrong key or changed message") from error
