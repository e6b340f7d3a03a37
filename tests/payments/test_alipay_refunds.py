"""Money that goes back through Alipay, and an Alipay that is not well."""

from dataclasses import replace

import pytest

from app.kit import http
from app.kit.effects import Absent, Done, Refused, Temporary, Unknown
from app.kit.secret import Secret
from app.payments.providers import (
    Closed,
    Forged,
)
from app.payments.providers.alipay import Alipay, line
from simulators.alipay import keys as signing
from simulators.alipay.keys import Keys
from simulators.alipay.wire import no
from tests.payments import alipay, alipay_talk
from tests.payments.alipay import account, keys
from tests.payments.alipay_talk import NUMBER, Talk
from tests.payments.gate import reachable

bank, client, talk = alipay.bank, alipay.client, alipay_talk.talk


# Refunds ---------------------------------------------------------------------------------------------------------


def test_money_goes_back_once_however_often_it_is_asked(talk: Talk) -> None:
    talk.pay()
    assert talk.refund_query() == Absent()

    answers = [talk.refund() for _ in range(3)] + [talk.refund_query()]

    assert answers == [Done("R1")] * 4
    assert talk.bank.trade(NUMBER).refunded == 1990


def test_money_that_pays_another_order_goes_back_by_alipays_own_number(talk: Talk) -> None:
    talk.pay()
    matched = replace(talk.payback(), trade="0" * 26)

    assert talk.gateway.refund(matched, talk.account, talk.http) == Done("R1")
    assert talk.gateway.refund_query(matched, talk.account, talk.http) == Done("R1")
    assert talk.bank.trade(NUMBER).refunded == 1990


def test_parts_go_back_under_numbers_of_their_own_and_never_more_than_was_paid(talk: Talk) -> None:
    talk.pay()

    assert [talk.refund(1000, "R1"), talk.refund(990, "R2")] == [Done("R1"), Done("R2")]
    assert isinstance(answer := talk.refund(1, "R3"), Refused)
    assert "ACQ." in answer.reason


def test_more_than_is_left_is_refused_in_alipays_words(talk: Talk) -> None:
    talk.pay()
    talk.refund(1000, "R1")

    assert talk.refund(991, "R2") == Refused("40004 ACQ.REASON_TRADE_REFUND_FEE_ERR: 退款金额超过可退金额")


def test_one_number_is_one_amount(talk: Talk) -> None:
    talk.pay()
    talk.refund(1000)

    assert talk.refund(990) == Refused("the number was used for another payback")
    assert talk.refund_query(990) == Refused("the number was used for another payback")


def test_a_yes_by_which_nothing_moved_is_asked_about(talk: Talk) -> None:
    """A code 10000 with fund_change N says nothing by itself."""
    talk.pay()
    talk.bank.ill("lost", on="refund", times=1)
    assert isinstance(talk.refund(), Unknown)

    assert talk.refund() == Done("R1")
    talk.bank.ill("dropped", on="refund_query")
    assert talk.refund() == Unknown("processing")


def test_a_seller_without_money_is_told_and_may_try_again_under_the_same_number(talk: Talk) -> None:
    talk.pay()
    talk.bank.ill("poor", times=1)

    assert talk.refund() == Refused("40004 ACQ.SELLER_BALANCE_NOT_ENOUGH: 卖家余额不足")
    assert talk.refund() == Done("R1")


