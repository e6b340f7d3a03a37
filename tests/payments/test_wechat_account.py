"""An account at WeChat Pay: its bill, its self-test, who pays, and what no log may hold."""

import time
from datetime import date, timedelta
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest

from app.kit import clock, http
from app.kit.effects import Done, Refused, Temporary
from app.payments.providers import NamesBuyers, Scene
from simulators.wechat import bills
from tests.payments.wechat import NUMBER, Talk, account_of, later
from tests.simulators.wechat_office import Office, keys

# The bill --------------------------------------------------------------------------------------------------------


def test_the_bill_of_a_day_is_whole_and_in_yuan(talk: Talk, paid: Office) -> None:
    talk.refund(100)
    order, day = paid.order(NUMBER), china_today()
    assert order
    paid.ahead = 86400 * 1.5

    with clock.running(later(days=1.5)):
        answer = talk.bill(day)

    assert isinstance(answer, Done)
    lines = answer.value.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("交易时间,公众账号ID,商户号")
    assert f"`{order['transaction_id']},`{NUMBER}" in lines[1]
    assert "`19.99" in lines[1]
    assert "`REFUND0001,`1.00" in lines[2]
    assert len(lines) == 5


def test_a_day_without_payments_has_an_empty_bill_and_today_has_none_yet(talk: Talk, paid: Office) -> None:
    assert talk.bill(china_today() - timedelta(days=30)) == Done(b"")
    assert isinstance(talk.bill(china_today()), Temporary)


def test_a_bill_that_is_not_whole_or_lies_elsewhere_is_not_taken(
    talk: Talk, paid: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, ask = china_today(), bills.ask
    paid.ahead = 86400 * 1.5
    for change in ({}, {"hash_value": "0" * 40}, {"download_url": "http://127.0.0.1:9/v3/billdownload/file?token=x"}):
        monkeypatch.setattr(bills, "ask", lambda *given, change=change: ask(*given) | change)
        with clock.running(later(days=1.5)):
            assert isinstance(talk.bill(day), Temporary if change else Done)


def china_today() -> date:
    return date(*time.gmtime(time.time() + 8 * 3600)[:3])


# The self-test ---------------------------------------------------------------------------------------------------


def test_the_self_test_finds_an_account_well(talk: Talk) -> None:
    assert {name: well for name, (well, _) in talk.probe().items()} == {"keys": True, "clock": True, "jsapi": True}


@pytest.mark.parametrize(
    ("changes", "ill"),
    [
        ({"mchid": "1900000002"}, "keys"),
        ({"serial": "5D00", "certificate": ""}, "keys"),
        ({"public_key_id": "PUB_KEY_ID_00000000"}, "keys"),
        ({"app_secret": "wrong"}, "jsapi"),
    ],
)
def test_the_self_test_says_which_key_is_wrong(talk: Talk, office: Office, changes: dict[str, str], ill: str) -> None:
    found = Talk(office, talk.client, account_of(**changes)).probe()

    assert [name for name, (well, _) in found.items() if not well] == [ill]


def test_the_self_test_finds_a_wrong_clock(talk: Talk, office: Office) -> None:
    office.ahead = 200  # still within what WeChat takes

    found = talk.probe()

    assert found["keys"][0]
    assert not found["clock"][0]
    with clock.running(later(minutes=-10)):
        assert [name for name, (well, _) in talk.probe().items() if not well] == ["keys", "clock"]


# Who pays --------------------------------------------------------------------------------------------------------


def test_wechat_names_its_user_once_for_each_code(talk: Talk, office: Office) -> None:
    gateway = talk.gateway
    assert isinstance(gateway, NamesBuyers)
    url = gateway.identify_url(talk.account, "http://127.0.0.1:9/o/x/wechat", "abc123")
    assert url.startswith(f"{office.url}/connect/oauth2/authorize?appid={keys().appid}&redirect_uri=http%3A%2F%2F")
    assert url.endswith("&response_type=code&scope=snsapi_base&state=abc123#wechat_redirect")

    way = HTTPConnection(urlsplit(url).netloc)
    way.request("GET", url.removeprefix(office.url).partition("#")[0])
    back = parse_qs(urlsplit(way.getresponse().headers["Location"]).query)
    way.close()

    assert back["state"] == ["abc123"]
    assert gateway.identify(back["code"][0], talk.account, talk.client) == Done("oSimulatedBuyer0000000000001")
    assert gateway.identify(back["code"][0], talk.account, talk.client) == Refused("40029: invalid code")


def test_a_wrong_app_secret_names_nobody_and_stands_in_no_answer(talk: Talk) -> None:
    answer = talk.gateway.identify("x", account_of(app_secret="s3cret"), talk.client)

    assert answer == Refused("40125: invalid appsecret")


# Secrets ---------------------------------------------------------------------------------------------------------


def test_no_call_logs_a_key_or_a_payer(talk: Talk, paid: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(
        http, "log", type("Log", (), {"info": lambda _, *said, **more: lines.append(f"{said}{more}")})()
    )
    talk.query(), talk.refund(), talk.close(), talk.start(Scene.WECHAT)
    talk.gateway.identify("x", talk.account, talk.client)

    assert lines
    assert not any(word in line for line in lines for word in ("oBuyer", keys().app_secret, "secret=", "PRIVATE"))
