"""Text messages by both vendors: signed as published, refused in words, never sent twice for a lost answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from app.kit import clock, http
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.ids import new_id
from app.kit.party import Account, BadAccount, Forged, Wire
from app.kit.secret import Secret
from app.messages.providers import Carried, Later, Message, OutOfOrder, Receipt, Wording
from app.messages.providers import aliyun as aliyun_wire
from app.messages.providers import tencent as tencent_wire
from app.messages.providers.aliyun import Aliyun
from app.messages.providers.base import Provider, TellsReceipts
from app.messages.providers.tencent import Tencent
from simulators.sms.__main__ import ALIYUN, SIGN, TENCENT, serve
from simulators.sms.book import Book
from tests.simulators.till import eventually

ALIYUN_ACCOUNT = Account(ALIYUN["key_id"], {"sign_name": SIGN}, {"access_key_secret": Secret(ALIYUN["secret"])})
TENCENT_ACCOUNT = Account(
    TENCENT["app_id"],
    {"secret_id": TENCENT["secret_id"], "sign_name": SIGN, "region": "ap-guangzhou"},
    {"secret_key": Secret(TENCENT["secret_key"])},
)


@dataclass
class Vendor:
    """One vendor's connector, its simulator, and our account there."""

    party: Provider
    account: Account
    book: Book
    wordings: dict[str, Wording]

    def send(self, message: Message, about: str = "ready", account: Account | None = None) -> Answer:
        with http.Client() as client:
            return self.party.send(message, self.wordings[about], account or self.account, client)

    def query(self, message: Message, number: str = "") -> Answer:
        with http.Client() as client:
            return self.party.query(number, message, self.account, client)


