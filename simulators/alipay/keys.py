"""The keys and certificates of one application and of the gateway, and their signatures."""

import base64
import hashlib
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Keys:
    """All there is, as PEM; what a merchant is given are the first five of these and Alipay's public key."""

    app_private: str
    app_cert: str
    alipay_cert: str
    root_cert: str
    alipay_public: str
    app_public: str
    alipay_private: str

    @classmethod
    def make(cls) -> Self:
        """Return new ones; the root file holds an elliptic root too, as the real one does."""
        app, alipay, root = (rsa.generate_private_key(65537, 2048) for _ in range(3))
        ca = _name("Simulated Certification Authority R1")
        other = ec.generate_private_key(ec.SECP256R1())
        roots = [
            _certificate(ca, ca, root, root),
            _certificate(_name("Elliptic R1"), _name("Elliptic R1"), other, other),
        ]
        return cls(
            app_private=_private(app),
            app_cert=_certificate(_name("the shop"), ca, app, root),
            alipay_cert=_certificate(_name("Alipay simulator"), ca, alipay, root),
            root_cert="\n".join(roots),
            alipay_public=_public(alipay),
            app_public=_public(app),
            alipay_private=_private(alipay),
        )

    @classmethod
    def kept(cls, folder: Path) -> Self:
        """Return those of a folder, made there when it has none."""
        folder.mkdir(parents=True, exist_ok=True)
        names = [field.name for field in fields(cls)]
        if not all((folder / f"{name}.pem").exists() for name in names):
            made = cls.make()
            for name in names:
                (folder / f"{name}.pem").write_text(getattr(made, name))
        return cls(**{name: (folder / f"{name}.pem").read_text() for name in names})


def sign(private: str, message: bytes) -> str:
    """Return the RSA2 signature of a message, in base64."""
    return base64.b64encode(_loaded(private).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


@lru_cache
def _loaded(private: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(private.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def is_signed(public: str, message: bytes, signature: str) -> bool:
    """Tell whether a signature holds."""
    key = serialization.load_pem_public_key(public.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature):
        return False
    return True


def number(pem: str) -> str:
    """Return the number Alipay gives a certificate."""
    found = x509.load_pem_x509_certificate(pem.encode())
    order = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME, NameOID.COUNTRY_NAME)
    values = [str(found.issuer.get_attributes_for_oid(part)[0].value) for part in order]
    issuer = ",".join(f"{name}={value}" for name, value in zip(("CN", "OU", "O", "C"), values, strict=True))
    return hashlib.md5(f"{issuer}{found.serial_number}".encode(), usedforsecurity=False).hexdigest()


def root_number(pem: str) -> str:
    """Return the numbers of the roots signed by RSA, joined."""
    roots = re.findall(r"-----BEGIN.*?END CERTIFICATE-----", pem, re.DOTALL)
    return "_".join(number(root) for root in roots if _is_rsa(root))


def _is_rsa(pem: str) -> bool:
    return x509.load_pem_x509_certificate(pem.encode()).signature_algorithm_oid.dotted_string == SHA256_WITH_RSA


def _name(common: str) -> x509.Name:
    parts = {
        NameOID.COUNTRY_NAME: "CN",
        NameOID.ORGANIZATION_NAME: "Simulated Financial",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "Certification Authority",
        NameOID.COMMON_NAME: common,
    }
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()])


def _certificate(subject: x509.Name, issuer: x509.Name, key: Private, by: Private) -> str:
    now = datetime.now(UTC)
    draft = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1825),
    )
    return draft.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _private(key: rsa.RSAPrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def _public(key: rsa.RSAPrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form).decode()
