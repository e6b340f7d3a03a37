"""What the gateway does, without HTTP: open, pay, cancel, answer questions, give back, close."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from simulators.test_gateway import wire
from simulators.test_gateway.currencies import shown
from simulators.test_gateway.faults import Faults
from simulators.test_gateway.notices import Notice, NoticeSender, compose
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.signing import form_token, merchant_key, same, sign_body
from simulators.test_gateway.trades import Refund, Trade, Trades

log = logging.getLogger(__name__)

Work = Callable[[Mapping[str, str]], dict[str, Any]]


@dataclass(frozen=True)
class Signed:
    """A JSON body with the time and the signature that go into its headers."""

    body: bytes
    timestamp: int
    signature: str
    status: int


@dataclass(frozen=True)
class Gateway:
    """The verbs of the gateway over its trades and its notice sender."""

    secret: str
    trades: Trades
    sender: NoticeSender
    allowed_hosts: Set[str] = field(default_factory=frozenset)
    clock: Callable[[], float] = time.time
    patience: float = 0.3
    faults: Faults = field(default_factory=Faults)

    def start(self) -> None:
        """Start telling shops, first of all what a former run could not tell."""
        self.sender.start()
        for trade in self.trades.list_untold():
            self.sender.send(self._notice(trade), tried=trade.tries)

    def stop(self) -> None:
        """Stop the sender and close the trades."""
        self.sender.stop()
        self.trades.close()

    def open(self, query_string: bytes) -> Trade:
        """Return the trade that a signed start asks for."""
        start = wire.read_start(query_string, secret=self.secret, now=self.clock(), allowed_hosts=self.allowed_hosts)
        trade = self.trades.open(start)
        if trade is None or trade.status == "closed":
            raise Refused("trade_closed", start.out_trade_no, back=start.return_url)
        if (trade.amount, trade.currency) != (start.amount, start.currency):
            raise Refused("other_amount", start.out_trade_no)
        return trade

    def pay(self, trade_no: str, token: str) -> Trade:
        """Pay a waiting trade and tell the shop, giving the first try a moment to arrive."""
        self._check_token(trade_no, token)
        paid = self.trades.settle(trade_no, "paid", int(self.clock()))
        trade = self._get_open(trade_no)
        if paid:
            log.info("%s paid: order %s, %d %s", trade_no, trade.out_trade_no, trade.amount, trade.currency)
            self.sender.send(self._notice(trade)).wait(self.patience)
        return trade

    def cancel(self, trade_no: str, token: str) -> Trade:
        """Cancel a waiting trade."""
        self._check_token(trade_no, token)
        self.trades.settle(trade_no, "cancelled", int(self.clock()))
        return self._get_open(trade_no)

    def query(self, message: bytes) -> Signed:
        """Tell a shop how one of its trades stands."""
        return self._answer("query", message, wire.QUERY, self._stand)

    def close(self, message: bytes) -> Signed:
        """Close a trade for good unless it was paid, and tell how it stands."""
        return self._answer("close", message, wire.CLOSE, self._close)

    def refund(self, message: bytes) -> Signed:
        """Give money of a paid trade back, once for each refund number."""
        return self._answer("refund", message, wire.REFUND, self._repay)

    def refund_query(self, message: bytes) -> Signed:
        """Tell a shop whether a refund number was carried out."""
        return self._answer("refund_query", message, wire.REFUND_QUERY, self._find_refund)

    def token(self, trade: Trade) -> str:
        """Return what the payment form of this trade has to carry."""
        return form_token(self.secret, trade.trade_no)

    def _answer(self, place: str, message: bytes, names: tuple[str, ...], work: Work) -> Signed:
        """Answer a signed question, signed in turn, refusals too; what nobody signed is refused without signature."""
        given = wire.read_question(message, names, secret=self.secret, now=self.clock())
        try:
            told, status = work(given), 200
        except Refused as refused:
            told, status = dict(refused.told), refused.words.status
        asked = {name: given[name] for name in ("merchant_no", "out_trade_no", "out_refund_no") if name in given}
        body = json.dumps(self.faults.shorten(place, asked | told), separators=(",", ":")).encode()
        key = self.faults.forge(place, merchant_key(self.secret, given["merchant_no"]))
        timestamp = int(self.clock())
        return Signed(body, timestamp, sign_body(key, timestamp, body), status)

    def _stand(self, given: Mapping[str, str]) -> dict[str, Any]:
        place = given["merchant_no"], wire.read_number(given, "out_trade_no")
        trade = self.trades.find_order(*place)
        names = ("trade_no", "amount", "currency", "paid_at")
        unseen = "closed" if self.trades.is_closed(*place) else "unknown"
        return {"status": trade.status if trade else unseen} | {name: getattr(trade, name, None) for name in names}

    def _close(self, given: Mapping[str, str]) -> dict[str, Any]:
        number = wire.read_number(given, "out_trade_no")
        self.trades.close_order(given["merchant_no"], number, int(self.clock()))
        return self._stand(given)

    def _repay(self, given: Mapping[str, str]) -> dict[str, Any]:
        wish = wire.read_wish(given)
        refund = self.trades.repay(wish, int(self.clock()))
        if not refund:
            raise self._why_not(wish)
        if any(getattr(refund, name) != value for name, value in vars(wish).items()):
            raise Refused("other_refund", wish.out_refund_no)
        log.info("refund %s of order %s: %d %s", refund.refund_no, wish.out_trade_no, wish.amount, wish.currency)
        return _refunded(refund)

    def _why_not(self, wish: wire.Wish) -> Refused:
        trade = self.trades.find_order(wish.merchant_no, wish.out_trade_no)
        if not trade or trade.status != "paid":
            return Refused("not_paid", wish.out_trade_no)
        if trade.currency != wish.currency:
            return Refused("wrong_currency", wish.currency)
        return Refused("refund_too_large", shown(trade.amount - self.trades.count_refunded(trade), trade.currency))

    def _find_refund(self, given: Mapping[str, str]) -> dict[str, Any]:
        refund = self.trades.find_refund(given["merchant_no"], wire.read_number(given, "out_refund_no"))
        return _refunded(refund) if refund else {"status": "unknown"}

    def _check_token(self, trade_no: str, token: str) -> None:
        if not same(token, self.token(self._get(trade_no))):
            raise Refused("bad_token")

    def _get(self, trade_no: str) -> Trade:
        if not (trade := self.trades.find(trade_no)):
            raise Refused("unknown_trade", trade_no)
        return trade

    def _get_open(self, trade_no: str) -> Trade:
        if (trade := self._get(trade_no)).status == "closed":
            raise Refused("trade_closed", trade.out_trade_no, back=trade.return_url)
        return trade

    def _notice(self, trade: Trade) -> Notice:
        return compose(trade, merchant_key(self.secret, trade.merchant_no))


def _refunded(refund: Refund) -> dict[str, Any]:
    names = ("out_trade_no", "refund_no", "amount", "currency", "refunded_at")
    return {"status": "refunded"} | {name: getattr(refund, name) for name in names}
