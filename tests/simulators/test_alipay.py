"""Alipay's simulator by its own protocol: what it refuses, what it keeps, what it tells, and the command."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode
from urllib.request import urlopen

import pytest
from werkzeug.test import Client

from simulators.alipay import keys as signing
from simulators.alipay.faults import Faults
from simulators.alipay.gateway import Gateway
from simulators.alipay.notices import RETRY_DELAYS, post
from simulators.alipay.pages import create_app
from simulators.alipay.trades import Trades
from simulators.alipay.wire import Door, china
from simulators.test_gateway.notices import NoticeSender
from tests.payments.alipay import keys
from tests.simulators.till import ROOT, eventually

APP_ID = "2021000000000001"
NUMBER = "T1"


class Receiver:
    """A shop that keeps the forms it is sent, and answers what it is told to."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.answers: list[bytes] = []
        receiver = self

        class Page(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.forms.append(dict(parse_qsl(body, strict_parsing=True)))
                answer = receiver.answers.pop(0) if receiver.answers else b"success"
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/x"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


class Sim:
    """The simulator and a shop, at a clock moved by hand."""

    def __init__(self, receiver: Receiver, **changes: Any) -> None:
        self.receiver, self.time = receiver, 1_795_000_000.0
        self.faults, self.trades = Faults(), Trades()
        delays = tuple(delay * 1e-5 for delay in RETRY_DELAYS)
        sender = NoticeSender(self.trades.record_try, plan=self.faults.plan, delays=delays, post=post)
        door = Door(APP_ID, keys(), **changes)
        self.gateway = Gateway(door, self.trades, sender, url="http://localhost", clock=self.now, faults=self.faults)
        self.gateway.start()
        self.web = Client(create_app(self.gateway))

    def now(self) -> float:
        return self.time

    def fields(self, method: str, wish: dict[str, Any], **changes: str) -> dict[str, str]:
        fields = {
            "app_id": APP_ID,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": china(self.time),
            "version": "1.0",
            "notify_url": self.receiver.url,
            "biz_content": json.dumps(wish),
        } | changes
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])
        return fields | {"sign": signing.sign(keys().app_private, text.encode())}

    def ask(self, method: str, wish: dict[str, Any] | None = None, **changes: str) -> dict[str, Any]:
        """Ask and return the inner answer, its signature checked over the text as it came."""
        wish = {"out_trade_no": NUMBER} if wish is None else wish
        text = self.web.post("/gateway.do", data=self.fields(method, wish, **changes)).get_data(as_text=True)
        whole = json.loads(text)
        name = f"{method.replace('.', '_')}_response"
        inner = text.partition(f'"{name}":')[2].rpartition(',"sign"')[0]
        assert signing.is_signed(keys().alipay_public, inner.encode(), whole["sign"])
        return dict(whole[name])

    def precreate(self, **changes: Any) -> dict[str, Any]:
        wish = {"out_trade_no": NUMBER, "total_amount": "19.90", "subject": "卡"} | changes
        return self.ask("alipay.trade.precreate", wish)

    def pay(self) -> None:
        token = self.precreate()["qr_code"].rpartition("/")[2]
        assert self.web.post(f"/cashier/{token}", data={"choice": "pay"}).status_code == 200

    def refund(self, amount: str, **more: str) -> dict[str, Any]:
        return self.ask("alipay.trade.refund", {"out_trade_no": NUMBER, "refund_amount": amount, **more})

    def told(self, count: int) -> list[dict[str, str]]:
        """Wait for so many notices, each signed over all but sign and sign_type."""
        eventually(lambda: len(self.receiver.forms) >= count)
        for form in self.receiver.forms:
            text = "&".join(f"{name}={form[name]}" for name in sorted(form) if name not in ("sign", "sign_type"))
            assert signing.is_signed(keys().alipay_public, text.encode(), form["sign"])
            assert all(form.values()), "Alipay sends no empty fields"
        return self.receiver.forms


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def sim(receiver: Receiver) -> Iterator[Sim]:
    sim = Sim(receiver)
    yield sim
    sim.gateway.stop()


# Requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sub_code"),
    [
        ({"timestamp": "yesterday"}, "isv.invalid-timestamp"),
        ({"sign_type": "RSA"}, "isv.invalid-signature-type"),
        ({"charset": "gbk"}, "isv.invalid-charset"),
        ({"biz_content": "{"}, "isv.invalid-json"),
        ({"biz_content": "[]"}, "isv.invalid-json"),
        ({"notify_url": "http://10.0.0.1/"}, "isv.invalid-parameter"),
        ({"app_cert_sn": "0"}, "isv.app-cert-sn-not-match"),
    ],
)
def test_a_request_is_refused_for_the_first_thing_that_is_wrong(
    sim: Sim, changes: dict[str, Any], sub_code: str
) -> None:
    assert sim.ask("alipay.trade.query", **changes)["sub_code"] == sub_code