def test_a_refusal_after_the_money_went_back_is_no_refusal(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    talk.pay()
    talk.refund()

    def refuse(*_: object) -> bool:
        raise no("TRADE_HAS_CLOSE", "交易已关闭")

    monkeypatch.setattr(talk.bank.gateway, "_move_back", refuse)

    assert talk.refund() == Done("R1")
    assert talk.refund(number="R2") == Refused("40004 ACQ.TRADE_HAS_CLOSE: 交易已关闭")


# An ill gateway --------------------------------------------------------------------------------------------------

ASKS = ("query", "refund_query")
TELLS = ("refund", "close")


@pytest.mark.parametrize("fault", ["down", "dropped", "busy"])
@pytest.mark.parametrize("name", ASKS + TELLS)
def test_what_did_not_happen_is_asked_again(talk: Talk, name: str, fault: str) -> None:
    prepare(talk, name)
    talk.bank.ill(fault, on=name)

    answer = getattr(talk, name)()

    assert isinstance(answer, Temporary if name in ASKS else Unknown)
    assert talk.bank.trade(NUMBER).refunded == 0


@pytest.mark.parametrize("fault", ["lost", "slow"])
@pytest.mark.parametrize("name", ASKS + TELLS)
def test_what_may_have_happened_is_not_said_to_have_failed(talk: Talk, name: str, fault: str) -> None:
    prepare(talk, name)
    talk.bank.ill(fault, on=name, times=1, seconds=2)

    answer = getattr(talk, name)()

    assert isinstance(answer, Temporary if name in ASKS else Unknown)
    talk.bank.well()
    if name == "refund":
        assert talk.refund_query() == Done("R1")
    if name == "close":
        assert talk.query() == Done(Closed())


@pytest.mark.parametrize("name", ASKS + TELLS)
def test_an_answer_that_alipay_did_not_sign_says_nothing(talk: Talk, name: str) -> None:
    prepare(talk, name)
    talk.bank.ill("forged", on=name)

    answer = getattr(talk, name)()

    assert answer == (Temporary if name in ASKS else Unknown)("answer not believed: wrong signature")


def prepare(talk: Talk, name: str) -> None:
    """Bring about what a question can be asked about."""
    if name == "close":
        talk.bank.press(talk.page(), "enter")
    else:
        talk.pay()


def test_a_gateway_that_cannot_be_reached_did_nothing(talk: Talk) -> None:
    talk.pay()
    talk.gateway = Alipay("http://127.0.0.1:1")
    with reachable("http://127.0.0.1:1"):
        assert isinstance(talk.refund(), Temporary)


def test_a_wrong_private_key_is_said_in_words_and_moves_nothing(talk: Talk) -> None:
    talk.pay()
    talk.account = replace(talk.account, keys={**talk.account.keys, "private_key": Secret(Keys.make().app_private)})

    assert isinstance(talk.refund(), Refused)
    assert isinstance(talk.query(), Temporary)
    assert isinstance(talk.close(), Temporary)
    assert talk.bank.trade(NUMBER).refunded == 0
    assert "Alipay does not know our signature." in talk.probe()["keys"].message


def test_an_application_alipay_does_not_know_is_refused_without_a_signature(talk: Talk) -> None:
    talk.pay()
    talk.account = replace(talk.account, number="2014072300007148")

    assert talk.query() == Temporary("40002 isv.invalid-app-id: 无效的AppID参数")
    assert isinstance(talk.refund(), Refused)
    assert talk.probe()["keys"].message == "Alipay knows no application of this number."


def test_a_yes_without_a_signature_is_no_yes() -> None:
    body = '{"alipay_trade_refund_response":{"code":"10000","fund_change":"Y"}}'

    with pytest.raises(Forged):
        line.believed(http.Response(200, {}, body.encode()), "alipay.trade.refund", account())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b'{"sign":"x"}',
        b"\xff",
        b'{"alipay_trade_query_response":' + b"[" * 200_000,
        b'{"alipay_trade_query_response":{},"alipay_trade_query_response":{},"sign":""}',
        b'{"alipay_trade_query_response":{"code":10000},"sign":3}',
    ],
)
def test_what_is_no_answer_is_not_believed(body: bytes) -> None:
    with pytest.raises(Forged):
        line.believed(http.Response(200, {}, body), "alipay.trade.query", account())


def test_braces_and_quotes_in_a_text_do_not_end_the_signed_part() -> None:
    inner = r'{"code":"10000","subject":"a }\" {{ \\"}'
    sign = signing.sign(keys().alipay_private, inner.encode())
    body = f'{{"sign":"{sign}","alipay_trade_query_response":{inner}}}'

    said = line.believed(http.Response(200, {}, body.encode()), "alipay.trade.query", account())

    assert said.text("subject") == 'a }" {{ \\'
