"""What a merchant tells us of their WeChat Pay account, and whether it can work."""

import re

from app.kit import clock
from app.kit.crypto.certificates import Certificate, read
from app.kit.crypto.gcm import KEY_BYTES
from app.kit.crypto.rsa import BadKey, check_private, check_public, public_of
from app.kit.errors import words
from app.payments.providers.base import Account, BadAccount, Field, Kind

PRIVATE, CERTIFICATE, PUBLIC, SHARED, SECRET = "private_key", "certificate", "public_key", "api_v3_key", "app_secret"
YES, NO = "yes", "no"

FIELDS: tuple[Field, ...] = (
    Field(
        "mchid",
        words("Merchant number (mchid)"),
        words("8 to 10 digits; it stands at the top of the merchant platform pay.weixin.qq.com."),
        pattern=r"\d{8,10}",
    ),
    Field(
        "appid",
        words("AppID"),
        words("Of the service account or app that is bound to this merchant number; begins with wx."),
        pattern=r"wx[0-9A-Za-z]{16}",
    ),
    Field(
        CERTIFICATE,
        words("Merchant API certificate (apiclient_cert.pem)"),
        words("Its serial number names the key we sign with. Without it enter the serial number below."),
        kind=Kind.KEY,
        required=False,
    ),
    Field(
        "serial",
        words("Serial number of the merchant API certificate"),
        words("40 letters and digits; only where the certificate itself is not entered."),
        required=False,
        pattern=r"[0-9A-Fa-f]{16,40}",
    ),
    Field(
        PRIVATE,
        words("Merchant API private key (apiclient_key.pem)"),
        words("The file that was made on your computer when you applied for the certificate."),
        kind=Kind.KEY,
    ),
    Field(
        "public_key_id",
        words("WeChat Pay public key ID"),
        words("Begins with PUB_KEY_ID_; in the merchant platform under API security."),
        pattern=r"PUB_KEY_ID_[0-9A-Za-z]{8,64}",
    ),
    Field(
        PUBLIC,
        words("WeChat Pay public key (pub_key.pem)"),
        words("The key of WeChat Pay, downloaded beside its ID; not your own."),
        kind=Kind.KEY,
    ),
    Field(
        SHARED,
        words("APIv3 key"),
        words("Exactly 32 characters that you set in the merchant platform; without it WeChat sends no notices."),
        kind=Kind.PASSWORD,
    ),
    Field(
        "h5",
        words("H5 payment in phone browsers"),
        words("Needs the product H5 payment and this shop's domain entered there; not open to individual businesses."),
        kind=Kind.CHOICE,
        choices=((YES, words("granted")), (NO, words("not granted"))),
    ),
    Field(
        "jsapi",
        words("Payment inside WeChat (JSAPI)"),
        words("Needs the app secret, and this shop's domain as web authorization domain and JSAPI payment directory."),
        kind=Kind.CHOICE,
        choices=((NO, words("not set up")), (YES, words("set up"))),
    ),
    Field(
        SECRET,
        words("App secret (AppSecret)"),
        words("Of the service account; it only tells us who pays inside WeChat."),
        kind=Kind.PASSWORD,
        required=False,
    ),
)
PATTERNS = {field.name: (field.pattern, field.required) for field in FIELDS if field.pattern}
ODD_TEXT = {
    "mchid": words("A merchant number is 8 to 10 digits. Copy it from pay.weixin.qq.com."),
    "appid": words("An AppID is wx and 16 more letters and digits. Copy it from the account bound to this merchant."),
    "serial": words("A serial number is hexadecimal, mostly 40 digits. Copy it from API security, without blanks."),
    "public_key_id": words("The ID begins with PUB_KEY_ID_. Apply for the WeChat Pay public key under API security."),
}


def check(account: Account) -> None:
    """Raise BadAccount where what was entered cannot work, with the field and how to mend it."""
    for name, (pattern, required) in PATTERNS.items():
        text = account.number if name == "mchid" else account.setting(name)
        if (text or required) and not re.fullmatch(pattern, text):
            raise BadAccount(name, ODD_TEXT[name])
    _check_merchant_key(account)
    _check_platform_key(account)
    if len(account.key(SHARED).expose().encode()) != KEY_BYTES:
        raise BadAccount(SHARED, words("An APIv3 key has exactly 32 letters and digits. Set it under API security."))
    if account.setting("jsapi") == YES and not len(account.key(SECRET)):
        raise BadAccount(SECRET, words("Payment inside WeChat needs the app secret, else nobody knows who pays there."))


def serial_of(account: Account) -> str:
    """Return the number of the certificate whose key we sign with."""
    certificate = account.key(CERTIFICATE).expose()
    return _serial(read(certificate)[0]) if certificate else account.setting("serial").upper()


def _serial(certificate: Certificate) -> str:
    return f"{certificate.serial:X}"


def _check_merchant_key(account: Account) -> None:
    private = account.key(PRIVATE).expose()
    try:
        check_private(private)
    except BadKey as bad:
        mend = words("This is no private key. Open apiclient_key.pem with an editor and paste the whole text.")
        raise BadAccount(PRIVATE, mend) from bad
    if not len(account.key(CERTIFICATE)):
        if not account.setting("serial"):
            raise BadAccount("serial", words("Enter the certificate apiclient_cert.pem, or its serial number here."))
        return
    found = _certificate(account)
    if found.public_key != public_of(private):
        raise BadAccount(PRIVATE, words("This key does not belong to the certificate. Take both from the same folder."))
    if found.ends <= clock.now():
        raise BadAccount(CERTIFICATE, words("This certificate has expired. Apply for a new one under API security."))
    if account.setting("serial") and account.setting("serial").upper().lstrip("0") != _serial(found):
        raise BadAccount("serial", words("This is the number of another certificate. Leave it empty."))


def _certificate(account: Account) -> Certificate:
    try:
        return read(account.key(CERTIFICATE).expose())[0]
    except BadKey as bad:
        mend = words("This is no certificate. Open apiclient_cert.pem with an editor and paste the whole text.")
        raise BadAccount(CERTIFICATE, mend) from bad


def _check_platform_key(account: Account) -> None:
    public = account.key(PUBLIC).expose()
    own = words("This is your own key. Paste the public key of WeChat Pay (pub_key.pem) here.")
    try:
        if "BEGIN CERTIFICATE" in public:
            if read(public)[0].public_key == public_of(account.key(PRIVATE).expose()):
                raise BadAccount(PUBLIC, own)
            raise BadAccount(PUBLIC, words("This is a certificate. Paste the public key (pub_key.pem), with its ID."))
        check_public(public)
    except BadKey as bad:
        mend = words("This is no public key. Open pub_key.pem with an editor and paste the whole text.")
        raise BadAccount(PUBLIC, mend) from bad
    if _bare(public) == _bare(public_of(account.key(PRIVATE).expose())):
        raise BadAccount(PUBLIC, own)


def _bare(pem: str) -> str:
    return re.sub(r"-----[A-Z ]+-----|\s", "", pem)
