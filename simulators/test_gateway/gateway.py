"""What the gateway does, without HTTP: open, pay, cancel, answer questions."""

import json
import logging
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field

from simulators.test_gateway.notices import Notice, NoticeSender, compose
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.signing import form_token, merchant_key, same, sign_body
from simulators.test_gateway.trades import Trade, Trades
from simulators.test_gateway.wire import read_query, read_start

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Signed:
    """A JSON body with the time and the signature that go into its headers."""

    body: bytes
    timestamp: int
    signature: str


@dataclass(frozen=True)
class Gateway:
    """The verbs of the gateway over its trades and its notice sender."""

    secret: str
    trades: Trades
    sender: NoticeSender
    allowed_hosts: Set[str] = field(default_factory=frozenset)
    clock: Callable[[], float] = time.time
    patience: float = 0.3

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
        start = read_start(query_string, secret=self.secret, now=self.clock(), allowed_hosts=self.allowed_hosts)
        trade = self.trades.open(start)
        if (trade.amount, trade.currency) != (start.amount, start.currency):
            raise Refused("other_amount", start.out_trade_no)
        return trade

    def pay(self, trade_no: str, token: str) -> Trade:
        """Pay a waiting trade and tell the shop, giving the first try a moment to arrive."""
        self._check_token(trade_no, token)
        paid = self.trades.settle(trade_no, "paid", int(self.clock()))
        trade = self._get(trade_no)
        if paid:
            log.info("%s paid: order %s, %d %s", trade_no, trade.out_trade_no, trade.amount, trade.currency)
            self.sender.send(self._notice(trade)).wait(self.patience)
        return trade

    def cancel(self, trade_no: str, token: str) -> Trade:
        """Cancel a waiting trade."""
        self._check_token(trade_no, token)
        self.trades.settle(trade_no, "cancelled", int(self.clock()))
        return self._get(trade_no)

    def answer(self, query_string: bytes) -> Signed:
        """Tell a shop how one of its trades stands."""
        query = read_query(query_string, secret=self.secret, now=self.clock())
        trade = self.trades.find_order(query.merchant_no, query.out_trade_no)
        names = ("trade_no", "amount", "currency", "paid_at")
        told = {"status": trade.status if trade else "unknown"} | {name: getattr(trade, name, None) for name in names}
        body = json.dumps(vars(query) | told, separators=(",", ":")).encode()
        timestamp = int(self.clock())
        return Signed(body, timestamp, sign_body(merchant_key(self.secret, query.merchant_no), timestamp, body))

    def token(self, trade: Trade) -> str:
        """Return what the payment form of this trade has to carry."""
        return form_token(self.secret, trade.trade_no)

    def _check_token(self, trade_no: str, token: str) -> None:
        if not same(token, self.token(self._get(trade_no))):
            raise Refused("bad_token")

    def _get(self, trade_no: str) -> Trade:
        if not (trade := self.trades.find(trade_no)):
            raise Refused("unknown_trade", trade_no)
        return trade

    def _notice(self, trade: Trade) -> Notice:
        return compose(trade, merchant_key(self.secret, trade.merchant_no))
