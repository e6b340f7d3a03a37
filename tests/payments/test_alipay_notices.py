"""What Alipay says by itself, and what of it is believed; its answers by the field's own vectors."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.kit import http
from app.kit.secret import Secret
from app.payments.providers import (
    Account,
    Forged,
    Hint,
    Told,
    Wire,
)
from app.payments.providers.alipay import line, notices
from tests.payments import alipay, alipay_talk
from tests.payments.alipay import APP_ID, SELLER, account, form, keys
from tests.payments.alipay_talk import DUE, NUMBER

bank, client, talk = alipay.bank, alipay.client, alipay_talk.talk


VECTORS = json.loads((Path(__file__).parent / "vectors" / "vectors.json").read_text())
VECTOR_KEY = (Path(__file__).parent / "vectors" / "vectors_public_key.pem").read_text()
CASE = Account(
    "2014072300007148", {"seller_id": "2088101106499364"}, {"alipay_public_key": Secret(VECTOR_KEY)}
)  # of the vectors


def read(body: bytes, with_account: Account | None = None) -> Told | Hint:
    return notices.read(Wire({}, body), with_account or account())


def payment(**changes: str) -> dict[str, str]:
    """Return what a notice of a payment says."""
    return {
        "app_id": APP_ID,
        "auth_app_id": APP_ID,
        "charset": "utf-8",
        "notify_id": "ac05099524730693a8b330c5ecf72da978",
        "notify_time": "2026-01-02 03:04:10",
        "notify_type": "trade_status_sync",
        "out_trade_no": NUMBER,
        "seller_id": SELLER,
        "subject": "充值卡",
        "total_amount": "19.90",
        "trade_no": "2026010222001000000000000001",
        "trade_status": "TRADE_SUCCESS",
        "version": "1.0",
    } | changes


# The vectors -----------------------------------------------------------------------------------------------------


def test_the_text_of_a_request_is_that_of_the_vector() -> None:
    vector = VECTORS["alipay_request"]

    assert line.canonical(vector["params"] | {"empty": ""}) == vector["message"]


def test_the_notice_of_the_vector_is_believed_and_a_cent_less_is_not() -> None:
    vector = VECTORS["alipay_notify"]
    body = urlencode(vector["params"] | {"sign": vector["rsa_sha256_b64"]}).encode()

    assert read(body, CASE) == Told(NUMBER, "2026010222001000000000000001", CASE.number, DUE)
    with pytest.raises(Forged, match="wrong signature"):
        read(body.replace(b"19.90", b"19.89"), CASE)


def test_the_answer_of_the_vector_is_believed_as_it_stands_and_not_made_anew() -> None:
    vector = VECTORS["alipay_sync_response"]
    said, sign = vector["message"], vector["rsa_sha256_b64"]
    whole = f'{{"alipay_trade_query_response": {said} ,"sign":"{sign}"}}'
    spaced = f'{{"alipay_trade_query_response":{said.replace(":", ": ")},"sign":"{sign}"}}'

    assert line.believed(http.Response(200, {}, whole.encode()), "alipay.trade.query", CASE).code == "10000"
    with pytest.raises(Forged, match="wrong signature"):
        line.believed(http.Response(200, {}, spaced.encode()), "alipay.trade.query", CASE)


# Notices ---------------------------------------------------------------------------------------------------------


def test_every_field_takes_part_in_the_signature_unknown_ones_too() -> None:
    known = payment(something_new="新")

    assert isinstance(read(form(known)), Told)
    with pytest.raises(Forged, match="wrong signature"):
        read(form(known) + b"&another=1")


@pytest.mark.parametrize("signed_with_it", [True, False])
def test_an_empty_field_does_no_harm_signed_or_not(signed_with_it: bool) -> None:
    body = form(payment(gmt_refund="")) if signed_with_it else form(payment()) + b"&gmt_refund="

    assert isinstance(read(body), Told)


@pytest.mark.parametrize("status", ["TRADE_SUCCESS", "TRADE_FINISHED"])
def test_what_was_paid_is_paid_whether_or_not_it_can_still_go_back(status: str) -> None:
    assert isinstance(read(form(payment(trade_status=status))), Told)


@pytest.mark.parametrize("status", ["TRADE_CLOSED", "WAIT_BUYER_PAY", ""])
def test_no_other_state_of_a_trade_is_a_payment(status: str) -> None:
    assert read(form(payment(trade_status=status))) == Hint(NUMBER)


@pytest.mark.parametrize(
    "marks",
    [
        {"refund_fee": "5.00", "gmt_refund": "2026-01-02 03:04:05.123", "out_biz_no": "R1"},
        {"refund_fee": "5.00"},
        {"gmt_refund": "2026-01-02 03:04:05.123"},
    ],
)
def test_a_notice_of_a_refund_still_says_success_and_pays_nothing(marks: dict[str, str]) -> None:
    assert read(form(payment(**marks))) == Hint(NUMBER, marks.get("out_biz_no", ""))


def test_a_refund_of_nothing_is_a_payment() -> None:
    assert isinstance(read(form(payment(refund_fee="0.00"))), Told)


def test_a_notice_of_another_kind_pays_nothing() -> None:
    assert read(form(payment(notify_type="dut_user_sign"))) == Hint()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"app_id": "2014072300007148"}, "another application"),
        ({"seller_id": "2088999999999999"}, "another seller"),
        ({"seller_id": ""}, "another seller"),
        ({"total_amount": "19.900"}, "not understood"),
        ({"total_amount": "1e3"}, "not understood"),
        ({"total_amount": "-19.90"}, "not understood"),
        ({"total_amount": "１９.90"}, "not understood"),
        ({"total_amount": ""}, "not understood"),
        ({"trade_no": ""}, "not understood"),
        ({"out_trade_no": "a b"}, "not understood"),
        ({"notify_type": "trade_status_sync&out_biz_no=R1"}, "hides"),
    ],
)
def test_an_authentic_notice_that_is_not_ours_or_not_whole_is_refused(changes: dict[str, str], why: str) -> None:
    said = {name: value for name, value in payment(**changes).items() if value}

    with pytest.raises(Forged, match=why):
        read(form(said))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"a=%ff",
        b"a=1&a=1",
        form(payment()).replace(b"sign_type=RSA2", b"sign_type=RSA"),
        form(payment()).partition(b"&sign=")[0] + b"&sign_type=RSA2",
        form(payment()).partition(b"&sign=")[0] + b"&sign_type=RSA2&sign=%C3%A9",
        form(payment()) + b"&total_amount=19.90",
        b"&".join(b"a%d=1" % number for number in range(200)),
    ],
)
def test_what_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(Forged):
        read(body)


def test_a_notice_is_posted_never_an_address_somebody_opens() -> None:
    body = form(payment())

    with pytest.raises(Forged, match="not posted"):
        notices.read(Wire({}, b"", body.decode(), "GET"), account())


def test_our_own_key_signs_no_notice() -> None:
    with pytest.raises(Forged, match="wrong signature"):
        read(form(payment(), key=keys().app_private))


def test_how_it_was_paid_and_who_paid_are_told() -> None:
    bills = '[{"amount":"10.00","fundChannel":"ALIPAYACCOUNT"},{"amount":"9.90","fundChannel":"POINT"}]'
    told = read(form(payment(fund_bill_list=bills, buyer_id="2088000000000001")))

    assert isinstance(told, Told)
    assert (told.detail, told.payer) == ("ALIPAYACCOUNT+POINT", "2088000000000001")
    for nonsense in ("[", "{}", "[1]", "[" * 5000):
        assert isinstance(read(form(payment(fund_bill_list=nonsense))), Told)
