"""The gateway of the stories: the simulator itself, at a clock moved by hand, its notices kept for us to bring."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from simulators.test_gateway.door import Door
from simulators.test_gateway.faults import Faults
from simulators.test_gateway.gateway import Gateway
from simulators.test_gateway.notices import RETRY_DELAYS, Notice, NoticeSender
from simulators.test_gateway.pages import create_app
from simulators.test_gateway.refusals import Refused
from simulators.test_gateway.signing import sign_body
from simulators.test_gateway.trades import Trade, Trades

SECRET = "the secret of the test gateway"
PAID = "SELECT out_trade_no, amount FROM trade WHERE status = 'paid' AND merchant_no = ?"
REPAID = "SELECT out_trade_no, sum(amount) FROM refund WHERE merchant_no = ? GROUP BY out_trade_no"


@dataclass(frozen=True)
class Letter:
    """A notice on its way to the shop: when it is due, and how often it was brought in vain."""

    at: float
    notice: Notice
    tried: int = 0

    def headers(self, now: float) -> dict[str, str]:
        """Return what the gateway writes on it at this moment."""
        stamp = int(now)
        sign = sign_body(self.notice.key, stamp, self.notice.body)
        return {"Test-Gateway-Timestamp": str(stamp), "Test-Gateway-Signature": sign}


class Postbox(NoticeSender):
    """Plans notices as the gateway does, its faults included, and waits for somebody to bring them."""

    def __init__(self, trades: Trades, faults: Faults, clock: Callable[[], float]) -> None:
        super().__init__(trades.record_try, clock=clock, plan=faults.plan)
        self.now = clock
        self.letters: list[Letter] = []

    def start(self) -> None:
        """Post nothing by ourselves."""

    def stop(self) -> None:
        """Nothing of ours runs."""

    def send(self, notice: Notice, tried: int = 0) -> threading.Event:
        """Keep what the plan makes of this notice; nobody waits for the first try."""
        self.letters += [Letter(self.now() + delay, planned, tried) for delay, planned in self.plan(notice)]
        brought = threading.Event()
        brought.set()
        return brought

    def take(self) -> Letter | None:
        """Return the next letter that is due."""
        due = sorted((letter for letter in self.letters if letter.at <= self.now()), key=lambda letter: letter.at)
        if not due:
            return None
        self.letters.remove(due[0])
        return due[0]

    def refused(self, letter: Letter) -> None:
        """Bring it again later, as often as the gateway does."""
        if letter.tried < len(RETRY_DELAYS):
            self.letters.append(replace(letter, at=self.now() + RETRY_DELAYS[letter.tried], tried=letter.tried + 1))

    @property
    def next_at(self) -> float | None:
        return min((letter.at for letter in self.letters), default=None)


class Bank:
    """The gateway at an address of its own, and what only a bank can do."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        def clock() -> float:
            return now().timestamp()

        self._trades, self.faults = Trades(), Faults()
        self.post = Postbox(self._trades, self.faults, clock)
        self._gateway = Gateway(SECRET, self._trades, self.post, clock=clock, patience=0.0, faults=self.faults)
        self._door = Door(create_app(self._gateway), self.faults)
        self._thread = threading.Thread(target=self._door.serve, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._door.port}"
        self._extra: dict[str, int] = {}

    def close(self) -> None:
        self._door.stop()
        self._thread.join()
        self._gateway.stop()

    def reset(self) -> None:
        """Be well, and owe nobody a letter."""
        self.faults.clear()
        self.post.letters.clear()

    def pay(self, url: str) -> bool:
        """Pay at the gateway's page as a buyer does; False when it takes no money for this any more."""
        try:
            trade = self._gateway.open(urlsplit(url).query.encode())
            return self._gateway.pay(trade.trade_no, self._gateway.token(trade)).status == "paid"
        except Refused:
            return False

    def visit(self, url: str) -> None:
        """Look at the gateway's page and pay nothing yet."""
        self._gateway.open(urlsplit(url).query.encode())

    def pay_late(self, url: str) -> None:
        """Let money arrive for a trade that was closed: some banks are slower than their own word."""
        trade = self._trade(url)
        with self._trades._lock:
            self._trades._connection.execute("DELETE FROM closing WHERE out_trade_no = ?", (trade.out_trade_no,))
        assert self._trades.settle(trade.trade_no, "paid", int(self.post.now()))
        self.post.send(self._gateway._notice(self._trade(url)))

    def pay_twice(self, url: str) -> None:
        """Let money arrive a second time for a paid trade, under a number of its own; a third time never."""
        trade = self._trade(url)
        if trade.out_trade_no in self._extra:
            return
        notice = self._gateway._notice(trade)
        said = json.loads(notice.body) | {"trade_no": f"{trade.trade_no}-2"}
        self._extra[trade.out_trade_no] = trade.amount
        notice = replace(notice, body=json.dumps(said, separators=(",", ":")).encode())
        self.post.letters.append(Letter(self.post.now(), notice))  # no fault: asked, this gateway tells of one payment

    def is_paid(self, url: str) -> bool:
        return self._trade(url).status == "paid"

    def _trade(self, url: str) -> Trade:
        asked = dict(parse_qsl(urlsplit(url).query))
        trade = self._trades.find_order(asked["merchant_no"], asked["out_trade_no"])
        assert trade, "nobody has opened this trade"
        return trade

    def kept(self, merchant_no: str) -> dict[str, int]:
        """Return how much money lies in an account at the gateway, by the shop's trade number."""
        with self._trades._lock:
            ask = self._trades._connection.execute
            paid = dict(map(tuple, ask(PAID, (merchant_no,)).fetchall()))
            back = dict(map(tuple, ask(REPAID, (merchant_no,)).fetchall()))
        return {number: paid[number] + self._extra.get(number, 0) - back.get(number, 0) for number in paid}
