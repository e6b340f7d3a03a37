"""What we send to Alipay and what we make of how a trade stands, against the simulator."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.kit import clock
from app.kit.effects import Done, Refused, Temporary, Unknown
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import (
    Closed,
    Paid,
    Scene,
    Unpaid,
    Way,
)
from app.payments.providers.alipay import Alipay
from simulators.alipay import keys as signing
from simulators.alipay.keys import Keys
from tests.payments import alipay, alipay_talk
from tests.payments.alipay import Bank, account, keys
from tests.payments.alipay_talk import DUE, NUMBER, Talk

bank, client, talk = alipay.bank, alipay.client, alipay_talk.talk


# What we send ----------------------------------------------------------------------------------------------------


def test_an_end_to_pay_and_a_time_are_written_in_china_time_whatever_the_zone_here(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        noon = datetime(2026, 1, 2, 12, 0, 59, 900_000, UTC)
        with clock.running(lambda: noon):
            asked = dict(parse_qsl(urlsplit(talk.page()).query))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert asked["timestamp"] == "2026-01-02 20:00:59"
    assert json.loads(asked["biz_content"])["time_expire"] == "2026-01-02 20:15:59"


@pytest.mark.parametrize(
    ("scene", "method", "product"),
    [
        (Scene.DESKTOP, "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
        (Scene.MOBILE, "alipay.trade.wap.pay", "QUICK_WAP_PAY"),
        (Scene.ALIPAY, "alipay.trade.wap.pay", "QUICK_WAP_PAY"),
    ],
)
def test_each_place_gets_the_page_that_works_there(talk: Talk, scene: Scene, method: str, product: str) -> None:
    asked = dict(parse_qsl(urlsplit(talk.page(scene)).query))

    assert (asked["method"], json.loads(asked["biz_content"])["product_code"]) == (method, product)
    assert asked["notify_url"] == "http://127.0.0.1:9/hooks/x"
    shown = talk.bank.open(talk.page(scene))
    assert 'data-status="NOT_YET"' in shown.get_data(as_text=True)


def test_what_is_offered_follows_place_currency_and_amount(talk: Talk) -> None:
    page, code = account(), account(desktop="qr")
    offers = partial(talk.gateway.offers, account=page)

    assert [offers(scene, DUE) for scene in Scene] == [Way.GO, Way.GO, None, Way.GO]
    assert [talk.gateway.offers(scene, DUE, code) for scene in Scene] == [Way.SCAN, Way.GO, None, Way.GO]
    assert offers(Scene.DESKTOP, Money(1990, "USD")) is None
    assert offers(Scene.DESKTOP, Money(0, "CNY")) is None
    assert offers(Scene.DESKTOP, Money(100_000_000_01, "CNY")) is None


def test_a_qr_code_is_paid_after_somebody_scans_it(talk: Talk) -> None:
    talk.account = account(desktop="qr")
    answer = talk.start()
    assert isinstance(answer, Done)
    assert answer.value.way is Way.SCAN
    assert talk.query() == Done(Unpaid())

    told = talk.pay()

    assert talk.query() == Done(Paid(told))


def test_asking_twice_for_a_qr_code_is_the_same_payment(talk: Talk) -> None:
    talk.account = account(desktop="qr")

    assert talk.start() == talk.start()
    assert isinstance(talk.start(subject="something else"), Refused)


def test_where_qr_codes_were_not_granted_buyers_get_the_page(talk: Talk) -> None:
    talk.account = account(desktop="qr")
    talk.bank.ill("unsigned", on="precreate")

    answer = talk.start()

    assert isinstance(answer, Done)
    assert answer.value.way is Way.GO
    assert "alipay.trade.page.pay" in answer.value.page


def test_a_subject_holds_no_mark_that_parts_fields(talk: Talk) -> None:
    answer = talk.start(subject="Card & total_amount=0.01\n/x" + "长" * 300)
    assert isinstance(answer, Done)
    subject = json.loads(dict(parse_qsl(urlsplit(answer.value.page).query))["biz_content"])["subject"]

    assert subject.startswith("Card total_amount 0.01 x长")
    assert len(subject) == 256


def test_a_page_leads_to_addresses_that_the_policy_names() -> None:
    live, sandbox, simulated = account(), account(environment="sandbox"), Alipay("http://127.0.0.1:8002")

    assert Alipay().origins(live) == ("https://openapi.alipay.com", "https://*.alipay.com")
    assert Alipay().origins(sandbox) == ("https://openapi-sandbox.dl.alipaydev.com", "https://*.alipaydev.com")
    assert simulated.origins(live) == ("http://127.0.0.1:8002",)
    assert [Alipay().is_test(live), Alipay().is_test(sandbox), simulated.is_test(live)] == [False, True, True]


def test_certificates_are_named_in_every_question_and_in_its_answer(bank: Bank, client: Client) -> None:
    talk = Talk(bank, client, mode="cert")
    told = talk.pay()

    assert talk.query() == Done(Paid(told))
    assert talk.refund() == Done("R1")
    assert dict(parse_qsl(urlsplit(talk.page(Scene.MOBILE)).query))["app_cert_sn"] == signing.number(keys().app_cert)


def test_an_answer_under_another_certificate_of_alipays_is_not_believed(bank: Bank, client: Client) -> None:
    talk = Talk(bank, client, mode="cert")
    other = Keys.make()
    talk.account = replace(talk.account, keys={**talk.account.keys, "alipay_cert": Secret(other.alipay_cert)})

    assert talk.query() == Temporary("answer not believed: signed under another certificate of Alipay")


# Query and close -------------------------------------------------------------------------------------------------


def test_before_anybody_scanned_or_signed_in_alipay_knows_no_trade_and_that_is_no_failure(talk: Talk) -> None:
    assert talk.query() == Done(Unpaid())
    page = talk.page()
    assert talk.query() == Done(Unpaid())

    talk.bank.press(page, "enter")

    assert talk.query() == Done(Unpaid())
    assert talk.bank.trade(NUMBER).status == "WAIT_BUYER_PAY"


def test_a_trade_that_finished_was_paid(talk: Talk) -> None:
    told = talk.pay()
    talk.bank.gateway.finish(NUMBER)

    assert talk.query() == Done(Paid(told))


def test_a_trade_whose_money_went_back_whole_pays_nothing(talk: Talk) -> None:
    talk.pay()
    assert isinstance(talk.refund(), Done)

    assert talk.bank.trade(NUMBER).status == "TRADE_CLOSED"
    assert talk.query() == Done(Closed())


def test_a_trade_of_which_a_part_went_back_was_paid_all_the_same(talk: Talk) -> None:
    told = talk.pay()
    assert isinstance(talk.refund(100), Done)

    assert talk.query() == Done(Paid(told))


def test_a_waiting_trade_is_closed_for_good(talk: Talk) -> None:
    page = talk.page()
    talk.bank.press(page, "enter")

    assert talk.close() == talk.close() == talk.query() == Done(Closed())
    assert "TRADE_HAS_CLOSE" in talk.bank.press(page).get_data(as_text=True)


def test_closing_what_alipay_never_saw_is_no_failure(talk: Talk) -> None:
    assert talk.close() == Done(Closed())


def test_closing_what_was_paid_tells_of_the_payment(talk: Talk) -> None:
    told = talk.pay()

    assert talk.close() == Done(Paid(told))


def test_a_trade_ends_at_the_moment_we_wrote_on_it(bank: Bank, talk: Talk) -> None:
    page = talk.page()
    bank.press(page, "enter")
    later = clock.now() + timedelta(minutes=16)
    with clock.running(lambda: later):
        assert bank.press(page).status_code == 400
        assert talk.query() == Done(Closed())


def test_an_answer_about_another_trade_says_nothing(talk: Talk) -> None:
    talk.pay()
    talk.bank.ill("twisted")

    assert talk.query() == Temporary("answer not believed: an answer to another question")
    assert isinstance(talk.refund(), Unknown)
    assert isinstance(talk.refund_query(), Temporary)
