"""The second version: we sign with our RSA key, the site with its own, and both say when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.kit import clock
from app.kit.crypto import rsa
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.payments.providers.base import (
    Account,
    Closed,
    Finding,
    Forged,
    Hint,
    Opened,
    Payback,
    Start,
    Told,
    Trade,
    Unpaid,
    Way,
)
from app.payments.providers.epay.signing import text_of
from app.payments.providers.epay.site import (
    SOMEWHERE,
    Read,
    Said,
    Site,
    encoded,
    knows_nothing,
    over,
    place_of,
    read_money,
    read_told,
    reason_of,
)

OLDEST_SECONDS = 300
CLOCK = "the clock of the site and ours are"


def told(fields: Mapping[str, str], account: Account, now: datetime) -> Told | Hint:
    """Return what a signed notice says, or raise Forged."""
    _check_signature(fields, account)
    if _seconds_apart(fields, now) > OLDEST_SECONDS:
        raise Forged("too old")
    said = read_told(fields, account.number)
    return said if fields.get("trade_status") == "TRADE_SUCCESS" else Hint(said.trade)


def _check_signature(fields: Mapping[str, str], account: Account) -> None:
    signed = rsa.is_signed(account.key("platform_key").expose(), text_of(fields).encode(), fields.get("sign", ""))
    if not signed:
        raise Forged("wrong signature")


def _seconds_apart(fields: Mapping[str, str], now: datetime) -> int:
    """Return how far what was signed is from now, earlier or later; raises Forged where it does not say."""
    stamp = fields.get("timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise Forged("no timestamp")
    return abs(int(now.timestamp()) - int(stamp))


@dataclass(frozen=True)
class Second(Site):
    """A site of the second version."""

    def page(self, start: Start, kind: str) -> str:
        """Return the signed address that the buyer's browser goes to."""
        return f"{self.base}/api/pay/submit?{encoded(self._signed(self.order(start, kind)))}"

    def create(self, start: Start, kind: str) -> Answer:
        """Ask for a QR code; a site that has another page instead is gone to by its own page."""
        wish = self.order(start, kind) | {"clientip": start.ip or SOMEWHERE, "device": "pc", "method": "web"}

        def read(said: Said) -> Answer:
            if said["code"] != "0":
                return Refused(reason_of(said))
            if said.get("pay_type") == "qrcode" and (code := said.get("pay_info")):
                return Done(Opened(Way.SCAN, code))
            return Done(Opened(Way.GO, self.page(start, kind)))

        return self._ask("api/pay/create", wish, read)

    def query(self, trade: Trade) -> Answer:
        """Ask how a trade stands."""

        def read(said: Said) -> Answer:
            if said["code"] == "0":
                return self.standing(said, trade)
            return Done(Unpaid()) if knows_nothing(said) else Temporary(reason_of(said))

        return self._ask("api/pay/query", {"out_trade_no": trade.trade}, read)

    def close(self, trade: Trade) -> Answer:
        """Close a trade; where the site does not, or never saw it, it is asked once more and only time ends it."""

        def read(said: Said) -> Answer:
            return Done(Closed()) if said["code"] == "0" else Refused(reason_of(said))

        answer = self._ask("api/pay/close", {"out_trade_no": trade.trade}, read, change=True)
        return over(trade, self.query(trade)) if isinstance(answer, Refused) else answer

    def refund(self, payback: Payback) -> Answer:
        """Give money back; the site's yes says that it begins, so it is asked at once how that went."""
        wish = {**place_of(payback), "out_refund_no": payback.number, "money": payback.amount.major}

        def read(said: Said) -> Answer:
            return Done() if said["code"] == "0" else Refused(reason_of(said))

        answer = self._ask("api/pay/refund", wish, read, change=True)
        if not isinstance(answer, Done):
            return answer
        ended = self.refund_query(payback)
        return ended if isinstance(ended, Done | Refused) else Unknown("processing")

    def refund_query(self, payback: Payback) -> Answer:
        """Ask how a refund went."""

        def read(said: Said) -> Answer:
            if said["code"] != "0":
                return Absent() if knows_nothing(said) else Temporary(reason_of(said))
            if said.get("out_refund_no") not in (None, payback.number):
                raise Forged("another refund answered")
            if read_money(said.get("money", "")) != payback.amount:
                return Refused("the number was used for another refund")
            match said.get("status"):
                case "1":
                    return Done(said.get("refund_no") or payback.number)
                case "0":
                    return Refused("the site says that this refund failed")
            return Temporary("processing")

        return self._ask("api/pay/refundquery", {"out_refund_no": payback.number}, read)

    def probe(self) -> Answer:
        """Ask who we are, which shows whether both sides know each other's keys and the time."""

        def read(said: Said) -> Answer:
            if said["code"] != "0":
                mend = words("Give the site the public key of your private key, and compare the merchant number.")
                return Done((Finding("keys", False, reason_of(said), mend),))
            return Done((Finding("keys", True), Finding("clock", True)))

        answer = self._ask("api/merchant/info", {}, read)
        if isinstance(answer, Temporary) and answer.reason.startswith(CLOCK):
            return Done((Finding("clock", False, answer.reason, words("Set the clock of this machine.")),))
        if answer == Temporary("wrong signature"):
            return Done((Finding("keys", False, answer.reason, words("Copy the platform's public key once more.")),))
        return answer

    def _ask(self, path: str, fields: Mapping[str, str], read: Read, *, change: bool = False) -> Answer:
        def believed(said: Said) -> Answer:
            if said["code"] == "0":  # only a no may come unsigned: sites that do not know us sign nothing
                _check_signature(said, self.account)
                if (apart := _seconds_apart(said, clock.now())) > OLDEST_SECONDS:
                    raise Forged(f"{CLOCK} {apart} s apart")
            return read(said)

        return self.posted(path, self._signed({"pid": self.account.number, **fields}), believed, change=change)

    def _signed(self, fields: dict[str, str]) -> dict[str, str]:
        stamped = fields | {"timestamp": str(int(clock.now().timestamp()))}
        sign = rsa.sign(self.account.key("private_key").expose(), text_of(stamped).encode())
        return stamped | {"sign": sign, "sign_type": "RSA"}
