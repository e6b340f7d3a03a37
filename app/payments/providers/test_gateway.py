"""The test gateway: a way to pay without money, for sandbox shops. Its other side stands in `simulators/`."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from app.kit.money import Money, NotMoney
from app.kit.secret import Secret
from app.payments.providers.base import Forged, Start, Told

OLDEST_SECONDS = 900
LONGEST_SUBJECT = 200


class TestGateway:
    """Speaks the test gateway's protocol; pays nothing and says so on its page."""

    __test__ = False  # not a test class, whatever its name suggests to pytest

    name = "test"
    sandbox = True
    accepted = "success"

    def __init__(self, url: str, secret: str) -> None:
        self.origin = url
        self._secret = secret

    def credentials_of(self, account: str) -> Secret:
        """Return the key that the gateway gives the merchant `account`."""
        return Secret(_hmac(self._secret, f"merchant:{account}"))

    def start(self, start: Start, account: str, credentials: Secret) -> str:
        """Return the signed address of the gateway's own payment page."""
        fields = {
            "merchant_no": account,
            "out_trade_no": start.trade,
            "amount": str(start.due.minor),
            "currency": start.due.currency,
            "subject": _subject(start.subject) or start.trade,
            "notify_url": start.notify_url,
            "return_url": start.return_url,
            "timestamp": str(int(start.at.timestamp())),
        }
        canonical = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        signed = fields | {"sign": _hmac(credentials.expose(), canonical)}
        return f"{self.origin}/pay?{urlencode(signed, quote_via=quote)}"

    def read(self, headers: Mapping[str, str], body: bytes, account: str, credentials: Secret, now: datetime) -> Told:
        """Return what the notice says; raises Forged for a wrong signature, age, account or shape."""
        timestamp = headers.get("Test-Gateway-Timestamp", "")
        if not re.fullmatch(r"[0-9]{1,12}", timestamp):
            raise Forged("no timestamp")
        wanted = hmac.new(credentials.expose().encode(), timestamp.encode() + b"\n" + body, hashlib.sha256)
        if not hmac.compare_digest(
            wanted.hexdigest().encode(), headers.get("Test-Gateway-Signature", "").lower().encode()
        ):
            raise Forged("wrong signature")
        if abs(now.timestamp() - int(timestamp)) > OLDEST_SECONDS:
            raise Forged("too old")
        return _told(body, account)


def _subject(text: str) -> str:
    """Return a subject as the gateway takes it: printable, not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_SUBJECT].strip()


def _told(body: bytes, account: str) -> Told:
    try:
        said = json.loads(body)
        told = Told(
            trade=str(said["out_trade_no"]),
            trade_no=str(said["trade_no"]),
            account=str(said["merchant_no"]),
            paid=Money(said["amount"], said["currency"]),
        )
    except (ValueError, KeyError, TypeError, NotMoney) as error:
        raise Forged("not understood") from error
    if told.account != account:
        raise Forged("another merchant")
    if said.get("status") != "paid":
        raise Forged("not a payment")
    return told


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