@pytest.fixture(params=["aliyun", "tencent"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    book = Book()
    server, reports = serve(book, pace=0.01)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    http.configure((f"127.0.0.1:{server.port}",))
    code, ready = (("digits", "digits"), ("minutes", "minutes")), (("number", "number"),)
    try:
        if request.param == "aliyun":
            texts = {"code": Wording("SMS_1001", code), "ready": Wording("SMS_1002", ready)}
            yield Vendor(Aliyun(url), ALIYUN_ACCOUNT, book, texts)
        else:
            texts = {
                "code": Wording("2001", (("1", "digits"), ("2", "minutes"))),
                "ready": Wording("2002", (("1", "number"),)),
            }
            yield Vendor(Tencent(url), TENCENT_ACCOUNT, book, texts)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        reports.stop()


def message(to: str = "13800138000", **values: str) -> Message:
    values = {"number": "4711", "digits": "123456", "minutes": "10"} | values
    return Message(new_id(), "ready", Secret(to), "zh", "", "", values)


# Signing ---------------------------------------------------------------------------------------------------------


def test_aliyun_signs_as_published() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    image = "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
    query = aliyun_wire.canonical_query({"RegionId": "cn-shanghai", "ImageId": image})
    account = Account("YourAccessKeyId", {}, {"access_key_secret": Secret("YourAccessKeySecret")})

    told = aliyun_wire.authorization(headers, query, account)

    assert told.endswith("Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


def test_tencent_signs_as_published() -> None:
    body = '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    keys = {"secret_key": Secret("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")}
    account = Account("", {"secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"}, keys)
    day, kind = datetime(2019, 2, 25, tzinfo=UTC), "application/json; charset=utf-8"

    told = tencent_wire.authorization("cvm", "cvm.tencentcloudapi.com", kind, body, 1551113065, day, account)

    assert told.endswith("Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168")


# Sending ---------------------------------------------------------------------------------------------------------


def test_a_message_arrives_with_the_approved_text(vendor: Vendor) -> None:
    asked = message()

    answer = vendor.send(asked)

    assert isinstance(answer, Done)
    assert isinstance(answer.value, Carried)
    (sent,) = vendor.book.sent
    assert sent.text == "订单4711已完成，请到网站查看。"
    assert (sent.phone.removeprefix("+86"), sent.reference) == ("13800138000", asked.key.hex)


@pytest.mark.parametrize("to", ["+86 138-0013-8000", "8613800138000", "13800138000"])
def test_a_number_is_understood_however_it_is_written(vendor: Vendor, to: str) -> None:
    vendor.send(message(to))

    assert [sent.phone.removeprefix("+86") for sent in vendor.book.sent] == ["13800138000"]


def test_a_number_abroad_keeps_its_country(vendor: Vendor) -> None:
    vendor.send(message("+85291234567"))

    assert [sent.phone.removeprefix("+") for sent in vendor.book.sent] == ["85291234567"]


@pytest.mark.parametrize("to", ["", "1380013800", "dora@example.com", "+0123"])
def test_what_is_no_number_is_not_sent(vendor: Vendor, to: str) -> None:
    assert vendor.send(message(to)) == Refused("this is no phone number")


@pytest.mark.parametrize("value", ["https://shop.example/r/abc", "www.shop.cn", "see shop.example.com/r"])
def test_no_link_goes_into_a_text_message(vendor: Vendor, value: str) -> None:
    answer = vendor.send(message(number=value))

    assert isinstance(answer, Refused)
    assert "link" in answer.reason
    assert not vendor.book.sent


def test_a_code_of_goods_is_no_sign_in_code(vendor: Vendor) -> None:
    answer = vendor.send(message(digits="ABCD-EFGH-1234"), "code")

    assert isinstance(answer, Refused)
    assert "ABCD" not in answer.reason
    assert not vendor.book.sent


def test_a_value_that_is_missing_is_told(vendor: Vendor) -> None:
    answer = vendor.send(message(number=" "))

    assert isinstance(answer, Refused)
    assert "number" in answer.reason


def test_a_long_value_is_cut_to_what_a_text_takes(vendor: Vendor) -> None:
    assert isinstance(vendor.send(message(number="9" * 80)), Done)
    assert f"订单{'9' * 34}…已完成" in vendor.book.sent[0].text


# What goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["out_of_money", "no_permission"])
def test_a_carrier_that_cannot_send_anything_is_out_of_order_and_says_how_to_mend_it(
    vendor: Vendor, fault: str
) -> None:
    vendor.book.faults[fault] = 1

    answer = vendor.send(message())

    assert isinstance(answer, OutOfOrder)
    assert answer.mend
    assert not vendor.book.sent


def test_a_wrong_signature_of_ours_is_out_of_order(vendor: Vendor) -> None:
    keys = {name: Secret("another") for name in vendor.account.keys}

    assert isinstance(vendor.send(message(), account=replace(vendor.account, keys=keys)), OutOfOrder)


def test_a_clock_that_is_wrong_is_told_as_such(vendor: Vendor) -> None:
    vendor.book.clock = lambda: clock.now().timestamp() + 1200

    answer = vendor.send(message())

    assert isinstance(answer, OutOfOrder)
    assert "clock" in answer.mend


def test_an_unapproved_text_is_the_messages_own_fault(vendor: Vendor) -> None:
    vendor.wordings["ready"] = replace(vendor.wordings["ready"], code="SMS_9999")

    answer = vendor.send(message())

    assert isinstance(answer, Refused)
    assert not isinstance(answer, OutOfOrder)


def test_a_second_code_within_the_minute_waits_and_after_the_day_s_it_is_refused(vendor: Vendor) -> None:
    vendor.send(message(), "code")
    assert isinstance(vendor.send(message(), "code"), Temporary)

    now = clock.now().timestamp()
    for sent in vendor.book.sent:
        sent.at = now - 7200
    for hours in range(9):
        taken = vendor.book.take("any", vendor.book.sent[0].phone, vendor.book.sent[0].text, "")
        taken.at = now - 7200 - hours
    answer = vendor.send(message(), "code")
    assert isinstance(answer, Refused)
    assert not isinstance(answer, OutOfOrder)


def test_too_many_calls_let_the_carrier_rest(vendor: Vendor) -> None:
    vendor.book.faults["throttled"] = 1

    assert isinstance(vendor.send(message()), Later)


@pytest.mark.parametrize("fault", ["down", "lost_before", "lost_after", "busy", "busy_after"])
def test_what_nobody_knows_is_unknown_and_never_temporary(vendor: Vendor, fault: str) -> None:
    vendor.book.faults[fault] = 1

    assert isinstance(vendor.send(message()), Unknown)


def test_nobody_there_is_temporary() -> None:
    http.configure(("127.0.0.1:1",))
    with http.Client() as client:
        answer = Aliyun("http://127.0.0.1:1").send(
            message(), Wording("SMS_1002", (("number", "number"),)), ALIYUN_ACCOUNT, client
        )
    assert isinstance(answer, Temporary)


# Asking ----------------------------------------------------------------------------------------------------------


def test_a_message_whose_answer_was_lost_is_found_by_our_own_number(vendor: Vendor) -> None:
    asked = message()
    vendor.book.faults["lost_after"] = 1
    assert isinstance(vendor.send(asked), Unknown)

    found = vendor.query(asked)

    assert isinstance(found, Done)
    assert isinstance(found.value, Receipt)
    assert found.value.arrived


def test_one_that_never_came_may_be_sent_only_where_the_vendor_knows_all_it_took(vendor: Vendor) -> None:
    answer = vendor.query(message())

    if vendor.party.name == "aliyun":
        assert answer == Absent()
    else:
        assert isinstance(answer, Unknown), "Tencent tells of messages only once they have a status"


# Receipts --------------------------------------------------------------------------------------------------------


def test_receipts_are_pushed_until_they_are_taken_in_the_vendors_own_words(vendor: Vendor) -> None:
    party = vendor.party
    assert isinstance(party, TellsReceipts)
    asked = message()
    vendor.book.faults["undelivered"] = 1
    with Shop(party.accepted.body, refusals=1) as shop:
        vendor.book.callbacks[party.name] = shop.url
        answer = vendor.send(asked)
        assert shop.heard(2)

    assert isinstance(answer, Done)
    wires = [Wire({}, body) for body in shop.bodies]
    told = [party.receipts(wire, vendor.account, clock.now()) for wire in wires]
    assert told[0] == told[1]
    ((receipt,), _) = told
    assert (receipt.number, receipt.arrived) == (answer.value.number, False)
    assert receipt.reason
    assert receipt.at


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'[{"x": 1}]', b'{"success": true}', b"\xff"])
def test_what_is_no_receipt_is_refused(vendor: Vendor, body: bytes) -> None:
    assert isinstance(vendor.party, TellsReceipts)
    with pytest.raises(Forged):
        vendor.party.receipts(Wire({}, body), vendor.account, clock.now())


# The account -----------------------------------------------------------------------------------------------------


def test_a_self_test_finds_keys_that_work_and_keys_that_do_not(vendor: Vendor) -> None:
    wrong = replace(vendor.account, keys={name: Secret("another") for name in vendor.account.keys})
    with http.Client() as client:
        well, ill = (vendor.party.probe(account, client) for account in (vendor.account, wrong))

    assert isinstance(well, Done)
    assert isinstance(ill, Done)
    assert [finding.well for finding in (*well.value, *ill.value)] == [True, False]
    assert ill.value[0].mend
    assert not vendor.book.sent


def test_a_signature_is_entered_without_its_brackets(vendor: Vendor) -> None:
    with pytest.raises(BadAccount):
        vendor.party.check(replace(vendor.account, settings={**vendor.account.settings, "sign_name": "【秒发】"}))


class Shop:
    """Takes what is pushed, refusing the first of it."""

    def __init__(self, answer: str, *, refusals: int) -> None:
        self.bodies: list[bytes] = []
        shop = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                shop.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                words = b"no" if len(shop.bodies) <= refusals else answer.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/x"

    def __enter__(self) -> "Shop":
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def heard(self, count: int) -> bool:
        eventually(lambda: len(self.bodies) >= count)
        return json.loads(self.bodies[0]) == json.loads(self.bodies[-1])
