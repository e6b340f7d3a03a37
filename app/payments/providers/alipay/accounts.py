"""Our application at Alipay: what a merchant tells us of it, and the keys and certificates that go with it."""

import hashlib
import re
from functools import lru_cache

from app.kit import clock
from app.kit.crypto import certificates, rsa
from app.kit.crypto.certificates import Certificate
from app.kit.crypto.rsa import BadKey
from app.kit.errors import words
from app.payments.providers.base import Account, BadAccount, Field, Forged, Kind

APP_ID, SELLER, DESKTOP = "app_id", "seller_id", "desktop"
ENVIRONMENT, SANDBOX = "environment", "sandbox"
MODE, CERTIFIED = "mode", "cert"
PRIVATE_KEY, ALIPAY_KEY = "private_key", "alipay_public_key"
APP_CERT, ALIPAY_CERT, ROOT_CERT = "app_cert", "alipay_cert", "root_cert"
QR = "qr"

FIELDS = (
    Field(
        APP_ID,
        words("Application number (APPID)"),
        words("On Alipay's open platform, under your application. Digits only."),
        pattern="[0-9]{10,32}",
    ),
    Field(
        ENVIRONMENT,
        words("Environment"),
        words("The sandbox has an application number and keys of its own, and moves no money."),
        Kind.CHOICE,
        (("live", words("Live")), (SANDBOX, words("Alipay's sandbox"))),
    ),
    Field(
        PRIVATE_KEY,
        words("Application private key"),
        words("RSA2, 2048 bits, made by Alipay's key tool: with or without BEGIN and END lines."),
        Kind.KEY,
    ),
    Field(
        MODE,
        words("How Alipay signs"),
        words("As the application is set up on Alipay's platform: with a public key or with certificates."),
        Kind.CHOICE,
        (("key", words("Public key")), (CERTIFIED, words("Certificates"))),
    ),
    Field(
        ALIPAY_KEY,
        words("Alipay public key"),
        words("The key the platform shows after you gave it yours; not the public key of your application."),
        Kind.KEY,
        required=False,
    ),
    Field(
        APP_CERT,
        words("Application certificate"),
        words("Only with certificates: the text of appCertPublicKey_….crt."),
        Kind.KEY,
        required=False,
    ),
    Field(
        ALIPAY_CERT,
        words("Alipay certificate"),
        words("Only with certificates: the text of alipayCertPublicKey_RSA2.crt."),
        Kind.KEY,
        required=False,
    ),
    Field(
        ROOT_CERT,
        words("Alipay root certificate"),
        words("Only with certificates: the text of alipayRootCert.crt."),
        Kind.KEY,
        required=False,
    ),
    Field(
        SELLER,
        words("Seller number (PID)"),
        words("16 digits that begin with 2088. When given, a notice for any other seller is refused."),
        required=False,
        pattern="2088[0-9]{12}",
    ),
    Field(
        DESKTOP,
        words("At a computer"),
        words("A QR code on our own page needs the product 当面付; Alipay's page needs 电脑网站支付."),
        Kind.CHOICE,
        (("page", words("Alipay's page")), (QR, words("A QR code on our page"))),
    ),
)


def is_certified(account: Account) -> bool:
    """Tell whether the application works with certificates."""
    return account.setting(MODE) == CERTIFIED


def has_signed(account: Account, message: bytes, signature: str) -> bool:
    """Tell whether Alipay signed this for the application; raises Forged when its key cannot be read."""
    try:
        return rsa.is_signed(_alipay_key(account), message, signature)
    except BadKey as error:
        raise Forged("the key of Alipay cannot be read") from error


def _alipay_key(account: Account) -> str:
    return account.key(ALIPAY_CERT if is_certified(account) else ALIPAY_KEY).expose()


# Certificates ----------------------------------------------------------------------------------------------------


