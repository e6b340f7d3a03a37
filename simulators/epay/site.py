"""What the site does, without HTTP: open, pay, tell, answer, give back, close."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from simulators.epay import signing
from simulators.epay.faults import Faults
from simulators.epay.notices import Letter, Post
from simulators.epay.trades import CLOSED, PAID, UNPAID, Trade, Trades

TYPES = ("alipay", "wxpay", "qqpay", "bank")
FRESH_SECONDS = 300
MONEY = r"[0-9]{1,8}\.[0-9]{2}"


class Refused(Exception):
    """The site says no: its code and its words, as forks write them."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


@dataclass(frozen=True)
class Merchant:
    """One merchant of the site; for a simulator we keep both halves of both pairs."""

    pid: str
    key: str
    merchant_key: str
    platform_key: str
    joint: str = ""


@dataclass
class Site:
    """The verbs of the site over its trades."""

    merchant: Merchant
    trades: Trades
    post: Post
    faults: Faults = field(default_factory=Faults)
    clock: Callable[[], float] = time.time

    # What shops ask ----------------------------------------------------------------------------------------------

    def check_first(self, fields: Mapping[str, str]) -> None:
        """Refuse what the first version does not take, the signature first."""
        if fields.get("pid") != self.merchant.pid:
            raise Refused(-1, "商户不存在")
        wanted = signing.md5(fields, self.merchant.key, joint=self.merchant.joint)
        if not signing.same(fields.get("sign", "").lower(), wanted):
            raise Refused(-1, "签名校验失败")

    def check_second(self, fields: Mapping[str, str]) -> None:
        """Refuse what the second version does not take."""
        if fields.get("pid") != self.merchant.pid:
            raise Refused(-1, "商户不存在")
        if fields.get("sign_type") != "RSA" or not signing.is_signed(self.merchant.merchant_key, fields):
            raise Refused(-1, "签名校验失败")
        if not re.fullmatch("[0-9]{10}", fields.get("timestamp", "")):
            raise Refused(-1, "时间戳不能为空")
        if abs(self.clock() - int(fields["timestamp"])) > FRESH_SECONDS:
            raise Refused(-1, "时间戳已过期")

    def check_key(self, fields: Mapping[str, str]) -> None:
        """Refuse whoever does not show the key, as `api.php` wants it."""
        if fields.get("pid") != self.merchant.pid:
            raise Refused(-3, "商户ID不存在")
        if not signing.same(fields.get("key", ""), self.merchant.key):
            raise Refused(-3, "商户密钥错误")

    def open(self, fields: Mapping[str, str], version: int) -> Trade:
        """Return the trade that a checked wish asks for."""
        for name in ("out_trade_no", "notify_url", "return_url", "name", "money"):
            if not fields.get(name):
                raise Refused(-1, f"{name}不能为空")
        if not re.fullmatch(r"[0-9A-Za-z_.|-]{1,64}", fields["out_trade_no"]):
            raise Refused(-1, "订单号格式不正确")
        if not re.fullmatch(MONEY, fields["money"]) or fields["money"] == "0.00":
            raise Refused(-1, "金额不合法")
        if fields.get("type") and fields["type"] not in TYPES:
            raise Refused(-1, "支付方式不存在")
        names = ("out_trade_no", "notify_url", "return_url", "name")
        wish: dict[str, Any] = {name: fields[name] for name in names}
        fen = int(fields["money"].replace(".", ""))
        more = {"type": fields.get("type", ""), "param": fields.get("param", "")}
        trade = self.trades.open(wish | more | {"version": version, "fen": fen, "added_at": int(self.clock())})
        if trade.fen != fen:
            raise Refused(-1, "订单金额与之前的不一致")
        if trade.status == CLOSED:
            raise Refused(-1, "订单已关闭")
        return trade

    def find(self, fields: Mapping[str, str]) -> Trade:
        """Return the trade that a question names."""
        trade = self.trades.find(fields.get("trade_no", ""), fields.get("out_trade_no", ""))
        if trade is None:
            raise Refused(-1, "订单号不存在")
        return trade

    def stand(self, trade: Trade) -> dict[str, Any]:
        """Return how a trade stands."""
        is_paid = trade.status == PAID and not self.faults.strike("unpaid", "query order")
        money = "0.01" if self.faults.strike("wrong_answer_money") else trade.money
        names = ("trade_no", "out_trade_no", "type", "name", "param")
        return {name: getattr(trade, name) for name in names} | {
            "pid": int(self.merchant.pid) if self.merchant.pid.isdigit() else self.merchant.pid,
            "addtime": _moment(trade.added_at),
            "endtime": _moment(trade.ended_at) if is_paid else None,
            "money": money,
            "status": int(is_paid),
        }

    def close(self, trade: Trade) -> dict[str, Any]:
        """Close a trade unless it was paid."""
        if "no_close" in self.faults.habits:
            raise Refused(-1, "未开启订单关闭")
        self.trades.end(trade.trade_no, CLOSED, int(self.clock()))
        if self.find({"trade_no": trade.trade_no}).status == PAID:
            raise Refused(-1, "订单已支付")
        return {}

    def refund(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """Give money back."""
        if "no_refunds" in self.faults.habits:
            raise Refused(-2, "商户未开启退款接口")
        trade = self.find(fields)
        if not re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,2})?", fields.get("money", "")):
            raise Refused(-1, "金额不合法")
        whole, _, rest = fields["money"].partition(".")
        fen, number = int(whole + rest.ljust(2, "0")), fields.get("out_refund_no") or None
        made = self.trades.repay(trade, fen, number, int(self.clock()), "slow_refunds" not in self.faults.habits)
        if made is None:
            raise Refused(-1, "退款金额超出可退款金额")
        return self.told_refund(made, trade)

    def told_refund(self, made: Any, trade: Trade) -> dict[str, Any]:
        """Return a refund as it is told."""
        return {
            "refund_no": made["refund_no"],
            "out_refund_no": made["out_refund_no"],
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "money": f"{made['fen'] // 100}.{made['fen'] % 100:02}",
        }

    # What buyers do ----------------------------------------------------------------------------------------------

    def pay(self, trade: Trade, kind: str = "") -> Trade:
        """Pay a waiting trade and tell the shop."""
        if self.trades.end(trade.trade_no, PAID, int(self.clock()), kind or trade.type or TYPES[0]):
            paid = self.find({"trade_no": trade.trade_no})
            self.tell(paid)
            return paid
        return self.find({"trade_no": trade.trade_no})

    def back(self, trade: Trade) -> str:
        """Return where the browser goes afterwards: the shop's page with the same signed fields as the notice."""
        if trade.status == UNPAID:
            return trade.return_url
        joint = "&" if "?" in trade.return_url else "?"
        return f"{trade.return_url}{joint}{urlencode(self.notice(trade))}"

    def tell(self, trade: Trade) -> None:
        """Bring the notice of a paid trade on its way, with whatever goes wrong there."""
        if self.faults.strike("silent"):
            return
        fields = self.notice(trade, faulty=True)
        letter = Letter(trade.trade_no, trade.notify_url, fields, "post" in self.faults.habits)
        late = self.faults.strike("late")
        for _ in range(2 if self.faults.strike("twice") else 1):
            self.post.bring(letter, late.seconds if late else 0)

    def notice(self, trade: Trade, *, faulty: bool = False) -> dict[str, str]:
        """Return the signed notice of a trade."""
        struck = self.faults.strike if faulty else lambda name: None
        fields = {
            "pid": "9999" if struck("wrong_pid") else self.merchant.pid,
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "type": trade.type,
            "name": "product" if "renames" in self.faults.habits else trade.name,
            "money": "0.01" if struck("wrong_money") else trade.money,
            "trade_status": "TRADE_CLOSED" if struck("wrong_status") else "TRADE_SUCCESS",
        }
        if trade.param or "empty_param" in self.faults.habits:
            fields["param"] = trade.param
        if trade.version == 2:
            fields["buyer"] = "2088000000000000"
        signed = self.signed(fields, trade.version, behind=3600 if struck("old") else 0)
        return signed | {"sign": signed["sign"][::-1]} if struck("wrong_sign") else signed

    def signed(self, fields: Mapping[str, str], version: int, behind: int = 0) -> dict[str, str]:
        """Return fields with the signature of the site."""
        if version == 2:
            stamped = {**fields, "timestamp": str(int(self.clock()) - behind)}
            return stamped | {"sign": signing.sign(self.merchant.platform_key, stamped), "sign_type": "RSA"}
        empties = "signs_empties" in self.faults.habits
        sign = signing.md5(fields, self.merchant.key, empties=empties, joint=self.merchant.joint)
        return {**fields, "sign": sign.upper() if "upper" in self.faults.habits else sign, "sign_type": "MD5"}


def _moment(at: int | None) -> str | None:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 8 * 3600)) if at else None
