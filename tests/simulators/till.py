"""A shop and a till at the test gateway: HTTP over loopback, signatures by our own arithmetic."""

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from werkzeug.serving import make_server

from simulators.test_gateway.gateway import Gateway
from simulators.test_gateway.notices import NoticeSender, honest
from simulators.test_gateway.pages import create_app
from simulators.test_gateway.trades import Trades

SECRET = "a test secret"
MERCHANT = "7001"
KEY = hmac.new(SECRET.encode(), b"merchant:7001", hashlib.sha256).hexdigest().encode()
ROOT = Path(__file__).parents[2]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    @property
    def refusal(self) -> str | None:
        """Return the stable word on the page of a refusal."""
        found = re.search(r'data-code="(\w+)"', self.text)
        return found and found[1]

    @property
    def state(self) -> str | None:
        found = re.search(r'data-status="(\w+)"', self.text)
        return found and found[1]

    @property
    def form(self) -> tuple[str, str]:
        """Return where the first form goes and its token, scraped the way a shell script would."""
        action = re.search(r'<form method="post" action="([^"]+)"', self.text)
        token = re.search(r'name="token" value="([^"]+)"', self.text)
        assert action, self.text
        assert token, self.text
        return action[1], token[1]


class Shop:
    """A shop that keeps every notice it gets and answers what it is told to."""

    def __init__(self) -> None:
        self.notices: list[tuple[bytes, str, str]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.slow = 0.0
        shop = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(shop.slow)
                timestamp, given = self.headers["Test-Gateway-Timestamp"], self.headers["Test-Gateway-Signature"]
                assert self.headers["Content-Type"] == "application/json"
                shop.notices.append((body, timestamp, given))
                status, words = shop.answers.pop(0) if shop.answers else (200, b"success")
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{shop.url}/elsewhere")
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def told(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many notices and return them, each signature checked."""
        eventually(lambda: len(self.notices) >= count)
        for body, timestamp, given in self.notices:
            assert given == sign(timestamp.encode() + b"\n" + body)
            assert abs(int(timestamp) - time.time()) < 60
        return [json.loads(body) for body, _, _ in self.notices]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def served(shop: Shop, **changes: Any) -> Iterator["Till"]:
    trades = Trades(changes.pop("path", ":memory:"))
    delays = changes.pop("delays", (0.02,) * 9)
    sender = NoticeSender(trades.record_try, delays=delays, plan=changes.pop("plan", honest))
    gateway = Gateway(SECRET, trades, sender, **changes)
    server = make_server("127.0.0.1", 0, create_app(gateway), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    gateway.start()
    try:
        yield Till(f"http://127.0.0.1:{server.port}", shop)
    finally:
        server.shutdown()
        thread.join()
        gateway.stop()


class Till:
    """What a buyer and a shop do with the gateway at one address."""

    def __init__(self, url: str, shop: Shop) -> None:
        self.url, self.shop = url, shop

    def wish(self, **changes: str) -> dict[str, str]:
        """Return the parameters of a start, not signed yet."""
        return {
            "merchant_no": MERCHANT,
            "out_trade_no": "tdr_0001",
            "amount": "1999",
            "currency": "CNY",
            "subject": "星幣 500 & <b>bonus</b> 50%",
            "notify_url": f"{self.shop.url}/hooks/abc?x=1&y=2",
            "return_url": f"{self.shop.url}/o/abc?from=pay&n=1",
            "timestamp": str(int(time.time())),
        } | changes

    def open(self, **changes: str) -> Answer:
        return self.get(f"/pay?{signed(self.wish(**changes))}")

    def pay(self, page: Answer, choice: str = "pay") -> Answer:
        action, token = page.form
        return self.post(action, {"token": token, "choice": choice})

    def ask(self, out_trade_no: str = "tdr_0001") -> dict[str, Any]:
        wish = {"merchant_no": MERCHANT, "out_trade_no": out_trade_no, "timestamp": str(int(time.time()))}
        answer = self.get(f"/query?{signed(wish)}")
        assert answer.status == 200, answer.text
        stamp = answer.headers["Test-Gateway-Timestamp"]
        assert answer.headers["Test-Gateway-Signature"] == sign(f"{stamp}\n{answer.text}".encode())
        return dict(json.loads(answer.text))

    def get(self, path: str) -> Answer:
        return self._call("GET", path)

    def post(self, path: str, form: dict[str, str]) -> Answer:
        return self._call("POST", path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})

    def _call(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read().decode())
        connection.close()
        return answer


def sign(message: bytes, key: bytes = KEY) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def signed(wish: dict[str, str]) -> str:
    """Return the query string of a signed start or query."""
    text = "&".join(f"{name}={wish[name]}" for name in sorted(wish))
    return urlencode(wish | {"sign": sign(text.encode())})


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
