"""The site of the epay protocol over HTTP: signatures by our own arithmetic, notices that arrive, faults on demand."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from simulators.epay import signing
from simulators.epay.__main__ import serve
from simulators.epay.faults import BadFault, Fault, Faults, read_flag
from simulators.epay.notices import Post
from simulators.epay.site import Merchant, Site
from simulators.epay.trades import Trades
from tests.simulators.till import eventually

KEY, PID = "testkey89unxUn8", "1001"
ROOT = Path(__file__).parents[2]


@cache
def keys() -> tuple[str, str]:
    return signing.new_key(), signing.new_key()


class Listener:
    """A shop that keeps what it is told and answers what it likes."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str], float]] = []
        self.answers: list[bytes] = []
        listener = self

        class Receiver(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._take(urlsplit(self.path).query)

            def do_POST(self) -> None:
                self._take(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _take(self, form: str) -> None:
                fields = dict(parse_qsl(form, keep_blank_values=True))
                listener.told.append((self.command, fields, time.monotonic()))
                words = listener.answers.pop(0) if listener.answers else b"success"
                self.send_response(200)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/abc"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


class Till:
    """What shops and buyers do with the site."""

    def __init__(self, site: Site, port: int, shop: Listener) -> None:
        self.site, self.port, self.shop = site, port, shop

    def call(self, method: str, path: str, form: dict[str, Any] | None = None, **headers: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        connection.request(method, path, urlencode(form or {}), kind | headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
        connection.close()
        return status, text

    def wish(self, **changes: str) -> dict[str, str]:
        fields = {
            "pid": PID,
            "type": "alipay",
            "out_trade_no": "T1",
            "notify_url": self.shop.url,
            "return_url": "http://127.0.0.1/o",
            "name": "会员",
            "money": "19.99",
        } | changes
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])
        return fields | {"sign": hashlib.md5((text + KEY).encode()).hexdigest(), "sign_type": "MD5"}

    def open(self, **changes: str) -> str:
        return self.call("GET", f"/submit.php?{urlencode(self.wish(**changes))}")[1]

    def pay(self) -> None:
        trade = self.site.trades.find(out_trade_no="T1")
        assert trade
        status, _ = self.call("POST", f"/pay/{trade.trade_no}", {"type": "alipay"})
        assert status == 303

    def told(self, count: int = 1) -> list[dict[str, str]]:
        eventually(lambda: len(self.shop.told) >= count)
        return [fields for _, fields, _ in self.shop.told]


@pytest.fixture
def till() -> Iterator[Till]:
    trades, faults = Trades(), Faults()
    site = Site(Merchant(PID, KEY, *keys()), trades, Post(trades.record_try, pace=0.01), faults)
    server = serve(site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    shop = Listener()
    yield Till(site, server.port, shop)
    server.shutdown()
    thread.join()
    server.server_close()
    site.post.stop()
    shop.server.shutdown()
    shop.server.server_close()


def test_a_payment_is_told_by_a_signed_get(till: Till) -> None:
    assert "19.99" in till.open()
    till.pay()

    (fields,) = till.told()
    assert till.shop.told[0][0] == "GET"
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in ("sign", "sign_type"))
    assert fields["sign"] == hashlib.md5((text + KEY).encode()).hexdigest()
    assert (fields["trade_status"], fields["money"], fields["pid"]) == ("TRADE_SUCCESS", "19.99", PID)


def test_a_notice_is_sent_until_the_shop_says_success(till: Till) -> None:
    till.shop.answers = [b"fail", b"<html>", b"success"]
    till.open()
    till.pay()

    first, again, last = till.told(3)
    assert first == again == last
    time.sleep(0.1)
    assert len(till.shop.told) == 3
    assert not till.site.trades.untold()


@pytest.mark.parametrize(("habit", "told"), [("post", "POST"), ("upper", "GET")])
def test_habits_of_forks(till: Till, habit: str, told: str) -> None:
    till.site.faults.habits.add(habit)
    till.open()
    till.pay()

    (fields,) = till.told()
    assert till.shop.told[0][0] == told
    assert fields["sign"].isupper() is (habit == "upper")


@pytest.mark.parametrize(
    ("fault", "is_wrong"),
    [
        ("wrong_pid", lambda fields: fields["pid"] != PID),
        ("wrong_money", lambda fields: fields["money"] == "0.01"),
        ("wrong_status", lambda fields: fields["trade_status"] == "TRADE_CLOSED"),
        ("wrong_sign", lambda fields: fields["sign"] != signing.md5(fields, KEY)),
    ],
)
def test_notices_lie_on_demand(till: Till, fault: str, is_wrong: Callable[[dict[str, str]], bool]) -> None:
    till.open()
    till.site.faults.cause(fault, times=1)
    till.pay()

    assert is_wrong(till.told()[0])


def test_notices_come_twice_late_or_never(till: Till) -> None:
    till.site.faults.cause("twice", times=1)
    till.site.faults.cause("late", seconds=0.2)
    till.open()
    began = time.monotonic()
    till.pay()
    till.told(2)
    assert till.shop.told[0][2] - began >= 0.2

    till.site.faults.set([read_flag("silent")])
    till.open(out_trade_no="T2")
    till.site.pay(till.site.find({"out_trade_no": "T2"}))
    time.sleep(0.1)
    assert len(till.shop.told) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pid": "1002"}, "商户不存在"),
        ({"money": "1"}, "金额不合法"),
        ({"money": "0.00"}, "金额不合法"),
        ({"type": "paypal"}, "支付方式不存在"),
        ({"name": ""}, "name不能为空"),
    ],
)
def test_a_wish_that_is_not_right_is_refused_in_words(till: Till, changes: dict[str, str], words: str) -> None:
    assert words in till.open(**changes)


