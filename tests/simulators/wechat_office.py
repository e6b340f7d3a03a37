"""WeChat Pay's simulator, served from a thread, with keys of its own and time that can be moved."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulators.test_gateway.door import Door
from simulators.wechat.__main__ import make_gateway
from simulators.wechat.book import Book
from simulators.wechat.faults import WeChatFaults
from simulators.wechat.gateway import Gateway
from simulators.wechat.keys import Keys, make_keys
from simulators.wechat.notices import Due, Letter
from simulators.wechat.pages import create_app

PACE = 0.0005


@cache
def keys() -> Keys:
    """Return the keys of the one merchant of the tests; making them takes a while."""
    return make_keys()


@dataclass
class Office:
    """The gateway at its address, and what only its own people can do."""

    url: str
    gateway: Gateway
    ahead: float = 0.0
    due: list[Due] = field(default_factory=list)

    @property
    def faults(self) -> WeChatFaults:
        return self.gateway.faults

    def ill(self, name: str, **more: Any) -> None:
        """Let something go wrong."""
        self.faults.cause(name, **more)

    def pay(self, number: str, openid: str = "oBuyer", bank: str = "OTHERS") -> bool:
        """Pay an order as a buyer does."""
        return self.gateway.pay(number, openid, bank) is not None

    def order(self, number: str) -> dict[str, Any] | None:
        return self.gateway.book.find("order", number)

    def letters(self) -> list[Letter]:
        """Return what was to be posted, written now, when nothing is posted by itself."""
        taken, self.due[:] = list(self.due), []
        return [self.gateway.sender.writer.write(news) for due in taken if (news := due.make())]

    def letter(self, number: str) -> Letter:
        """Return one letter that tells of a paid order."""
        self.gateway.tell_paid(number)
        return self.letters()[-1]


def pr_of(code_url: str) -> str:
    """Return what a phone reads out of a code."""
    assert code_url.startswith("weixin://wxpay/bizpayurl?pr=")
    return parse_qs(urlsplit(code_url).query)["pr"][0]


@contextmanager
def served(*, posts: bool = True, path: str = ":memory:") -> Iterator[Office]:
    """Serve the gateway; with `posts` off its letters wait in `Office.due`."""
    gateway = make_gateway(keys(), Book(path), WeChatFaults(), pace=PACE)
    gateway.refund_seconds, gateway.patience = 0.0, 0.3 if posts else 0.0
    door = Door(create_app(gateway), gateway.faults)
    office = Office(f"http://127.0.0.1:{door.port}", gateway)
    gateway.clock = lambda: time.time() + office.ahead
    if posts:
        gateway.sender.start()
    else:
        gateway.sender.schedule.put = lambda thing, delay=0.0: office.due.append(thing)  # type: ignore[method-assign]
    thread = threading.Thread(target=door.serve, daemon=True)
    thread.start()
    try:
        yield office
    finally:
        door.stop()
        thread.join()
        gateway.sender.stop()
        gateway.book.close()
