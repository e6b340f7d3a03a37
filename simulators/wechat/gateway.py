"""What the gateway does, without HTTP: take orders, be paid, answer, close, give back."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from simulators.wechat import wire
from simulators.wechat.book import Book, Entry
from simulators.wechat.faults import WeChatFaults
from simulators.wechat.keys import Keys
from simulators.wechat.notices import News, Sender
from simulators.wechat.refusals import Refusal

CHINA = timezone(timedelta(hours=8))
PREPAY_SECONDS, H5_SECONDS, YEAR_SECONDS, GAP_SECONDS = 7200, 300, 365 * 86400, 60
MOST_REFUNDS = 50
SAME = ("appid", "description", "notify_url", "amount", "time_expire", "attach", "payer")
STATES = {"SUCCESS": "支付成功", "REFUND": "转入退款", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}
BANKS = ("OTHERS", "ICBC_DEBIT", "CMB_CREDIT", "ICBC_ECNY")
log = logging.getLogger(__name__)


@dataclass
class Gateway:
    """The verbs over the book of orders and refunds."""

    keys: Keys
    book: Book
    sender: Sender
    faults: WeChatFaults
    clock: Callable[[], float] = time.time
    pace: float = 1.0
    refund_seconds: float = 2.0
    patience: float = 0.3
    codes: dict[str, str] = field(default_factory=dict)  # of the web authorization, each good once

    # Orders ------------------------------------------------------------------------------------------------------

    def order(self, body: bytes, product: str) -> Entry:
        """Take an order, or return the one that was made with just these parameters."""
        now = self.clock()
        wish = wire.read_order(body, product, self.keys, now, lambda text: datetime.fromisoformat(text).timestamp())
        with self.book.page():
            known = self._find(wish["out_trade_no"])
            if known:
                self._check_same(known, wish, product)
            entry = (known or {"state": "NOTPAY", "tries": 0, "told": False}) | {
                "wish": wish,
                "out_trade_no": wish["out_trade_no"],
                "product": product,
                "pr": secrets.token_urlsafe(8),  # a new one: the code that was drawn before is dead
                "prepay_id": f"wx{secrets.token_hex(17)}",
                "made_at": now,
            }
            self.book.put("order", entry["out_trade_no"], entry)
        return entry

    def _check_same(self, known: Entry, wish: Mapping[str, Any], product: str) -> None:
        if known["state"] in ("SUCCESS", "REFUND"):
            raise Refusal("ORDER_PAID")
        if known["state"] == "CLOSED":
            raise Refusal("ORDER_CLOSED")
        same = all(known["wish"].get(name) == wish.get(name) for name in SAME)
        if not same or known["product"] != product:
            raise Refusal("OUT_TRADE_NO_USED")

    def query(self, number: str) -> dict[str, Any]:
        """Tell how an order stands, by the merchant's number or by ours."""
        entry = self._find(number) or self.book.find_by("order", "transaction_id", number)
        if entry is None:
            raise Refusal("ORDER_NOT_EXIST")
        said = self.stand(entry)
        if "amount" in said and self.faults.strike("short", "query"):
            said["amount"] = said["amount"] | {"total": said["amount"]["total"] - 1}
        return said

    def stand(self, entry: Entry) -> dict[str, Any]:
        """Return an order as WeChat tells of it."""
        wish, total = entry["wish"], entry["wish"]["amount"]["total"]
        said = {
            "appid": wish["appid"],
            "mchid": wish["mchid"],
            "out_trade_no": entry["out_trade_no"],
            "trade_state": entry["state"],
            "trade_state_desc": STATES[entry["state"]],
            "attach": wish.get("attach", ""),
        }
        if entry["state"] in ("SUCCESS", "REFUND"):
            said |= {
                "transaction_id": entry["transaction_id"],
                "trade_type": {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI"}[entry["product"]],
                "bank_type": entry["bank_type"],
                "success_time": moment(entry["paid_at"]),
                "payer": {"openid": entry["openid"]},
                "amount": {"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"},
            }
        return said

    def close(self, number: str, body: bytes) -> None:
        """Close an order for good unless it was paid."""
        if wire.read_json(body).get("mchid") != self.keys.mchid:
            raise Refusal("PARAM_ERROR", "mchid")
        with self.book.page():
            entry = self._find(number)
            if entry is None:
                raise Refusal("ORDER_NOT_EXIST")
            if entry["state"] in ("SUCCESS", "REFUND"):
                raise Refusal("ORDER_PAID")
            self.book.put("order", number, entry | {"state": "CLOSED"})

    def _find(self, number: str) -> Entry | None:
        """Return an order, closed when its time is up."""
        entry = self.book.find("order", number)
        until = entry["wish"].get("time_expire") if entry and entry["state"] == "NOTPAY" else None
        if entry and until and datetime.fromisoformat(until).timestamp() <= self.clock():
            entry["state"] = "CLOSED"
            self.book.put("order", number, entry)
        return entry

    # Buyers ------------------------------------------------------------------------------------------------------

    def find_by_code(self, pr: str) -> Entry | None:
        """Return the order that a code leads to."""
        found = self.book.find_by("order", "pr", pr)
        return self._find(found["out_trade_no"]) if found else None

    def pay(self, number: str, openid: str, bank: str = BANKS[0]) -> Entry | None:
        """Let a buyer pay, and tell the shop; None when it takes no money any more."""
        with self.book.page():
            entry = self._find(number)
            if entry is None or entry["state"] != "NOTPAY":
                return None
            entry |= {
                "state": "SUCCESS",
                "transaction_id": f"42{secrets.randbelow(10**26):026d}",
                "paid_at": self.clock(),
                "openid": openid,
                "bank_type": bank,
            }
            self.book.put("order", number, entry)
        self.tell_paid(number).wait(self.patience)
        return entry

    def pay_in_app(self, asked: Mapping[str, str], openid: str) -> bool:
        """Let a buyer pay from a page inside WeChat; tell whether the call was signed and is theirs."""
        lines = (
            asked.get("appId", ""),
            asked.get("timeStamp", ""),
            asked.get("nonceStr", ""),
            asked.get("package", ""),
        )
        signed = "".join(f"{line}\n" for line in lines).encode()
        entry = self.book.find_by("order", "prepay_id", asked.get("package", "").removeprefix("prepay_id="))
        if entry is None or asked.get("signType") != "RSA" or asked.get("appId") != self.keys.appid:
            return False
        late = self.clock() - entry["made_at"] > PREPAY_SECONDS
        theirs = entry["wish"].get("payer", {}).get("openid") == openid
        if late or not theirs or not self.keys.is_merchants(signed, asked.get("paySign", "")):
            return False
        return self.pay(entry["out_trade_no"], openid) is not None

    def tell_paid(self, number: str, *, tried: int = 0) -> Any:
        """Have the shop told of a payment."""

        def news() -> News | None:
            entry = self.book.find("order", number)
            assert entry
            said = self.stand(entry | {"state": "SUCCESS"})
            return News(f"EV-{number}", entry["wish"]["notify_url"], "TRANSACTION.SUCCESS", "支付成功", said)

        return self.sender.send(news, tried=tried)

    def record(self, event: str, taken: bool) -> None:
        """Note a try to tell the shop."""
        entry = self.book.find("order", event.removeprefix("EV-"))
        if entry:
            entry |= {"tries": entry["tries"] + 1, "told": entry["told"] or taken}
            self.book.put("order", entry["out_trade_no"], entry)

    def resume(self) -> None:
        """Tell shops what a former run could not tell."""
        for entry in self.book.all("order"):
            if entry["state"] in ("SUCCESS", "REFUND") and not entry["told"]:
                self.tell_paid(entry["out_trade_no"], tried=min(entry["tries"], 15))


def moment(at: float) -> str:
    """Return a time as WeChat writes it."""
    return datetime.fromtimestamp(at, CHINA).isoformat(timespec="seconds")