def test_a_wish_changed_on_its_way_is_refused(till: Till) -> None:
    wish = till.wish() | {"money": "0.01"}

    assert "签名校验失败" in till.call("GET", f"/submit.php?{urlencode(wish)}")[1]


def test_the_same_number_is_the_same_trade(till: Till) -> None:
    till.open()
    till.open()
    assert "不一致" in till.open(money="20.00")


def test_the_api_wants_the_key(till: Till) -> None:
    till.open()
    asked = {"act": "order", "pid": PID, "out_trade_no": "T1"}

    wrong = json.loads(till.call("GET", f"/api.php?{urlencode(asked | {'key': 'x'})}")[1])
    right = json.loads(till.call("GET", f"/api.php?{urlencode(asked | {'key': KEY})}")[1])

    assert (wrong["code"], right["code"], right["status"], right["money"]) == (-3, 1, 0, "19.99")


def test_faults_are_asked_for_from_this_machine_only(till: Till) -> None:
    wish = json.dumps({"faults": [{"name": "down", "times": 1}], "habits": ["bom"]})

    def ask(**headers: str) -> int:
        connection = HTTPConnection("127.0.0.1", till.port, timeout=5)
        connection.request("POST", "/faults", wish, {"Content-Type": "application/json"} | headers)
        return connection.getresponse().status

    assert [ask(Origin="http://evil.example"), ask(**{"X-Forwarded-For": "1.2.3.4"}), ask()] == [403, 403, 200]
    assert till.call("GET", "/api.php?act=order")[0] == 503
    assert till.call("GET", "/api.php?act=order")[1].startswith("\ufeff")


def test_flags_name_faults() -> None:
    assert read_flag("down:on=refund,times=2") == Fault("down", "refund", 2)
    for wrong in ("fire", "late:seconds=9999", "down:times=0"):
        with pytest.raises(BadFault):
            read_flag(wrong)


def test_a_site_that_starts_again_tells_what_it_could_not(tmp_path: Path) -> None:
    shop, path = Listener(), str(tmp_path / "trades.db")
    merchant = Merchant(PID, KEY, *keys())
    before = Site(merchant, Trades(path), Post(lambda number, accepted: None))
    fields = {"out_trade_no": "T1", "notify_url": shop.url, "return_url": "x", "name": "x", "money": "1.00"}
    before.pay(before.open(fields, 1))
    before.trades.close()

    trades = Trades(path)
    after = Site(merchant, trades, Post(trades.record_try))
    server = serve(after)
    eventually(lambda: len(shop.told) == 1)
    server.server_close()
    after.post.stop()
    shop.server.shutdown()
    shop.server.server_close()

    assert shop.told[0][1]["out_trade_no"] == "T1"


def test_the_command_says_where_it_is_and_keeps_its_keys(tmp_path: Path) -> None:
    kept = tmp_path / "keys.json"

    def run() -> dict[str, str]:
        command = [sys.executable, "-m", "simulators.epay", "--port", "0", "--keys", str(kept)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            line = process.stdout.readline()
            assert line.startswith("Epay on http://127.0.0.1:")
            connection = HTTPConnection(line.split("//")[1].strip(), timeout=5)
            connection.request("GET", "/keys")
            told: dict[str, str] = json.loads(connection.getresponse().read())
            process.terminate()
            assert process.wait(5) == 0
        return told

    first = run()
    assert (first["pid"], kept.stat().st_mode & 0o777) == ("1001", 0o600)
    assert run() == first
