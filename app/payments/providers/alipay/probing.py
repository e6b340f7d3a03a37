"""Trying an application out: what is wrong with its keys, clock or rights, in words, moving nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.kit import clock
from app.kit.errors import words
from app.kit.ids import base32, new_id
from app.payments.providers.alipay import accounts
from app.payments.providers.alipay.line import DONE, UNHEARD, Line, Said, Unheard, china_time
from app.payments.providers.base import BadAccount, Finding, Forged

SLOWEST = timedelta(minutes=5)
SOON = timedelta(days=30)
CHECK_ALL = words("Compare application number, environment and keys with the application on Alipay's platform.")

# What a sub_code, or else a code, means: what is tried, what happened, how to mend it.
MEANINGS = {
    "isv.invalid-signature": (
        "keys",
        words("Alipay does not know our signature."),
        words("Give Alipay the public key of the private key entered here, or enter the private key that fits."),
    ),
    "isv.invalid-app-id": (
        "keys",
        words("Alipay knows no application of this number."),
        words("Compare the APPID; the sandbox and the live platform have different ones."),
    ),
    "isv.invalid-timestamp": (
        "clock",
        words("Alipay finds our clock wrong."),
        words("Set this server's clock by the network (NTP)."),
    ),
    "40001": ("query", words("Alipay misses something in our question."), CHECK_ALL),
    "40002": ("query", words("Alipay does not accept something in our question."), CHECK_ALL),
    "40003": ("query", words("Alipay does not accept something in our question."), CHECK_ALL),
    "20001": (
        "keys",
        words("Alipay says that an authorisation token is not valid."),
        words("Use an application of your own, not one that an agency authorised."),
    ),
    "40006": (
        "rights",
        words("The application has no right to do this: the product was not signed."),
        words("Add the product to the application on Alipay's platform, sign it, and put the application online."),
    ),
}
SCAN_RIGHT = (
    words("The application may not make QR codes: the product 当面付 was not signed."),
    words("Sign 当面付 on Alipay's platform, or choose Alipay's page for computers. Until then buyers get that page."),
)


def findings(line: Line) -> tuple[Finding, ...]:
    """Return what a self-test found, each with what to do about it."""
    try:
        accounts.check(line.account)
    except BadAccount as bad:
        return (Finding("keys", well=False, message=bad.message),)
    return tuple(_asked(line))


def _asked(line: Line) -> Iterator[Finding]:
    """Ask about a trade that never was: that Alipay does not know it shows that all is well."""
    try:
        said = line.hear("alipay.trade.query", {"out_trade_no": _fresh_number()})
    except Unheard as error:
        yield Finding("query", False, str(error), words("Alipay does not answer: try again, or check the firewall."))
        return
    except Forged:
        yield Finding(
            "keys",
            False,
            words("Alipay's answer does not fit the Alipay key entered here."),
            words("Copy Alipay's public key or certificate anew; it is not the one of your application."),
        )
        return
    yield _clock(said)
    yield from _read(said)
    yield from _certificates(line)
    if line.account.setting(accounts.DESKTOP) == accounts.QR and said.code not in UNHEARD:
        yield _scanning(line)


def _read(said: Said) -> Iterator[Finding]:
    if said.code == DONE or said.sub_code == "ACQ.TRADE_NOT_EXIST":
        yield Finding("keys", well=True)
        yield Finding("query", well=True)
        return
    name, message, mend = MEANINGS.get(said.sub_code) or MEANINGS.get(said.code) or ("query", said.refusal, "")
    yield Finding(name, False, message, mend)


def _clock(said: Said) -> Finding:
    """Compare our clock with what Alipay wrote on its answer; where it wrote nothing, nobody knows better."""
    try:
        theirs = parsedate_to_datetime(said.date)
    except ValueError:
        return Finding("clock", well=True)
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    if abs(clock.now() - theirs) <= SLOWEST:
        return Finding("clock", well=True)
    return Finding(
        "clock",
        False,
        words("Our clock and Alipay's differ by more than five minutes."),
        words("Set this server's clock by the network (NTP)."),
    )


def _certificates(line: Line) -> Iterator[Finding]:
    first = accounts.ends_first(line.account)
    if first is None:
        return
    if first.ends - clock.now() > SOON:
        yield Finding("certificate", well=True)
        return
    yield Finding(
        "certificate",
        False,
        words("A certificate expires within 30 days."),
        words("Download new certificates from Alipay's platform and enter them here."),
    )


def _scanning(line: Line) -> Finding:
    """Ask for a QR code that nobody will see: no trade begins before somebody scans."""
    at: datetime = clock.now() + timedelta(minutes=2)
    wish = {"out_trade_no": _fresh_number(), "total_amount": "0.01", "subject": "test", "time_expire": china_time(at)}
    try:
        said = line.hear("alipay.trade.precreate", wish)
    except (Unheard, Forged) as error:
        return Finding("scan", False, str(error))
    if said.code == "40006":
        return Finding("scan", False, *SCAN_RIGHT)
    return Finding("scan", well=said.code == DONE, message="" if said.code == DONE else said.refusal)


def _fresh_number() -> str:
    return base32(new_id())
