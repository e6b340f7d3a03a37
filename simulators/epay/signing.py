"""Signatures of both versions, written from the protocol."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


def canonical(fields: Mapping[str, str], *, empties: bool = False) -> str:
    """Return what both versions sign."""
    parts = []
    for name in sorted(fields):
        if name not in ("sign", "sign_type") and (empties or fields[name] != ""):
            parts.append(f"{name}={fields[name]}")
    return "&".join(parts)


def md5(fields: Mapping[str, str], key: str, *, empties: bool = False, joint: str = "") -> str:
    """Return the signature of the first version."""
    return hashlib.md5((canonical(fields, empties=empties) + joint + key).encode(), usedforsecurity=False).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def new_key() -> str:
    """Return a new RSA key as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(pem: str) -> str:
    """Return the public half of a key, in the bare base64 that sites show."""
    raw = _load(pem).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


def sign(pem: str, fields: Mapping[str, str]) -> str:
    """Return the signature of the second version."""
    return base64.b64encode(_load(pem).sign(canonical(fields).encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(pem: str, fields: Mapping[str, str]) -> bool:
    """Tell whether the owner of a key signed these fields."""
    try:
        given = base64.b64decode(fields.get("sign", ""), validate=True)
        _load(pem).public_key().verify(given, canonical(fields).encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache
def _load(pem: str) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
