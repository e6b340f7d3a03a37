"""The keys of both sides: the merchant's pair with its certificate, WeChat's pair with its ID, the shared key."""

import json
import secrets
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


@dataclass(frozen=True)
class Keys:
    """What a merchant enters at the shop, and WeChat's own private key."""

    mchid: str
    appid: str
    app_secret: str
    api_v3_key: str
    private_key: str
    certificate: str
    public_key_id: str
    public_key: str
    platform_key: str

    @cached_property
    def serial(self) -> str:
        return f"{self._certified.serial_number:X}"

    @cached_property
    def _certified(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.encode())

    @cached_property
    def _platform(self) -> rsa.RSAPrivateKey:
        key = serialization.load_pem_private_key(self.platform_key.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def sign(self, message: bytes) -> str:
        """Sign as WeChat Pay."""
        return b64encode(self._platform.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def is_merchants(self, message: bytes, signature: str) -> bool:
        """Tell whether the merchant signed this."""
        public = self._certified.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        try:
            public.verify(b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def seal(self, text: bytes, nonce: bytes, associated: bytes, *, wrong: bool = False) -> str:
        """Seal a message for the merchant, or under a key that is not theirs."""
        key = self.api_v3_key[::-1] if wrong else self.api_v3_key
        return b64encode(AESGCM(key.encode()).encrypt(nonce, text, associated)).decode()


def make_keys(mchid: str = "1900007291") -> Keys:
    """Return fresh keys of a merchant."""
    merchant, platform = _pair(), _pair()
    return Keys(
        mchid=mchid,
        appid=f"wx{secrets.token_hex(8)}",
        app_secret=secrets.token_hex(16),
        api_v3_key=secrets.token_hex(16),
        private_key=_pem(merchant),
        certificate=_certificate(merchant, mchid),
        public_key_id=f"PUB_KEY_ID_0{mchid}{secrets.randbelow(10**16):016d}",
        public_key=platform.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        platform_key=_pem(platform),
    )


def kept_keys(file: Path) -> Keys:
    """Return the keys of a file, made and written there when there is none."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(make_keys()), indent=1))
    return Keys(**json.loads(file.read_text()))


def _pair() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(PEM, PKCS8, serialization.NoEncryption()).decode()


def _certificate(key: rsa.RSAPrivateKey, mchid: str) -> str:
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, mchid)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(b"\x5d" + secrets.token_bytes(19)))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1825))
    )
    return made.sign(key, hashes.SHA256()).public_bytes(PEM).decode()
