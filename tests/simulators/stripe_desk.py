"""The running simulator of Stripe, Stripe's own library before it, a shop that is told, and a buyer's browser."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import stripe as sdk

from simulators.stripe.book import Book
from simulators.stripe.door import listen
from simulators.stripe.events import Post
from simulators.stripe.faults import Faults
from simulators.stripe.gateway import Caller, Gateway, account_of
from simulators.stripe.pages import create_app
from tests.simulators.till import eventually

KEY = "sk_test_thelibrary01"
ITEM = {"price_data": {"currency": "usd", "unit_amount": 1999, "product_data": {"name": "卡 & <b>"}}, "quantity": 1}
WISH: dict[str, Any] = {
    "mode": "payment",
    "line_items": [ITEM],
    "success_url": "https://shop.example/o/x?s={CHECKOUT_SESSION_ID}",
    "client_reference_id": "trade1",
    "metadata": {"trade": "trade1"},
    "payment_intent_data": {"metadata": {"trade": "trade1"}},
}


class Shop:
    """A shop that keeps what it is told and answers as it is told to."""

    def __init__(self) -> None:
        self.letters: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        shop = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.letters.append((body, self.headers["Stripe-Signature"]))
                self.send_response(shop.answers.pop(0) if shop.answers else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/x"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Desk:
    """The running simulator, Stripe's own library before it, and a buyer's browser."""

    def __init__(self, gateway: Gateway, url: str) -> None:
        self.gateway, self.url = gateway, url
        self.who = Caller(account_of(KEY), False, url)
        self.v1: Any = sdk.StripeClient(KEY, base_addresses={"api": url}, max_network_retries=0).v1

    def opened(self, **changes: Any) -> Any:
        return self.v1.checkout.sessions.create(params=WISH | changes)

    def tell(self, shop: Shop) -> str:
        made = self.v1.webhook_endpoints.create(params={"url": shop.url, "enabled_events": ["*"]})
        return str(made.secret)

    def get(self, path: str) -> tuple[int, str, dict[str, str]]:
        return self._call("GET", path)

    def press(self, page: str, choice: str) -> tuple[int, str, dict[str, str]]:
        path = urlsplit(page).path
        token = re.search(r'name="token" value="(\w+)"', self.get(path)[1])
        return self._call("POST", path, urlencode({"token": token[1] if token else "", "choice": choice}))

    def _call(self, method: str, path: str, body: str = "") -> tuple[int, str, dict[str, str]]:
        line = HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        line.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        answer = line.getresponse()
        said = answer.status, answer.read().decode(), dict(answer.getheaders())
        line.close()
        return said


@contextmanager
def running(path: str = ":memory:", delays: tuple[float, ...] = (0.02,) * 9) -> Iterator[Desk]:
    book, faults = Book(path), Faults()
    post = Post(book, faults, delays=delays)
    gateway = Gateway({KEY: account_of(KEY)}, book, post, faults)
    server = listen(create_app(gateway))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    gateway.start()
    try:
        yield Desk(gateway, f"http://127.0.0.1:{server.port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        post.stop()
        time.sleep(0.05)
        book.close()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running() as desk:
        yield desk


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


def told(shop: Shop, secret: str, kind: str) -> Any:
    """Wait for an event of this kind, checked by Stripe's own library."""
    client = sdk.StripeClient("sk_test_x")
    eventually(lambda: any(f'"type":"{kind}"'.encode() in body for body, _ in shop.letters))
    events: list[Any] = [client.construct_event(body, header, secret) for body, header in shop.letters]
    return next(event for event in events if event.type == kind)
