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

from simulators.test_gateway.door import Door
from simulators.test_gateway.faults import Faults
from simulators.test_gateway.gateway import Gateway
from simulators.test_gateway.notices import NoticeSender
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
    trades, faults = Trades(changes.pop("path", ":memory:")), Faults()
    delays = changes.pop("delays", (0.02,) * 9)
    sender = NoticeSender(trades.record_try, delays=delays, plan=changes.pop("plan", faults.plan))
    gateway = Gateway(SECRET, trades, sender, faults=faults, **changes)
    door = Door(create_app(gateway), faults)
    thread = threading.Thread(target=door.serve, daemon=True)
    thread.start()
    gateway.start()
    try:
        yield Till(f"http://127.0.0.1:{door.port}", shop, faults)
    finally:
        door.stop()
        thread.join()
        gateway.stop()


class Till:
    """What a buyer and a shop do with the gateway at one address."""

    def __init__(self, url: str, shop: Shop, faults: Faults | None = None) -> None:
        self.url, self.shop = url, shop
        self.faults = faults or Faults()

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
            "timestamp": _now(),
        } | changes

    def open(self, **changes: str) -> Answer:
        return self.get(f"/pay?{signed(self.wish(**changes))}")

    def pay(self, page: Answer, choice: str = "pay") -> Answer:
        action, token = page.form
        return self.post(action, {"token": token, "choice": choice})

    def ask(self, out_trade_no: str = "tdr_0001") -> dict[str, Any]:
        status, said = self.question("GET", "/query", out_trade_no=out_trade_no)
        assert status == 200, said
        return said

    def refund(self, amount: int | str = 1999, number: str = "ref_0001", **changes: str) -> tuple[int, dict[str, Any]]:
        wish = {"out_trade_no": "tdr_0001", "out_refund_no": number, "amount": str(amount), "currency": "CNY"}
        return self.question("POST", "/refund", **wish | changes)

    def refund_query(self, number: str = "ref_0001") -> dict[str, Any]:
        return self.question("GET", "/refund_query", out_refund_no=number)[1]

    def close(self, out_trade_no: str = "tdr_0001") -> dict[str, Any]:
        return self.question("POST", "/close", out_trade_no=out_trade_no)[1]

    def question(self, method: str, path: str, **wish: str) -> tuple[int, dict[str, Any]]:
        """Ask as a shop asks and return the answer, its signature checked."""
        answer = self.ask_raw(method, path, signed({"merchant_no": MERCHANT, "timestamp": _now()} | wish))
        stamp = answer.headers["Test-Gateway-Timestamp"]
        assert answer.headers["Test-Gateway-Signature"] == sign(f"{stamp}\n{answer.text}".encode())
        return answer.status, json.loads(answer.text)

    def ask_raw(self, method: str, path: str, query: str) -> Answer:
        if method == "GET":
            return self.get(f"{path}?{query}")
        return self._call(method, path, query, {"Content-Type": "application/x-www-form-urlencoded"})

    def ill(self, *faults: dict[str, Any], **headers: str) -> Answer:
        """Ask from outside for exactly these faults."""
        return self._call(
            "POST", "/faults", json.dumps({"faults": faults}), {"Content-Type": "application/json"} | headers
        )

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


def _now() -> str:
    return str(int(time.time()))


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
