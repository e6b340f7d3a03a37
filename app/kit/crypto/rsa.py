"""RSA signatures as payment gateways use them: SHA-256 with PKCS#1 v1.5, in base64."""

import base64
import re
import textwrap
from functools import lru_cache
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

Key = TypeVar("Key", RSAPrivateKey, RSAPublicKey)
LEAST_BITS = 2048
KEPT = 64  # parsed keys, which cost as much to read as a signature to make


class BadKey(ValueError):
    """A text is no RSA key, or a weak one; the argument says which."""


def sign(private_key: str, message: bytes) -> str:
    """Return the signature of a message; raises BadKey."""
    return base64.b64encode(_private(private_key).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(public_key: str, message: bytes, signature: str) -> bool:
    """Tell whether the owner of a key signed this message; raises BadKey for a text that is no key."""
    key = _public(public_key)
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature):
        return False
    return True


def is_pair(private_key: str, public_key: str) -> bool:
    """Tell whether these keys, the public one maybe in a certificate, belong together; raises BadKey."""
    return _private(private_key).public_key().public_numbers() == _public(public_key).public_numbers()


def check_private(text: str) -> None:
    """Raise BadKey unless this is a private key, as PEM or as the bare base64 that consoles hand out."""
    _private(text)


def check_public(text: str) -> None:
    """Raise BadKey unless this is a public key or a certificate, as PEM or bare base64."""
    _public(text)


def public_of(private_key: str) -> str:
    """Return the public key of a private one as PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return _private(private_key).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@lru_cache(maxsize=KEPT)
def _private(text: str) -> RSAPrivateKey:
    for pem in _as_pem(text, "PRIVATE KEY", "RSA PRIVATE KEY"):
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            continue
        if isinstance(key, RSAPrivateKey):
            return _strong(key)
    raise BadKey("no RSA private key")


@lru_cache(maxsize=KEPT)
def _public(text: str) -> RSAPublicKey:
    if "BEGIN CERTIFICATE" in text:
        try:
            certified = load_pem_x509_certificate(text.encode()).public_key()
        except ValueError as error:
            raise BadKey("no certificate") from error
        if isinstance(certified, RSAPublicKey):
            return _strong(certified)
    for pem in _as_pem(text, "PUBLIC KEY", "RSA PUBLIC KEY"):
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError:
            continue
        if isinstance(key, RSAPublicKey):
            return _strong(key)
    raise BadKey("no RSA public key")


def _strong(key: Key) -> Key:
    if key.key_size < LEAST_BITS:
        raise BadKey(f"only {key.key_size} bits")
    return key


def _as_pem(text: str, *labels: str) -> list[bytes]:
    """Return the text as PEM; bare base64 under each of these labels, since it does not say which it is."""
    if "-----BEGIN" in text:
        return [text.strip().encode()]
    bare = "\n".join(textwrap.wrap(re.sub(r"\s", "", text), 64))
    return [f"-----BEGIN {label}-----\n{bare}\n-----END {label}-----\n".encode() for label in labels]
