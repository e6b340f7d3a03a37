"""What the gateway does, without HTTP: starts, cashier, answers to signed questions, refunds, bills."""

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.alipay import bills, keys
from simulators.alipay.faults import Faults
from simulators.alipay.notices import Sender
from simulators.alipay.trades import Refund, Start, Trade, Trades
from simulators.alipay.wire import CALLS, PAGES, Door, Problem, Request, china, fen_of, moment_of, no, text_of, yuan
from simulators.test_gateway.notices import NoticeSender

log = logging.getLogger(__name__)
UNSCANNED_SECONDS = 2 * 60 * 60
BILL_SECONDS = 30
SUCCESS = {"code": "10000", "msg": "Success"}
BUSY = Problem("20000", "aop.unknow-error", "系统繁忙")
NO_TRADE = ("TRADE_NOT_EXIST", "交易不存在")
NUMBER = r"[0-9A-Za-z_]{1,64}"


@dataclass
class Gateway:
    """The verbs of the gateway over its trades and its notices."""

    door: Door
    trades: Trades
    sender: NoticeSender
    seller_id: str = "2088101106499364"
    url: str = ""  # how buyers reach us
    clock: Callable[[], float] = time.time
    patience: float = 0.3
    faults: Faults = field(default_factory=Faults)
    downloads: dict[str, tuple[float, bytes]] = field(default_factory=dict)

    @property
    def voice(self) -> Sender:
        return Sender(self.door.app_id, self.seller_id, self.door.keys.alipay_private)

    def start(self) -> None:
        """Start telling the shop, first of all what a former run could not tell."""
        self.sender.start()
        for trade in self.trades.list_untold():
            self._tell(self.voice.payment(trade, self.clock()), trade, trade.trade_no)

    def stop(self) -> None:
        """Stop the sender and close the trades."""
        self.sender.stop()
        self.trades.close()

    # Buyers ------------------------------------------------------------------------------------------------------

    def is_page(self, request: Request) -> bool:
        """Tell whether this is a browser that wants to pay."""
        return request.method in PAGES

    def begin(self, request: Request) -> Start:
        """Return the start that a browser brought; no trade begins by looking at it."""
        if request.wish.get("product_code") != PAGES[request.method]:
            raise no("INVALID_PARAMETER", "product_code 与接口不符")
        return self._open(request, "page" if request.method == "alipay.trade.page.pay" else "wap")

    def _open(self, request: Request, product: str) -> Start:
        wish, now = request.wish, self.clock()
        start = Start(
            token=secrets.token_urlsafe(24),
            out_trade_no=text_of(wish, "out_trade_no", NUMBER),
            product=product,
            amount=fen_of(wish, "total_amount"),
            subject=text_of(wish, "subject", r"[^/=&]{1,256}"),
            notify_url=request.notify_url,
            return_url=request.return_url,
            expires_at=moment_of(wish, "time_expire"),
            started_at=now,
        )
        if start.expires_at is not None and start.expires_at <= now:
            raise no("INVALID_PARAMETER", "time_expire 已过")
        trade = self.find(start.out_trade_no)
        if trade and trade.status != "WAIT_BUYER_PAY":
            raise no("TRADE_HAS_CLOSE", "交易已关闭") if not trade.paid_at else no("TRADE_HAS_SUCCESS", "交易已被支付")
        kept = self.trades.open(start)
        if (kept.amount, kept.subject) != (start.amount, start.subject):
            raise no("CONTEXT_INCONSISTENT", "交易信息被篡改")
        return kept

    def enter(self, token: str) -> tuple[Start, Trade]:
        """Let a buyer sign in or scan: from now on there is a trade."""
        start = self.start_of(token)
        now = self.clock()
        ends = start.started_at + UNSCANNED_SECONDS if start.product == "qr" else None
        is_over = any(end is not None and end <= now for end in (start.expires_at, ends))
        if is_over and not self.find(start.out_trade_no):
            raise no("TRADE_HAS_CLOSE", "付款时间已过")
        self.trades.enter(start, now)
        trade = self.find(start.out_trade_no)
        assert trade
        return start, trade

    def pay(self, token: str) -> tuple[Start, Trade]:
        """Let a buyer pay, and tell the shop, giving the first try a moment to arrive."""
        start, trade = self.enter(token)
        now = self.clock()
        if self.trades.move(trade.out_trade_no, "WAIT_BUYER_PAY", "TRADE_SUCCESS", now):
            trade = self._get(trade.out_trade_no)
            log.info("%s paid: order %s, %s yuan", trade.trade_no, trade.out_trade_no, yuan(trade.amount))
            self._tell(self.voice.payment(trade, now), trade, trade.trade_no)
        return start, trade

    def start_of(self, token: str) -> Start:
        """Return the start of a cashier's address."""
        if not (start := self.trades.find_start("token", token)):
            raise no(*NO_TRADE)
        return start

    def find(self, out_trade_no: str = "", trade_no: str = "") -> Trade | None:
        """Return how a trade stands now."""
        self.trades.expire(self.clock())
        return self.trades.find(out_trade_no, trade_no)

    def finish(self, out_trade_no: str) -> None:
        """Let the time be over in which money can go back, and tell."""
        assert self.trades.move(out_trade_no, "TRADE_SUCCESS", "TRADE_FINISHED", self.clock())
        trade = self._get(out_trade_no)
        self._tell(self.voice.end(trade, self.clock()), trade)

    def _get(self, out_trade_no: str) -> Trade:
        trade = self.trades.find(out_trade_no)
        assert trade
        return trade

    def _tell(self, fields: Mapping[str, str], trade: Trade, number: str = "") -> None:
        if trade.notify_url:
            forged = self.faults.strike("forged", "notice") is not None
            notice = self.voice.compose(self.faults.falsify(fields), trade, forged=forged, number=number)
            self.sender.send(notice, tried=trade.tries if number else 0).wait(self.patience)

    # Shops -------------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> bytes:
        """Return the signed answer to a question, refusals too."""
        place = CALLS[request.method]
        try:
            self._fail(place)
            told = SUCCESS | getattr(self, f"_{place}")(request)
        except Problem as problem:
            told = problem.told
        if self.faults.strike("twisted", place):
            told |= {name: f"{told[name]}9" for name in ("out_trade_no", "trade_no") if name in told}
        return self.signed(request.method, told, place, certified=request.certified)

    def signed(self, method: str, told: Mapping[str, Any], place: str = "", *, certified: bool = False) -> bytes:
        """Return an answer with the signature of its inner text, which escapes slashes as the real one does."""
        inner = json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        signature = keys.sign(self.door.keys.alipay_private, inner.encode())
        if self.faults.strike("forged", place):
            signature = keys.sign(self.door.keys.app_private, inner.encode())
        serial = f',"alipay_cert_sn":"{keys.number(self.door.keys.alipay_cert)}"' if certified else ""
        return f'{{"{method.replace(".", "_")}_response":{inner}{serial},"sign":"{signature}"}}'.encode()

    def _fail(self, place: str) -> None:
        if self.faults.strike("busy", place):
            raise BUSY
        if self.faults.strike("skewed", place):
            raise Problem("40002", "isv.invalid-timestamp", "非法的时间戳参数")
        if self.faults.strike("unsigned", place):
            raise Problem("40006", "isv.insufficient-isv-permissions", "ISV权限不足")

    def _precreate(self, request: Request) -> dict[str, Any]:
        start = self._open(request, "qr")
        return {"out_trade_no": start.out_trade_no, "qr_code": f"{self.url}/qr/{start.token}"}

    def _query(self, request: Request) -> dict[str, Any]:
        trade = self._place(request.wish)
        amount = 1 if self.faults.strike("short", "query") else trade.amount
        told: dict[str, Any] = {
            "buyer_logon_id": "158****0001",
            "buyer_user_id": "2088000000000001",
            "out_trade_no": trade.out_trade_no,
            "total_amount": yuan(amount),
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
        }
        if trade.paid_at:
            bill = [{"amount": yuan(amount), "fund_channel": "ALIPAYACCOUNT"}]
            told |= {"buyer_pay_amount": yuan(amount), "receipt_amount": yuan(amount), "fund_bill_list": bill}
            told["send_pay_date"] = china(trade.paid_at)
        return told

    def _close(self, request: Request) -> dict[str, Any]:
        trade = self._place(request.wish)
        now = self.clock()
        if not self.trades.move(trade.out_trade_no, "WAIT_BUYER_PAY", "TRADE_CLOSED", now):
            raise no("TRADE_STATUS_ERROR", "交易状态不合法")
        self._tell(self.voice.end(self._get(trade.out_trade_no), now), trade)
        return {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}

    def _refund(self, request: Request) -> dict[str, Any]:
        trade, amount, now = self._place(request.wish), fen_of(request.wish, "refund_amount"), self.clock()
        number = text_of(request.wish, "out_request_no", r"[0-9A-Za-z_-]{1,64}", needed=False)
        if not number and amount != trade.amount:
            raise no("REFUND_AMT_NOT_EQUAL_TOTAL", "部分退款必须带 out_request_no")
        refund = Refund(
            trade.out_trade_no, number or trade.out_trade_no, amount, request.wish.get("refund_reason", ""), now
        )
        moved = self._move_back(trade, refund)
        trade = self._get(trade.out_trade_no)
        if moved:
            log.info("refund %s of order %s: %s yuan", refund.out_request_no, trade.out_trade_no, yuan(amount))
            self._tell(self.voice.refund(trade, refund, now), trade)
        return {
            "buyer_user_id": "2088000000000001",
            "fund_change": "Y" if moved else "N",
            "gmt_refund_pay": china(now),
            "out_trade_no": trade.out_trade_no,
            "refund_fee": yuan(trade.refunded),
            "trade_no": trade.trade_no,
        }

    def _move_back(self, trade: Trade, refund: Refund) -> bool:
        known = self.trades.find_refund(trade.out_trade_no, refund.out_request_no)
        if known:
            if known.amount != refund.amount:
                raise no("DISCORDANT_REPEAT_REQUEST", "同一退款请求号的金额不同")
            return False
        if self.faults.strike("poor", "refund"):
            raise no("SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
        if self.trades.refund(refund):
            return True
        if trade.status == "TRADE_SUCCESS":
            raise no("REASON_TRADE_REFUND_FEE_ERR", "退款金额超过可退金额")
        raise no("TRADE_STATUS_ERROR", "交易状态不合法")

    def _refund_query(self, request: Request) -> dict[str, Any]:
        trade = self._place(request.wish)
        number = text_of(request.wish, "out_request_no", r"[0-9A-Za-z_-]{1,64}")
        told = {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}
        if not (refund := self.trades.find_refund(trade.out_trade_no, number)):
            return told
        money = {"refund_amount": yuan(refund.amount), "total_amount": yuan(trade.amount)}
        return told | money | {"out_request_no": number, "refund_status": "REFUND_SUCCESS"}

    def _bill(self, request: Request) -> dict[str, Any]:
        text_of(request.wish, "bill_type", "trade|signcustomer")
        day = text_of(request.wish, "bill_date", "[0-9]{4}-[0-9]{2}-[0-9]{2}")
        packed = bills.make(day, self.seller_id, self.trades.list_paid(), self.trades.list_refunds())
        if packed is None:
            raise Problem("40004", "isp.bill_not_exist", "账单不存在")
        token = secrets.token_urlsafe(24)
        self.downloads[token] = (self.clock() + BILL_SECONDS, packed)
        return {"bill_download_url": f"{self.url}/bill/{token}"}

    def _place(self, wish: Mapping[str, Any]) -> Trade:
        numbers = {name: text_of(wish, name, NUMBER, needed=False) for name in ("out_trade_no", "trade_no")}
        if not any(numbers.values()):
            raise Problem("40001", "isv.missing-out-trade-no", "缺少 out_trade_no 或 trade_no")
        if not (trade := self.find(**numbers)):
            raise no(*NO_TRADE)
        return trade
