"""The SDK of the field as the other side: it and the simulator understand each other, and it sees what we see."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from alipay import AliPay, DCAliPay

from app.kit import clock
from app.kit.effects import Done
from app.kit.http import Client
from app.kit.money import Money
from app.payments.providers import Closed, Opened, Payback, Start, Told, Trade, Unpaid, Way, Wire
from app.payments.providers.alipay import Alipay, accounts, notices
from tests.payments import alipay
from tests.payments.alipay import APP_ID, Bank, account, keys

bank, client = alipay.bank, alipay.client
NUMBER = "T202601010001"


def sdk_with_keys() -> Any:
    return AliPay(APP_ID, None, keys().app_private, keys().alipay_public)


def sdk_with_certificates() -> Any:
    return DCAliPay(APP_ID, keys().app_private, keys().app_cert, keys().alipay_cert, keys().root_cert)


@pytest.fixture(params=["key", "cert"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sdk(bank: Bank, mode: str) -> Any:
    other = sdk_with_keys() if mode == "key" else sdk_with_certificates()
    other._gateway = f"{bank.url}/gateway.do"
    return other


def test_the_sdk_and_we_see_the_same_trade(bank: Bank, client: Client, sdk: Any, mode: str) -> None:
    ours, mine = Alipay(bank.url), account(mode=mode)
    made = sdk.api_alipay_trade_precreate(
        out_trade_no=NUMBER, total_amount="19.90", subject="充值卡", notify_url="http://127.0.0.1:9/hooks/x"
    )
    assert made["code"] == "10000"
    assert sdk.api_alipay_trade_query(out_trade_no=NUMBER)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert ours.query(Trade(NUMBER), mine, client) == Done(Unpaid())

    bank.press(made["qr_code"])

    theirs = sdk.api_alipay_trade_query(out_trade_no=NUMBER)
    answer = ours.query(Trade(NUMBER), mine, client)
    assert isinstance(answer, Done)
    told = answer.value.told
    assert (told.trade_no, told.paid) == (theirs["trade_no"], Money(1990, "CNY"))
    assert theirs["trade_status"] == "TRADE_SUCCESS"

    payback = Payback("R1", NUMBER, told.trade_no, Money(500, "CNY"))
    assert ours.refund(payback, mine, client) == Done("R1")
    again = sdk.api_alipay_trade_refund(refund_amount="5.00", out_trade_no=NUMBER, out_request_no="R1")
    assert (again["fund_change"], again["refund_fee"]) == ("N", "5.00")
    found = sdk.api_alipay_trade_fastpay_refund_query("R1", out_trade_no=NUMBER)
    assert found["refund_status"] == "REFUND_SUCCESS"
    assert ours.refund_query(payback, mine, client) == Done("R1")


def test_the_sdk_believes_the_notices_that_we_believe(bank: Bank, client: Client, sdk: Any, mode: str) -> None:
    now = clock.now()
    start = Start(NUMBER, Money(1990, "CNY"), "卡", "http://127.0.0.1:9/hooks/x", "http://127.0.0.1:9/o", now)
    opened = Alipay(bank.url).start(start, account(mode=mode), client)
    assert isinstance(opened, Done)
    bank.press(opened.value.page)
    letter = bank.post.take()
    assert letter

    said = dict(parse_qsl(letter.notice.body.decode()))
    assert sdk.verify(said, said.pop("sign"))
    assert isinstance(notices.read(Wire({}, letter.notice.body), account(mode=mode)), Told)


def test_a_page_the_sdk_signed_opens_as_ours_does(bank: Bank, client: Client, sdk: Any, mode: str) -> None:
    query = sdk.api_alipay_trade_page_pay(
        "卡", NUMBER, "19.90", return_url="http://127.0.0.1:9/o", notify_url="http://127.0.0.1:9/hooks/x"
    )
    page = f"{bank.url}/gateway.do?{query}"
    assert bank.press(page, "enter").status_code == 200

    assert Alipay(bank.url).close(Trade(NUMBER), account(mode=mode), client) == Done(Closed())
    assert sdk.api_alipay_trade_query(out_trade_no=NUMBER)["trade_status"] == "TRADE_CLOSED"


def test_both_sign_the_same_text_to_the_same_letters(bank: Bank, client: Client) -> None:
    start = Start(NUMBER, Money(1990, "CNY"), "卡", "http://127.0.0.1:9/h", "http://127.0.0.1:9/o", clock.now())
    opened = Alipay(bank.url).start(start, account(), client)
    assert isinstance(opened, Done)
    assert isinstance(opened.value, Opened)
    assert opened.value.way is Way.GO

    said = dict(parse_qsl(urlsplit(opened.value.page).query))
    sign = said.pop("sign")

    other = sdk_with_keys()
    text = "&".join(f"{name}={said[name]}" for name in sorted(said))
    assert other._sign(text) == sign


def test_certificates_have_the_numbers_that_the_sdk_gives_them() -> None:
    other = sdk_with_certificates()

    assert accounts.serials(account(mode="cert")) == {
        "app_cert_sn": other.app_cert_sn,
        "alipay_root_cert_sn": other.alipay_root_cert_sn,
    }
    assert accounts.serials(replace(account())) == {}
