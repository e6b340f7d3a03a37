"""The first version: one MD5 key for everything, and the key itself in the address of every question."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.kit.effects import Answer, Done, Refused, Temporary
from app.kit.errors import words
from app.payments.providers.base import Account, Finding, Forged, Opened, Payback, Start, Told, Trade, Unpaid, Way
from app.payments.providers.epay.settings import style_of, types_of
from app.payments.providers.epay.site import (
    SOMEWHERE,
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

REQUIRED = frozenset({"pid", "trade_no", "out_trade_no", "type", "name", "money", "trade_status", "sign"})
KNOWN = REQUIRED | {"param", "sign_type"}
API = "api.php"


def told(fields: Mapping[str, str], account: Account) -> Told:
    """Return what a signed notice says, or raise Forged.

    The key signs what buyers see as well and the values are joined raw, so a value that holds the name of another
    field could make one of our own signatures fit a notice: nothing may be there that we do not know.
    """
    if not style_of(account).is_signed(fields, account.key("key").expose()):
        raise Forged("wrong signature")
    if not REQUIRED <= fields.keys() <= KNOWN or fields.get("param"):
        raise Forged("other fields than a notice has")
    if any("&" in value or "=" in value for value in fields.values()):
        raise Forged("a value that shifts the borders of others")
    types = types_of(account)
    if not fields["type"] or (types and fields["type"] not in types):
        raise Forged("another way to pay")
    said = read_told(fields, account.number)
    if fields["trade_status"] != "TRADE_SUCCESS":
        raise Forged("not a payment")
    return said


@dataclass(frozen=True)
class First(Site):
    """A site of the first version."""

    def page(self, start: Start, kind: str) -> str:
        """Return the signed address that the buyer's browser goes to."""
        return f"{self.base}/submit.php?{encoded(self._signed(self.order(start, kind)))}"

    def create(self, start: Start, kind: str) -> Answer:
        """Ask for a QR code; a site that has another page instead is gone to by its own page."""
        wish = self.order(start, kind) | {"clientip": start.ip or SOMEWHERE, "device": "pc"}

        def read(said: Said) -> Answer:
            if said["code"] != "1":
                return Refused(reason_of(said))
            if code := said.get("qrcode"):
                return Done(Opened(Way.SCAN, code))
            return Done(Opened(Way.GO, self.page(start, kind)))

        return self.posted("mapi.php", self._signed(wish), read, change=False)

    def query(self, trade: Trade) -> Answer:
        """Ask how a trade stands, by our own number, since anybody who knows the key could have made the other."""

        def read(said: Said) -> Answer:
            if said["code"] == "1":
                return self.standing(said, trade)
            return Done(Unpaid()) if knows_nothing(said) else Temporary(reason_of(said))

        return self.asked(API, self._question("order") | {"out_trade_no": trade.trade}, read)

    def close(self, trade: Trade) -> Answer:
        """Ask once more: this version closes nothing, so only the order's own time ends a trade."""
        return over(trade, self.query(trade))

    def refund(self, payback: Payback) -> Answer:
        """Give money back where the site lets us; it keeps no number of ours, so this is said once."""
        if self.account.setting("refunds") != "yes":
            return Refused("this site gives nothing back by itself: pay it back on the site, then note it here")
        wish = {
            "pid": self.account.number,
            "key": self.account.key("key").expose(),
            **place_of(payback),
            "money": payback.amount.major,
        }

        def read(said: Said) -> Answer:
            return Done(payback.number) if said["code"] == "1" else Refused(reason_of(said))

        return self.posted(f"{API}?act=refund", wish, read, change=True)

    def refund_query(self, payback: Payback) -> Answer:
        """Ask whether a trade that was paid is so no more; of a part nobody can tell, so that stays for people."""
        place = place_of(payback)

        def read(said: Said) -> Answer:
            if said["code"] != "1" or any(said.get(name) != number for name, number in place.items()):
                return Temporary(reason_of(said))
            is_whole = payback.amount == (payback.paid or payback.amount) == read_money(said.get("money", ""))
            if is_whole and said.get("status") in ("0", "2"):
                return Done(payback.number)
            return Temporary("the site does not say whether money went back: look there")

        return self.asked(API, self._question("order") | place, read)

    def probe(self) -> Answer:
        """Ask who we are, which shows whether the site is there and knows our key."""

        def read(said: Said) -> Answer:
            if said["code"] != "1":
                mend = words("Copy the merchant number and the key from the site once more.")
                return Done((Finding("keys", False, reason_of(said), mend),))
            if said.get("active", "1") != "1":
                return Done(
                    (Finding("keys", False, words("the site has closed this account"), words("Ask the site why.")),)
                )
            return Done((Finding("keys", True),))

        return self.asked(API, self._question("query"), read)

    def _question(self, act: str) -> dict[str, str]:
        return {"act": act, "pid": self.account.number, "key": self.account.key("key").expose()}

    def _signed(self, fields: dict[str, str]) -> dict[str, str]:
        sign = style_of(self.account).sign(fields, self.account.key("key").expose())
        return fields | {"sign": sign, "sign_type": "MD5"}
