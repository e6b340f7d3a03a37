"""What the gateway tells: signed forms for the shop, and signed fields on the buyer's way back."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from simulators.alipay import keys
from simulators.alipay.trades import Refund, Trade
from simulators.alipay.wire import china, yuan
from simulators.common.telling import send
from simulators.test_gateway.notices import Notice

RETRY_DELAYS = tuple(60.0 * minutes for minutes in (4, 10, 10, 60, 120, 360, 900))  # eight postings in 25 hours
BUYER = {"buyer_id": "2088000000000001", "buyer_logon_id": "158****0001"}


@dataclass(frozen=True)
class Sender:
    """Who tells: the application it is told to, the seller, and the key that signs."""

    app_id: str
    seller_id: str
    private: str

    def payment(self, trade: Trade, now: float) -> dict[str, str]:
        """Return what is told of a payment."""
        return self._base(trade, now, "paid") | {
            "trade_status": trade.status,
            "receipt_amount": yuan(trade.amount),
            "buyer_pay_amount": yuan(trade.amount),
            "fund_bill_list": json.dumps([{"amount": yuan(trade.amount), "fundChannel": "ALIPAYACCOUNT"}]),
        }

    def end(self, trade: Trade, now: float) -> dict[str, str]:
        """Return what is told when a trade was closed unpaid, or finished."""
        return self._base(trade, now, trade.status) | {"trade_status": trade.status, "gmt_close": china(now)}

    def refund(self, trade: Trade, refund: Refund, now: float) -> dict[str, str]:
        """Return what is told of a refund: a part of the money leaves the trade as successful as it was."""
        return self._base(trade, now, refund.out_request_no) | {
            "trade_status": trade.status,
            "refund_fee": yuan(trade.refunded),
            "gmt_refund": china(refund.at) + ".123",
            "out_biz_no": refund.out_request_no,
        }

    def compose(self, fields: Mapping[str, str], trade: Trade, *, forged: bool = False, number: str = "") -> Notice:
        """Return the notice of these fields, signed over all but sign and sign_type."""
        signature = keys.sign(self.private, _text(fields))
        if forged:
            signature = keys.sign(self.private, _text({**fields, "total_amount": "0.02"}))
        form = urlencode({**fields, "sign": signature, "sign_type": "RSA2"})
        return Notice(number, trade.notify_url, "", form.encode())

    def way_back(self, trade: Trade, method: str, now: float) -> str:
        """Return the shop's address with the signed fields that a buyer brings along; it proves nothing."""
        fields = {
            "charset": "utf-8",
            "out_trade_no": trade.out_trade_no,
            "method": f"{method}.return",
            "total_amount": yuan(trade.amount),
            "trade_no": trade.trade_no,
            "auth_app_id": self.app_id,
            "version": "1.0",
            "app_id": self.app_id,
            "seller_id": self.seller_id,
            "timestamp": china(now),
        }
        signed = urlencode({**fields, "sign": keys.sign(self.private, _text(fields)), "sign_type": "RSA2"})
        return f"{trade.return_url}{'&' if urlsplit(trade.return_url).query else '?'}{signed}"

    def _base(self, trade: Trade, now: float, what: str) -> dict[str, str]:
        moments = {"gmt_create": china(trade.created_at), "gmt_payment": china(trade.paid_at) if trade.paid_at else ""}
        fields = {
            "notify_time": china(now),
            "notify_type": "trade_status_sync",
            "notify_id": hashlib.sha256(f"{trade.trade_no} {what}".encode()).hexdigest()[:34],
            "charset": "utf-8",
            "version": "1.0",
            "app_id": self.app_id,
            "auth_app_id": self.app_id,
            "seller_id": self.seller_id,
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "total_amount": yuan(trade.amount),
            "subject": trade.subject,
            **BUYER,
            **moments,
        }
        return {name: value for name, value in fields.items() if value}


def post(notice: Notice, now: float) -> tuple[int, bytes]:
    """Post a notice; follow no redirect."""
    return send("POST", notice.url, notice.body, {"Content-Type": "application/x-www-form-urlencoded"})


def _text(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()