def test_an_unknown_application_and_method_are_refused(sim: Sim) -> None:
    fields = sim.fields("alipay.trade.query", {}, app_id="1")
    assert sim.web.post("/gateway.do", data=fields).get_json(force=True)["error_response"]["sub_code"] == (
        "isv.invalid-app-id"
    )
    assert sim.ask("alipay.trade.nothing")["sub_code"] == "isv.invalid-method"


def test_the_signature_covers_every_parameter_sign_type_too(sim: Sim) -> None:
    fields = sim.fields("alipay.trade.query", {"out_trade_no": NUMBER})
    for name in fields.keys() - {"sign", "app_id", "method", "sign_type"}:
        changed = fields | {name: fields[name] + " "}
        said = sim.web.post("/gateway.do", data=changed).get_json(force=True)
        assert said["alipay_trade_query_response"]["sub_code"] == "isv.invalid-signature", name


def test_parameters_may_stand_in_the_address_in_the_form_or_in_both_saying_the_same(sim: Sim) -> None:
    fields = sim.fields("alipay.trade.query", {"out_trade_no": NUMBER})

    for address, form in (("charset=utf-8", fields), (urlencode(fields), {})):
        said = sim.web.post(f"/gateway.do?{address}", data=form).get_json(force=True)
        assert said["alipay_trade_query_response"]["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    said = sim.web.post("/gateway.do?charset=gbk", data=fields).get_json(force=True)
    assert said["error_response"]["sub_code"] == "isv.invalid-parameter"


def test_a_strict_clock_refuses_old_requests(receiver: Receiver) -> None:
    sim = Sim(receiver, strict_seconds=300)

    assert sim.ask("alipay.trade.query", timestamp=china(sim.time - 600))["sub_code"] == "isv.invalid-timestamp"
    assert sim.ask("alipay.trade.query", timestamp=china(sim.time - 200))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    sim.gateway.stop()


# Trades ----------------------------------------------------------------------------------------------------------


def test_a_trade_begins_with_the_scan(sim: Sim) -> None:
    token = sim.precreate()["qr_code"].rpartition("/")[2]
    assert sim.ask("alipay.trade.query")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert sim.ask("alipay.trade.close")["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    sim.web.get(f"/qr/{token}")

    assert sim.ask("alipay.trade.query")["trade_status"] == "WAIT_BUYER_PAY"


def test_a_code_nobody_scans_holds_for_two_hours(sim: Sim) -> None:
    token = sim.precreate()["qr_code"].rpartition("/")[2]
    sim.time += 2 * 60 * 60 + 1

    assert sim.web.get(f"/qr/{token}").status_code == 400
    assert sim.ask("alipay.trade.query")["sub_code"] == "ACQ.TRADE_NOT_EXIST"


def test_one_number_is_one_amount_and_one_subject(sim: Sim) -> None:
    first = sim.precreate()

    assert sim.precreate() == first
    assert sim.precreate(total_amount="19.91")["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"
    assert sim.precreate(subject="other")["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"
    sim.pay()
    assert sim.precreate()["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"


@pytest.mark.parametrize("amount", ["0", "0.00", "1.999", "-1", "1e2", "100000001.00", ""])
def test_an_amount_is_yuan_with_at_most_two_decimals(sim: Sim, amount: str) -> None:
    assert sim.precreate(total_amount=amount)["code"] in {"40001", "40004"}


def test_a_paid_trade_is_not_closed_and_a_closed_one_is_not_paid(sim: Sim) -> None:
    sim.pay()
    assert sim.ask("alipay.trade.close")["sub_code"] == "ACQ.TRADE_STATUS_ERROR"

    token = sim.precreate(out_trade_no="T2")["qr_code"].rpartition("/")[2]
    sim.web.get(f"/qr/{token}")
    assert sim.ask("alipay.trade.close", {"out_trade_no": "T2"})["code"] == "10000"
    sim.web.post(f"/cashier/{token}", data={"choice": "pay"})
    assert sim.ask("alipay.trade.query", {"out_trade_no": "T2"})["trade_status"] == "TRADE_CLOSED"


# Refunds ---------------------------------------------------------------------------------------------------------


def test_refunds_follow_the_rules(sim: Sim) -> None:
    sim.pay()

    assert sim.refund("5.00")["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    first, again = sim.refund("5.00", out_request_no="R1"), sim.refund("5.00", out_request_no="R1")
    assert [(said["fund_change"], said["refund_fee"]) for said in (first, again)] == [("Y", "5.00"), ("N", "5.00")]
    assert sim.refund("6.00", out_request_no="R1")["code"] == "40004"
    assert sim.refund("14.91", out_request_no="R2")["sub_code"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    assert sim.refund("14.90", out_request_no="R2")["refund_fee"] == "19.90"
    assert sim.ask("alipay.trade.query")["trade_status"] == "TRADE_CLOSED"


def test_a_finished_trade_gives_nothing_back(sim: Sim) -> None:
    sim.pay()
    sim.gateway.finish(NUMBER)

    assert sim.refund("19.90", out_request_no="R1")["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


# Notices ---------------------------------------------------------------------------------------------------------


def test_a_refund_is_told_at_the_same_address_still_as_a_success(sim: Sim) -> None:
    sim.pay()
    sim.refund("5.00", out_request_no="R1")

    paid, back = sim.told(2)
    assert (paid["trade_status"], back["trade_status"]) == ("TRADE_SUCCESS", "TRADE_SUCCESS")
    assert (back["out_biz_no"], back["refund_fee"]) == ("R1", "5.00")
    assert "refund_fee" not in paid


def test_a_notice_comes_until_it_is_accepted_under_one_id(sim: Sim, receiver: Receiver) -> None:
    receiver.answers += [b"fail", b"success ", b"\xef\xbb\xbfsuccess"]
    sim.pay()

    assert len({form["notify_id"] for form in sim.told(4)}) == 1


def test_a_notice_nobody_accepts_comes_eight_times_in_25_hours(sim: Sim, receiver: Receiver) -> None:
    receiver.answers += [b"fail"] * 20
    sim.pay()

    sim.told(8)
    assert 24 * 3600 < sum(RETRY_DELAYS) < 25.1 * 3600
    assert len(RETRY_DELAYS) == 7


@pytest.mark.parametrize(
    ("fault", "field", "value"),
    [
        ("short", "total_amount", "0.01"),
        ("other_app", "app_id", "2014000000000000"),
        ("other_seller", "seller_id", "2088999999999999"),
    ],
)
def test_what_is_told_may_be_wrong(sim: Sim, fault: str, field: str, value: str) -> None:
    sim.faults.cause(fault, on="notice")
    sim.pay()

    assert sim.told(1)[0][field] == value


def test_a_silent_gateway_tells_only_who_asks(sim: Sim, receiver: Receiver) -> None:
    sim.faults.cause("silent")
    sim.pay()

    assert sim.ask("alipay.trade.query")["trade_status"] == "TRADE_SUCCESS"
    assert receiver.forms == []


def test_a_browser_comes_back_with_signed_fields(sim: Sim) -> None:
    wish = {"out_trade_no": NUMBER, "total_amount": "19.90", "subject": "卡", "product_code": "QUICK_WAP_PAY"}
    back = sim.receiver.url.replace("hooks", "o") + "?from=pay"
    opened = sim.web.post("/gateway.do", data=sim.fields("alipay.trade.wap.pay", wish, return_url=back))
    assert opened.status_code == 302

    paid = sim.web.post(opened.location, data={"choice": "pay"})

    assert paid.location.startswith(f"{back}&charset=utf-8&out_trade_no={NUMBER}")
    page = sim.web.get(opened.location)
    assert "不动真钱" in page.get_data(as_text=True)
    assert "form-action 'self' http://127.0.0.1" in page.headers["Content-Security-Policy"]


def test_a_bills_address_holds_for_half_a_minute(sim: Sim) -> None:
    sim.pay()
    day = china(sim.time)[:10]
    ask: Callable[[], str] = lambda: sim.ask(  # noqa: E731
        "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": "trade", "bill_date": day}
    )["bill_download_url"].removeprefix("http://localhost")

    assert sim.web.get(ask()).data.startswith(b"PK")
    address = ask()
    sim.time += 31
    assert sim.web.get(address).status_code == 404


# The command -----------------------------------------------------------------------------------------------------


def test_the_command_serves_keeps_its_keys_and_shows_them_to_this_machine(tmp_path: Any) -> None:
    given = []
    for _ in range(2):
        command = [sys.executable, "-m", "simulators.alipay", "--port", "0", "--keys", str(tmp_path / "keys")]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line.startswith("Alipay simulator on http://127.0.0.1:")
            given.append(json.load(urlopen(f"{line.split()[-1]}/keys", timeout=5)))
        finally:
            process.terminate()
            assert process.wait(10) == 0
            process.communicate()

    assert given[0] == given[1]
    assert given[0].keys() == {
        "app_id",
        "seller_id",
        "app_private",
        "app_cert",
        "alipay_cert",
        "root_cert",
        "alipay_public",
    }


def test_faults_are_set_from_this_machine_and_read_back(sim: Sim) -> None:
    wish = {"faults": [{"name": "busy", "on": ["refund"], "times": 1}]}

    here = {"REMOTE_ADDR": "127.0.0.1"}

    assert sim.web.post("/faults", json=wish, environ_base=here).status_code == 200
    assert [fault["name"] for fault in sim.web.get("/faults", environ_base=here).get_json()["faults"]] == ["busy"]
    assert sim.web.post("/faults", json={"faults": [{"name": "cancelled"}]}, environ_base=here).status_code == 400
    assert sim.web.post("/faults", json=wish, headers={"Origin": "http://x"}, environ_base=here).status_code == 403
    assert sim.web.post("/faults", json=wish, environ_base={"REMOTE_ADDR": "10.0.0.1"}).status_code == 403
    assert sim.web.get("/keys", environ_base={"REMOTE_ADDR": "10.0.0.1"}).status_code == 403


def test_the_simulator_never_imports_the_shop() -> None:
    code = "import simulators.alipay.__main__, sys; print([m for m in sys.modules if m.split('.')[0] == 'app'])"

    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ended.stdout == "[]\n"
