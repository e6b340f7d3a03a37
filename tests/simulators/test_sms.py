"""The simulator of SMS services keeps to what the two say of themselves, and can be told to fail."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from app.kit.effects import Done
from simulators.sms.book import Book, Taken
from simulators.sms.keys import ALIYUN, TENCENT, make_keys
from simulators.sms.service import RETRY_MINUTES, Due, Service
from simulators.sms.web import create_app
from tests.messages.sms_side import Side, message, served

HOME = "/"


@pytest.fixture(params=[ALIYUN, TENCENT])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with served(request.param) as side:
        yield side


@pytest.fixture
def service() -> Service:
    return Service(make_keys(), Book())


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service).test_client()


class ShopSide:
    """Where receipts arrive, and what is answered."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.came: list[bytes] = []
        self._answers = list(answers)
        app = Flask(__name__)

        @app.post("/receipts")
        def receipts() -> tuple[str, int]:
            self.came.append(request.get_data())
            status, said = self._answers.pop(0) if self._answers else (200, '{"code":0,"result":0}')
            return said, status

        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/receipts"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_what_is_not_signed_is_not_even_read(client: FlaskClient) -> None:
    aliyun = client.post(HOME, headers={"x-acs-action": "SendSms"})
    tencent = client.post(HOME, headers={"X-TC-Action": "SendSms"}, json={})

    assert (aliyun.status_code, aliyun.get_json()["Code"]) == (400, "IncompleteSignature")
    assert tencent.status_code == 200
    assert tencent.get_json()["Response"]["Error"]["Code"].startswith("AuthFailure")


@pytest.mark.parametrize("value", ["https://x.cn", "shop.top/x"])
def test_a_link_in_a_value_is_refused_as_the_services_do(side: Side, value: str) -> None:
    refused = {ALIYUN: "isv.PARAM_NOT_SUPPORT_URL", TENCENT: "FailedOperation.ContainSensitiveWord"}

    keys = side.service.keys
    wishes: dict[str, dict[str, Any]] = {
        ALIYUN: {
            "PhoneNumbers": "13912345678",
            "SignName": keys.sign_name,
            "TemplateCode": "SMS_1002",
            "TemplateParam": json.dumps({"number": value}),
        },
        TENCENT: {
            "PhoneNumberSet": ["+8613912345678"],
            "SmsSdkAppId": keys.app_id,
            "SignName": keys.sign_name,
            "TemplateId": "2002",
            "TemplateParamSet": [value],
        },
    }
    told = side.party._ask("SendSms", wishes[side.vendor], side.account, side.client)

    row = told["SendStatusSet"][0] if isinstance(told, dict) else None
    assert (row["Code"] if row else told.reason) == refused[side.vendor]  # type: ignore[union-attr]


def test_a_receipt_comes_again_after_one_five_and_ten_minutes_until_it_is_taken(service: Service) -> None:
    shop = ShopSide((503, ""), (200, "ok"))
    try:
        waits = []
        service.callbacks[ALIYUN] = shop.url
        service.pace = 1.0
        service.schedule.put = lambda thing, delay=0.0: waits.append((thing, delay))  # type: ignore[method-assign]
        create_app(service)
        taken = _take(service)
        due = waits.pop()[0]
        for _ in range(3):
            service.tell(due)
            if waits:
                due = waits[-1][0]
    finally:
        shop.close()

    assert [delay for _, delay in waits] == [60.0, 300.0]
    assert len(shop.came) == 3
    assert service.book.get(taken.number).told
    assert {json.loads(body)[0]["biz_id"] for body in shop.came} == {f"{taken.number}^0"}


def test_what_nobody_takes_is_given_up_after_the_last_try(service: Service) -> None:
    create_app(service)
    service.callbacks[ALIYUN] = "http://127.0.0.1:9/"
    waits: list[Any] = []
    service.schedule.put = lambda thing, delay=0.0: waits.append(thing)  # type: ignore[method-assign]
    taken = _take(service)
    waits.clear()

    for tried in range(len(RETRY_MINUTES) + 1):
        service.tell(Due(taken.number, tried, ended=True))

    assert [due.tried for due in waits] == [1, 2, 3]
    assert not service.book.get(taken.number).told


def _take(service: Service) -> Taken:
    text = service.text(ALIYUN, "SMS_1002")
    assert text
    return service.take(ALIYUN, "13912345678", text, {"number": "42AB"}, "ours")


def test_a_message_ends_once(service: Service) -> None:
    create_app(service)
    taken = _take(service)
    assert service.book.end(taken.number, arrived=True, at=1.0).arrived
    assert service.book.end(taken.number, arrived=False, at=2.0).arrived


def test_a_late_and_a_double_receipt_are_asked_for(service: Service) -> None:
    create_app(service)
    waits: list[float] = []
    service.schedule.put = lambda thing, delay=0.0: waits.append(delay)  # type: ignore[method-assign]
    service.faults.cause("twice", times=1)
    service.faults.cause("late", seconds=9, times=1)

    _take(service)

    assert waits == [10.0, 10.0]


def test_a_faulty_service_can_be_asked_for_and_mended(client: FlaskClient) -> None:
    answer = client.post("/faults", json={"faults": [{"name": "lost", "on": "send", "times": 1}]})
    assert answer.get_json()["faults"][0]["name"] == "lost"
    assert client.post("/faults", json={"faults": [{"name": "gloomy"}]}).status_code == 400
    assert client.post("/faults", json={"faults": []}).get_json() == {"faults": []}
    assert client.get("/faults", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 403


def test_the_page_shows_what_the_phones_would_show(client: FlaskClient, service: Service) -> None:
    assert "Nothing" in client.get(HOME).get_data(as_text=True) or "No message yet" in client.get(HOME).get_data(
        as_text=True
    )
    _take(service)
    assert "您尾号42AB的订单已完成" in client.get(HOME).get_data(as_text=True)


def test_only_this_machine_is_told_the_keys(client: FlaskClient, service: Service) -> None:
    assert client.get("/keys").get_json()["key_id"] == service.keys.key_id
    assert client.get("/keys", headers={"Origin": "https://evil.example"}).status_code == 403


def test_messages_and_counters_outlive_a_restart(tmp_path: Any) -> None:
    with served(ALIYUN) as side:
        file = tmp_path / "sms.db"
        side.service.book = Book(file)
        assert isinstance(side.send(message("code")), Done)
        side.service.book.close()
        side.service.book = Book(file)
        assert not isinstance(side.send(message("code")), Done)
