"""WeChat Pay's simulator by itself: what it believes, remembers, tells, and how it is ill."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from app.kit import clock
from app.payments.providers.wechat.line import authorization
from simulators.wechat.notices import RETRY_DELAYS
from tests.payments.wechat import NUMBER, account_of
from tests.simulators.till import ROOT, eventually
from tests.simulators.wechat_office import PACE, Office, keys, pr_of, served

BASE = "/v3/pay/transactions"


class Shop:
    """A shop that keeps what it is told and answers as it was told to."""

    def __init__(self) -> None:
        self.told: list[tuple[float, dict[str, str], bytes]] = []
        self.answers: list[int] = []
        shop = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.told.append((time.monotonic(), dict(self.headers), body))
                self.send_response(shop.answers.pop(0) if shop.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/abc"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.server.shutdown()
    shop.server.server_close()


@pytest.fixture
def office() -> Iterator[Office]:
    with served() as office:
        yield office


def call(url: str, method: str, path: str, said: Any = None, **changes: str) -> tuple[int, dict[str, Any]]:
    """Ask as the merchant does, with headers changed."""
    body = b"" if said is None else json.dumps(said).encode()
    signed = authorization(account_of(), method, path, body, at=clock.now(), nonce=os.urandom(16).hex())
    headers = {"Authorization": signed, "Accept": "application/json", "User-Agent": "test"} | changes
    answer, text = fetch(url, method, path, body, headers)
    return answer.status, json.loads(text) if text else {}


def fetch(
    url: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    way = HTTPConnection(urlsplit(url).netloc, timeout=5)
    way.request(method, path, body, headers or {})
    answer = way.getresponse()
    text = answer.read()
    way.close()
    return answer, text


def wish(**changes: Any) -> dict[str, Any]:
    return {
        "appid": keys().appid,
        "mchid": keys().mchid,
        "description": "Card",
        "out_trade_no": NUMBER,
        "notify_url": "http://127.0.0.1:9/hooks/abc",
        "amount": {"total": 1999, "currency": "CNY"},
    } | changes


# What it believes ------------------------------------------------------------------------------------------------


def test_only_the_merchants_own_signature_is_believed(office: Office) -> None:
    path = f"{BASE}/native"
    body = json.dumps(wish()).encode()
    good = authorization(account_of(), "POST", path, body, at=clock.now(), nonce="A" * 32)
    falsehoods = [
        good.replace('mchid="1', 'mchid="2'),
        good.replace('serial_no="', 'serial_no="0'),
        re.sub(r'signature="....', 'signature="AAAA', good),
        good.replace("WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3"),
        authorization(account_of(), "GET", path, body, at=clock.now(), nonce="B" * 32),
        authorization(account_of(), "POST", path, body + b" ", at=clock.now(), nonce="C" * 32),
        authorization(account_of(), "POST", f"{path}?a=b", body, at=clock.now(), nonce="D" * 32),
        "",
    ]

    for false in falsehoods:
        status, said = call(office.url, "POST", path, wish(), Authorization=false)
        assert (status, said["code"]) == (401, "SIGN_ERROR")

    assert call(office.url, "POST", path, wish(), Authorization=good)[0] == 200
    assert call(office.url, "POST", path, wish(), Authorization=good)[0] == 401  # the nonce was used


@pytest.mark.parametrize("seconds", [-301, 302])
def test_a_request_more_than_five_minutes_away_is_refused(office: Office, seconds: int) -> None:
    office.ahead = seconds

    assert call(office.url, "GET", f"{BASE}/out-trade-no/{NUMBER}?mchid={keys().mchid}")[0] == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"out_trade_no": "short"},
        {"out_trade_no": "x" * 33},
        {"out_trade_no": "no blanks here"},
        {"description": ""},
        {"description": "x" * 128},
        {"amount": {"total": 0}},
        {"amount": {"total": "1999"}},
        {"amount": {"total": 19.99}},
        {"notify_url": "http://shop.example/hooks"},
        {"notify_url": "https://shop.example/hooks?x=1"},
        {"time_expire": "2020-01-01T00:00:00+08:00"},
        {"mchid": "1900000001"},
    ],
    ids=str,
)
def test_an_order_that_is_not_as_documented_is_refused(office: Office, changes: dict[str, Any]) -> None:
    assert call(office.url, "POST", f"{BASE}/native", wish(**changes))[0] == 400


def test_each_product_needs_what_is_its_own(office: Office) -> None:
    assert call(office.url, "POST", f"{BASE}/h5", wish())[0] == 400
    assert call(office.url, "POST", f"{BASE}/jsapi", wish())[0] == 400


def test_the_same_number_with_other_parameters_is_refused(office: Office) -> None:
    assert call(office.url, "POST", f"{BASE}/native", wish())[0] == 200

    assert call(office.url, "POST", f"{BASE}/native", wish())[0] == 200
    assert call(office.url, "POST", f"{BASE}/native", wish(description="x"))[1]["code"] == "OUT_TRADE_NO_USED"
    scene = {"payer_client_ip": "1.2.3.4", "h5_info": {"type": "Wap"}}
    assert call(office.url, "POST", f"{BASE}/h5", wish(scene_info=scene))[1]["code"] == "OUT_TRADE_NO_USED"


# What it tells ---------------------------------------------------------------------------------------------------


def test_a_notice_comes_fifteen_times_more_on_the_documented_schedule(office: Office, shop: Shop) -> None:
    assert RETRY_DELAYS == (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
    assert sum(RETRY_DELAYS) == 86640  # 24 h 4 m
    office.gateway.sender._delays = [delay * 5e-6 for delay in RETRY_DELAYS]
    shop.answers = [500] * 99
    call(office.url, "POST", f"{BASE}/native", wish(notify_url=shop.url))

    office.pay(NUMBER)

    eventually(lambda: len(shop.told) == 16)
    time.sleep(0.3)
    assert len(shop.told) == 16
    order = office.order(NUMBER)
    assert order
    assert (order["tries"], order["told"]) == (16, False)
    bodies = {json.loads(body)["id"] for _, _, body in shop.told}
    assert len(bodies) == 1


@pytest.mark.parametrize("status", [200, 204])
def test_a_notice_that_was_taken_does_not_come_again(office: Office, shop: Shop, status: int) -> None:
    shop.answers = [500, 302, status]
    call(office.url, "POST", f"{BASE}/native", wish(notify_url=shop.url))

    office.pay(NUMBER)

    eventually(lambda: len(shop.told) == 3)
    time.sleep(max(RETRY_DELAYS[:4]) * PACE * 2)
    assert len(shop.told) == 3


@pytest.mark.parametrize(("fault", "count"), [("silent", 0), ("twice", 2), ("late", 1), ("probe", 2)])
def test_notices_can_be_ill(office: Office, shop: Shop, fault: str, count: int) -> None:
    office.ill(fault, on="notice", times=1, seconds=0.2)
    call(office.url, "POST", f"{BASE}/native", wish(notify_url=shop.url))
    began = time.monotonic()

    office.pay(NUMBER)

    eventually(lambda: len(shop.told) >= count)
    time.sleep(0.2)
    assert len(shop.told) == count
    if fault == "late":
        assert shop.told[0][0] - began > 0.15
    if fault == "probe":
        assert shop.told[0][1]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")


# What people see -------------------------------------------------------------------------------------------------


def test_a_buyer_scans_and_pays_on_a_phone(office: Office) -> None:
    code = call(office.url, "POST", f"{BASE}/native", wish())[1]["code_url"]
    home = fetch(office.url, "GET", "/")[1].decode()
    page = fetch(office.url, "GET", f"/scan?pr={pr_of(code)}")[1].decode()
    assert f"/scan?pr={pr_of(code)}" in home
    assert "¥19.99" in page
    assert "不动真钱" in page

    form = urlencode({"bank": "ICBC_ECNY", "back": ""})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer, text = fetch(office.url, "POST", f"/paid/{pr_of(code)}", form.encode(), headers)

    assert (answer.status, b'data-status="SUCCESS"' in text) == (200, True)
    order = office.order(NUMBER)
    assert order
    assert order["bank_type"] == "ICBC_ECNY"


def test_the_h5_page_opens_only_from_the_shop_and_for_five_minutes(office: Office) -> None:
    scene = {"payer_client_ip": "1.2.3.4", "h5_info": {"type": "Wap"}}
    url = call(office.url, "POST", f"{BASE}/h5", wish(scene_info=scene))[1]["h5_url"].removeprefix(office.url)
    back = f"{url}&redirect_url=http%3A%2F%2F127.0.0.1%2Fo%2Fx"
    known = {"Referer": "https://shop.example/"}

    assert fetch(office.url, "GET", back)[0].status == 400
    assert "确认支付" in fetch(office.url, "GET", back, headers=known)[1].decode()
    office.ahead = 301
    assert fetch(office.url, "GET", back, headers=known)[0].status == 400


def test_faults_are_set_over_http_from_this_machine_only(office: Office) -> None:
    said = json.dumps({"faults": [{"name": "poor"}, {"name": "lost", "on": "refund", "times": 1}]}).encode()
    headers = {"Content-Type": "application/json"}

    answer, _ = fetch(office.url, "POST", "/faults", said, headers)

    assert answer.status == 200
    assert [fault.name for fault in office.faults.left] == ["poor", "lost"]
    assert fetch(office.url, "POST", "/faults", b'{"faults":[{"name":"cheerful"}]}', headers)[0].status == 400
    assert fetch(office.url, "POST", "/faults", said, headers | {"X-Forwarded-For": "1.2.3.4"})[0].status == 403


# The command -----------------------------------------------------------------------------------------------------


@contextmanager
def running(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "simulators.wechat", "--port", "0", "--keys", str(folder / "keys.json"), *more]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process, process.stdout.readline().split()[-1]
    finally:
        process.kill()
        process.communicate()


def test_the_command_serves_keeps_its_keys_and_ends_cleanly(tmp_path: Path) -> None:
    with running(tmp_path, "--fault", "down:on=start,times=1") as (process, url):
        assert fetch(url, "GET", "/healthz")[0].status == 200
        made = json.loads((tmp_path / "keys.json").read_text())
        assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with running(tmp_path) as (_, url):
        assert fetch(url, "GET", "/healthz")[0].status == 200
        assert json.loads((tmp_path / "keys.json").read_text()) == made


def test_what_was_written_down_is_known_after_a_restart_and_told_again(tmp_path: Path, shop: Shop) -> None:
    shop.answers = [500] * 99
    with served(path=str(tmp_path / "state.db")) as office:
        office.gateway.sender._delays = []
        call(office.url, "POST", f"{BASE}/native", wish(notify_url=shop.url))
        office.pay(NUMBER)
        eventually(lambda: (office.order(NUMBER) or {})["tries"] == 1)
    shop.answers.clear()

    with served(path=str(tmp_path / "state.db")) as office:
        office.gateway.resume()
        eventually(lambda: bool((office.order(NUMBER) or {})["told"]))

    assert len(shop.told) == 2
