"""Certificates of payment gateways: whose key they name, who issued them, until when they hold."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import Certificate as X509
from cryptography.x509 import load_pem_x509_certificate

from app.kit.crypto.rsa import BadKey

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
RSA_SIGNATURES = "1.2.840.113549.1.1."  # the family of object identifiers
FORM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Certificate:
    """What a certificate says."""

    issuer: Mapping[str, str]  # CN, OU, O, C …
    serial: int
    ends: datetime
    is_rsa: bool  # signed by RSA
    public_key: str  # PEM; "" of a kind that we do not know


def read(text: str) -> list[Certificate]:
    """Return the certificates of a PEM file, without those of a kind that cannot be read; BadKey when none is left."""
    found = list(_readable(text))
    if not found:
        raise BadKey("no certificate")
    return found


def _readable(text: str) -> Iterator[Certificate]:
    for pem in PEM.findall(text):
        try:
            yield _certificate(load_pem_x509_certificate(pem.encode()))
        except ValueError:
            continue


def _certificate(found: X509) -> Certificate:
    issuer = {part.rfc4514_attribute_name: str(part.value) for part in found.issuer}
    is_rsa = found.signature_algorithm_oid.dotted_string.startswith(RSA_SIGNATURES)
    return Certificate(issuer, found.serial_number, found.not_valid_after_utc, is_rsa, _key(found))


def _key(found: X509) -> str:
    try:
        return found.public_key().public_bytes(*FORM).decode()
    except (ValueError, UnsupportedAlgorithm):
        return ""
