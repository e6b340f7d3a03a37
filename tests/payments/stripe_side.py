"""Stripe in tests: the simulator at an address of its own, a clock that can be moved, letters brought by hand."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.kit import clock
from app.kit.effects import Answer
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import Account, Payback, Start, Trade
from app.payments.providers.stripe import Stripe
from simulators.stripe.book import Book
from simulators.stripe.door import listen
from simulators.stripe.events import Letter, Post
from simulators.stripe.faults import Faults
from simulators.stripe.gateway import Caller, Gateway, account_of
from simulators.stripe.pages import create_app
from tests.payments.gate import reachable

KEY = "sk_test_ourkey0001"
OTHER_KEY = "sk_test_otherkey0002"
DUE = Money(1999, "CNY")
TRADE = "0000000000000000000000trade"


@dataclass
class Side:
    """The other side: what only Stripe and a buyer can do."""

    gateway: Gateway
    url: str
    ahead: timedelta = timedelta()
    secret: str = ""
    letters: list[Letter] = field(default_factory=list)

    @property
    def faults(self) -> Faults:
        return self.gateway.faults

    @property
    def who(self) -> Caller:
        return Caller(account_of(KEY), False, self.url)

    def listen(self, url: str) -> str:
        """Let Stripe tell an address of everything, and return the secret it signs with."""
        endpoint = self.gateway.add_endpoint(self.who, {"url": url, "enabled_events": {"0": "*"}})
        self.secret = endpoint["secret"]
        return self.secret

    def account(self, **settings: str) -> Account:
        keys = {"key": Secret(KEY), "webhook": Secret(self.secret)}
        return Account(account_of(KEY), settings, keys)

    def session_of(self, page: str) -> str:
        return page.rsplit("/", 1)[1]

    def letter(self, name: str) -> Letter:
        """Return the letter of this kind of event that waits to be brought."""
        while letter := self.gateway.post.take():
            self.letters.append(letter)
        return next(one for one in self.letters if f'"type":"{name}"'.encode() in one.body)

    def refunds(self) -> list[dict[str, Any]]:
        return self.gateway.book.list_of(account_of(KEY), "refund")

    def sessions(self) -> list[dict[str, Any]]:
        return self.gateway.book.list_of(account_of(KEY), "session")

    def pass_time(self, **time: float) -> None:
        self.ahead += timedelta(**time)


@contextmanager
def stripe(*, threads: bool = False, delays: tuple[float, ...] = (1.0,) * 5) -> Iterator[Side]:
    """A Stripe that runs; with `threads` it posts its letters itself."""
    book, faults = Book(), Faults()
    moved: list[Side] = []

    def now() -> float:
        return (clock.now() + (moved[0].ahead if moved else timedelta())).timestamp()

    post = Post(book, faults, now, delays)
    gateway = Gateway({KEY: account_of(KEY), OTHER_KEY: account_of(OTHER_KEY)}, book, post, faults, now)
    server = listen(create_app(gateway), clock=now)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    side = Side(gateway, f"http://127.0.0.1:{server.port}")
    moved.append(side)
    if threads:
        gateway.start()
    try:
        with reachable(side.url):
            yield side
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        post.stop()
        book.close()


class Talk:
    """The verbs of the provider, asked in the name of one merchant."""

    def __init__(self, side: Side, client: Client) -> None:
        self.side, self.client, self.gateway = side, client, Stripe(side.url)
        self.account = side.account()

    def begin(self, due: Money = DUE, **changes: Any) -> Start:
        now = clock.now()
        usual: dict[str, Any] = {"expires_at": now + timedelta(minutes=15)}
        pages = ("https://shop.example/hooks/x", "https://shop.example/o/x?from=pay")
        return Start(TRADE, due, "卡", *pages, now, **usual | changes)

    def start(self, start: Start | None = None) -> Answer:
        return self.gateway.start(start or self.begin(), self.account, self.client)

    def opened(self, start: Start | None = None) -> tuple[str, str]:
        """Start a payment and return its page and number."""
        answer: Any = self.start(start)
        return answer.value.page, answer.value.number

    def query(self, number: str) -> Answer:
        return self.gateway.query(Trade(TRADE, number), self.account, self.client)

    def close(self, number: str) -> Answer:
        return self.gateway.close(Trade(TRADE, number), self.account, self.client)

    def paid(self, due: Money = DUE) -> str:
        """Let a buyer pay, and return the payment's number."""
        _, number = self.opened(self.begin(due))
        session = self.side.gateway.pay(number)
        return str(session["payment_intent"])

    def payback(self, payment: str, amount: int = 1999, number: str = "ref_0001") -> Payback:
        return Payback(number, TRADE, payment, Money(amount, "CNY"), Money(1999, "CNY"))

    def refund(self, payback: Payback) -> Answer:
        return self.gateway.refund(payback, self.account, self.client)

    def refund_query(self, payback: Payback) -> Answer:
        return self.gateway.refund_query(payback, self.account, self.client)


Ask = Callable[[], Answer]