def serials(account: Account) -> dict[str, str]:
    """Return the numbers of our certificates that a question carries; none with keys."""
    if not is_certified(account):
        return {}
    roots = certificates.read(account.key(ROOT_CERT).expose())
    return {
        "app_cert_sn": _serial_of(account.key(APP_CERT).expose()),
        "alipay_root_cert_sn": "_".join(serial(root) for root in roots if root.is_rsa),
    }


def alipay_serial(account: Account) -> str:
    """Return the number of the certificate that Alipay signs with."""
    return _serial_of(account.key(ALIPAY_CERT).expose())


@lru_cache(maxsize=64)
def _serial_of(text: str) -> str:
    return serial(certificates.read(text)[0])


def serial(certificate: Certificate) -> str:
    """Return a certificate's number as Alipay makes it: MD5 names it, and secures nothing."""
    issuer = ",".join(f"{part}={certificate.issuer.get(part)}" for part in ("CN", "OU", "O", "C"))
    return hashlib.md5(f"{issuer}{certificate.serial}".encode(), usedforsecurity=False).hexdigest()


# Checking --------------------------------------------------------------------------------------------------------


def check(account: Account) -> None:
    """Raise BadAccount with the field that cannot work, and how to mend it."""
    if not re.fullmatch("[0-9]{10,32}", account.number):
        raise BadAccount(APP_ID, words("Copy the APPID of your application: digits only."))
    if (seller := account.setting(SELLER)) and not re.fullmatch("2088[0-9]{12}", seller):
        raise BadAccount(SELLER, words("The PID has 16 digits and begins with 2088. Leave it empty if unsure."))
    try:
        rsa.check_private(account.key(PRIVATE_KEY).expose())
    except BadKey as error:
        raise BadAccount(
            PRIVATE_KEY,
            words("This is no RSA private key of at least 2048 bits. Paste the application's private key whole."),
        ) from error
    _check_certificates(account) if is_certified(account) else _check_key(account)


def _check_key(account: Account) -> None:
    private, given = account.key(PRIVATE_KEY).expose(), account.key(ALIPAY_KEY).expose()
    try:
        is_ours = rsa.is_pair(private, given)
    except BadKey as error:
        raise BadAccount(
            ALIPAY_KEY,
            words("This is no RSA public key. Copy “Alipay public key” from the platform whole."),
        ) from error
    if is_ours:
        raise BadAccount(
            ALIPAY_KEY,
            words("This is your application's own public key. Alipay's is shown on the platform after you gave yours."),
        )


def _check_certificates(account: Account) -> None:
    found = {name: _certificate(account, name) for name in (APP_CERT, ALIPAY_CERT, ROOT_CERT)}
    private = account.key(PRIVATE_KEY).expose()
    if not rsa.is_pair(private, found[APP_CERT].public_key):
        raise BadAccount(
            APP_CERT,
            words("This certificate belongs to another private key. Take certificate and key of the same making."),
        )
    if rsa.is_pair(private, found[ALIPAY_CERT].public_key):
        raise BadAccount(
            ALIPAY_CERT,
            words("This is your application's own certificate. Alipay's is in alipayCertPublicKey_RSA2.crt."),
        )
    if not serials(account)["alipay_root_cert_sn"]:
        raise BadAccount(ROOT_CERT, words("No root certificate with RSA is in it. Paste alipayRootCert.crt whole."))


def _certificate(account: Account, name: str) -> Certificate:
    try:
        found = certificates.read(account.key(name).expose())[0]
        if name != ROOT_CERT:
            rsa.check_public(found.public_key)
    except BadKey as error:
        raise BadAccount(
            name, words("This is no certificate. Open the .crt file and paste its text, BEGIN to END.")
        ) from error
    if name != ROOT_CERT and found.ends <= clock.now():
        raise BadAccount(name, words("This certificate has expired. Download a new one from Alipay's platform."))
    return found


def ends_first(account: Account) -> Certificate | None:
    """Return the certificate, ours or Alipay's, that expires first; None with keys."""
    if not is_certified(account):
        return None
    mine = [_certificate(account, name) for name in (APP_CERT, ALIPAY_CERT)]
    return min(mine, key=lambda certificate: certificate.ends)
