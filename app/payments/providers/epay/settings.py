"""What a merchant tells us of an account at a site, and what cannot work."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.kit.crypto import rsa
from app.kit.errors import words
from app.payments.providers.base import Account, BadAccount, Field, Kind
from app.payments.providers.epay.signing import Style

FIRST, SECOND = "1", "2"
TYPES = ("alipay", "wxpay", "qqpay", "bank")
NAME = "订单"
PID = r"[0-9A-Za-z_-]{1,32}"
KIND = r"[a-z][a-z0-9_]{1,19}"
GOODS = r"[\w\u4e00-\u9fff -]{1,30}"  # no & and no =, which would shift the borders of what is signed

FIELDS = (
    Field(
        "version",
        words("Version"),
        words("The site's API page says which; RSA is safer."),
        Kind.CHOICE,
        ((FIRST, words("V1, MD5")), (SECOND, words("V2, RSA"))),
    ),
    Field(
        "url",
        words("Address of the site"),
        words("As far as its folder, without submit.php."),
        Kind.URL,
        tells_apart=True,
    ),
    Field("pid", words("Merchant number (pid)"), pattern=PID),
    Field("key", words("Key"), words("V1 only: the merchant key."), Kind.PASSWORD, required=False),
    Field(
        "private_key", words("Your private key"), words("V2 only: the merchant's RSA key."), Kind.KEY, required=False
    ),
    Field(
        "platform_key",
        words("The platform's public key"),
        words("V2 only: the site shows it, it is not yours."),
        Kind.KEY,
        required=False,
    ),
    Field(
        "types",
        words("Ways to pay"),
        words("alipay, wxpay, qqpay, bank, with commas; left empty, the site lets the buyer choose."),
        required=False,
        pattern=rf"({KIND}(\s*,\s*{KIND})*)?",
        tells_apart=True,
    ),
    Field(
        "desktop",
        words("On a computer"),
        words("A QR code needs exactly one way to pay, and a site with mapi.php."),
        Kind.CHOICE,
        (("go", words("Go to the site")), ("scan", words("Show a QR code"))),
    ),
    Field(
        "joint",
        words("Before the key"),
        words("V1 only: what stands between the signed text and the key."),
        Kind.CHOICE,
        (("plain", words("Nothing")), ("key", "&key=")),
    ),
    Field(
        "letters",
        words("Letters of the signature"),
        "",
        Kind.CHOICE,
        (("lower", words("Small")), ("upper", words("Capital"))),
    ),
    Field(
        "refunds",
        words("Refunds through the API"),
        words("V1 only: many sites have them switched off."),
        Kind.CHOICE,
        (("no", words("The site has none")), ("yes", words("The site allows them"))),
    ),
    Field(
        "goods",
        words("Name of the goods"),
        words("The same for every order: letters, digits, spaces and hyphens."),
        required=False,
        pattern=rf"({GOODS})?",
    ),
)


def is_first(account: Account) -> bool:
    """Tell whether the account is one of the first version."""
    return account.setting("version") != SECOND


def base_of(account: Account) -> str:
    """Return the address of the site, without a slash at its end."""
    return account.setting("url").strip().rstrip("/")


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address; nothing of what is none."""
    try:
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc}".lower() if parts.hostname and parts.port != 0 else ""
    except ValueError:
        return ""


def is_at(account: Account, simulator: str) -> bool:
    """Tell whether the site is the simulator of this installation."""
    return bool(simulator) and origin_of(base_of(account)) == origin_of(simulator)


def may_be_asked(account: Account, simulator: str) -> bool:
    """Tell whether keys may travel to the site: by TLS, or to the simulator."""
    return base_of(account).startswith("https://") or is_at(account, simulator)


def types_of(account: Account) -> tuple[str, ...]:
    """Return the ways to pay that were set; none where the site asks the buyer."""
    return tuple(filter(None, (part.strip() for part in account.setting("types").split(","))))


def style_of(account: Account) -> Style:
    """Return how a site of the first version signs."""
    return Style("&key=" if account.setting("joint") == "key" else "", account.setting("letters") == "upper")


def goods_of(account: Account) -> str:
    """Return the fixed text that stands for the goods."""
    return account.setting("goods") or NAME


def check(account: Account, simulator: str) -> None:
    """Raise BadAccount for what cannot work."""
    _check_address(account, simulator)
    if not re.fullmatch(PID, account.number):
        raise BadAccount("pid", words("The merchant number is made of letters and digits; copy it from the site."))
    for field in FIELDS:
        if field.pattern and field.name != "pid" and not re.fullmatch(field.pattern, account.setting(field.name)):
            raise BadAccount(field.name, words("This contains a character that is not allowed; type it again."))
        if field.choices and account.setting(field.name) not in {"", *(value for value, _ in field.choices)}:
            raise BadAccount(field.name, words("Choose one from the list."))
    if account.setting("desktop") == "scan" and len(types_of(account)) != 1:
        raise BadAccount("types", words("A QR code on computers needs exactly one way to pay; leave one."))
    if is_first(account):
        _check_key(account.key("key").expose())
    else:
        _check_pair(account.key("private_key").expose(), account.key("platform_key").expose())


def _check_address(account: Account, simulator: str) -> None:
    base = base_of(account)
    if is_at(account, simulator):
        return
    if not base.startswith("https://") or not origin_of(base) or re.search(r"[\s?#@\\]", base):
        raise BadAccount("url", words("The key travels to this address: it must begin with https://."))
    if base.endswith(".php"):
        raise BadAccount("url", words("Enter the address as far as its folder, without the last part."))
    if not _is_public(urlsplit(base).hostname or ""):
        raise BadAccount("url", words("This address is inside a network; enter the site's public one."))


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return host != "localhost" and "." in host


def _check_key(key: str) -> None:
    if not key:
        raise BadAccount("key", words("V1 needs the merchant key; copy it from the site."))
    if "--" in key or re.search(r"\s", key):
        raise BadAccount("key", words("The key of V1 is one word; an RSA key belongs to V2."))


def _check_pair(private: str, platform: str) -> None:
    if not private or not platform:
        missing = "platform_key" if private else "private_key"
        raise BadAccount(missing, words("V2 needs both your private key and the platform's public key."))
    try:
        signed = rsa.sign(private, b"mine")
    except rsa.BadKey as error:
        raise BadAccount(
            "private_key", words("This is no RSA private key of at least 2048 bits; copy it whole.")
        ) from error
    try:
        is_mine = rsa.is_signed(platform, b"mine", signed)
    except rsa.BadKey as error:
        raise BadAccount(
            "platform_key", words("This is no RSA public key of at least 2048 bits; copy it whole.")
        ) from error
    if is_mine:
        raise BadAccount("platform_key", words("This is your own public key; the platform's is shown beside it."))
