"""Aliyun and Tencent Cloud carry texts: their signatures, their codes, and what an SMS may hold."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.kit import clock
from app.kit.effects import Absent, Done, Refused, Temporary, Unknown
from app.kit.secret import Secret
from app.messages.providers import Carried, Later, OutOfOrder, Receipt, aliyun, sms, tencent
from app.messages.providers.signing import Sent, acs3, digest, query_of, tc3
from simulators.sms.keys import ALIYUN, TENCENT
from tests.messages.sms_side import PHONE, READY, Side, message, served


@pytest.fixture(params=[ALIYUN, TENCENT])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with served(request.param) as side:
        yield side


# Signatures ------------------------------------------------------------------------------------------------------


def test_aliyuns_published_example_is_signed_as_published() -> None:
    heads = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": digest(b""),
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    image = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}

    signed = acs3(Sent(heads, query_of(image)), "YourAccessKeyId", Secret("YourAccessKeySecret"))

    assert signed.endswith("Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")
    assert (
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version" in signed
    )


def test_tencents_published_example_is_signed_as_published() -> None:
    heads = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    sent = Sent(heads, body=body)

    signed = tc3(
        sent,
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        Secret("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"),
        service="cvm",
        at=datetime.fromtimestamp(1551113065, UTC),
    )

    assert digest(sent.canonical.encode()) == "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    assert signed.endswith("Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168")


# Sending ---------------------------------------------------------------------------------------------------------


def test_a_text_is_taken_and_has_a_number(side: Side) -> None:
    sent = message()

    answer = side.send(sent)

    (taken,) = side.taken
    assert isinstance(answer, Done)
    assert isinstance(answer.value, Carried)
    assert answer.value.number == (sent.key.hex if side.vendor == ALIYUN else f"2:{taken.number}")
    assert taken.said == "【秒发演示】您尾号42AB的订单已完成，请到网站查看。"
    assert taken.ours == sent.key.hex


@pytest.mark.parametrize(
    "number", ["13912345678", "+8613912345678", "8613912345678", "139 1234 5678", "008613912345678"]
)
def test_a_mainland_number_may_be_written_with_its_country_or_without(side: Side, number: str) -> None:
    assert isinstance(side.send(message(to=number)), Done)
    assert side.taken[0].phone == ("13912345678" if side.vendor == ALIYUN else PHONE)


def test_a_number_abroad_has_its_country(side: Side) -> None:
    assert isinstance(side.send(message(to="+852 6123 4567")), Done)
    assert side.taken[0].phone.removeprefix("+") == "85261234567"


@pytest.mark.parametrize("number", ["", "dora@example.com", "12345", "+86139", "+0123456789", "6123 4567"])
def test_what_is_no_number_is_refused_before_anybody_is_asked(side: Side, number: str) -> None:
    assert side.send(message(to=number)) == Refused(sms.NUMBER_ILLEGAL)
    assert side.taken == []


@pytest.mark.parametrize(
    "value",
    [
        "https://shop.example/r/abc",
        "shop.example.com/r/abc",
        "www.shop.cn",
        "HTTP://x",
        "10.0.0.1",
        "看shop.top",
        "商城.中国",
    ],
)
def test_no_text_ever_holds_a_link(side: Side, value: str) -> None:
    answer = side.send(message(number=value))

    assert isinstance(answer, Refused)
    assert "looks like a link" in answer.reason
    assert side.taken == []


@pytest.mark.parametrize("value", ["19.90", "2026-11-23 18:00", "1.充值卡", "No.8", "Pro 2.0", "U.S. card"])
def test_what_only_has_dots_is_no_link(side: Side, value: str) -> None:
    assert sms.LINK.search(value) is None


def test_a_code_by_sms_is_digits_and_at_most_six(side: Side) -> None:
    for wrong in ("ABC123", "1234567", "123", "12 34", "１２３４"):
        assert isinstance(side.send(message("code", digits=wrong)), Refused), wrong
    assert side.taken == []
    assert isinstance(side.send(message("code")), Done)


def test_what_is_too_long_is_cut_and_what_is_missing_is_refused(side: Side) -> None:
    template = replace(READY[side.vendor], variables=((READY[side.vendor].variables[0][0], "title"),))

    assert isinstance(side.send(message(title="游戏点卡【豪华版】\n" * 20), template), Done)
    assert isinstance(side.send(message(title=" "), template), Refused)

    (taken,) = side.taken
    assert "豪华版 " in taken.said or "豪华版…" in taken.said
    assert taken.said.count("【") == 1, "only the signature has brackets"


def test_a_template_can_ask_for_nothing_but_our_variables(side: Side) -> None:
    template = replace(READY[side.vendor], variables=((READY[side.vendor].variables[0][0], "code"),))

    assert side.send(message(code="ABCD-EFGH-IJKL"), template) == Refused("a value is missing: code")


# When it fails ---------------------------------------------------------------------------------------------------


def test_what_may_have_been_taken_is_unknown_and_found_by_asking(side: Side) -> None:
    side.cause("lost", on="send", times=1)
    sent = message()

    assert isinstance(side.send(sent), Unknown)

    assert len(side.taken) == 1
    side.end_all()
    answer = side.query(sent)
    assert isinstance(answer, Done)
    assert isinstance(answer.value, Receipt)
    assert answer.value.arrived


def test_what_was_never_taken_is_not_said_to_be_absent_too_early(side: Side) -> None:
    side.cause("dropped", on="send", times=1)
    sent, now = message(), clock.now()
    assert isinstance(side.send(sent), Unknown)

    assert isinstance(side.query(sent), Temporary)
    with clock.running(lambda: now + timedelta(seconds=61)):
        later = side.query(sent)

    # Tencent Cloud tells only of what has ended: what it does not list may still come.
    assert isinstance(later, Absent if side.vendor == ALIYUN else Temporary)


def test_a_message_under_way_is_no_failure(side: Side) -> None:
    sent = message()
    side.send(sent)

    answer = side.query(sent)

    assert isinstance(answer, Done if side.vendor == ALIYUN else Temporary)
    if isinstance(answer, Done):
        assert isinstance(answer.value, Carried)


def test_a_number_that_is_switched_off_ends_as_not_arrived(side: Side) -> None:
    sent = message(to="+8613912340000")
    side.send(sent)
    side.end_all()

    answer = side.query(sent)

    assert isinstance(answer, Done)
    assert not answer.value.arrived
    assert answer.value.reason


def test_a_service_that_fails_says_so_by_kind(side: Side) -> None:
    side.cause("down", on="send", times=1)
    assert isinstance(side.send(), Unknown)
    side.cause("throttled", on="send", times=1)
    assert isinstance(side.send(), Later)
    side.cause("poor", on="send", times=1)
    answer = side.send()
    assert isinstance(answer, OutOfOrder)
    assert answer.reason.startswith(sms.MONEY)
    assert side.taken == []


def test_a_service_that_cannot_be_reached_rests_for_a_while(side: Side) -> None:
    side.party.address = "http://127.0.0.1:9"

    assert isinstance(side.send(), Later)


def test_one_number_gets_so_many_codes_and_nobody_else_waits_for_it(side: Side) -> None:
    assert isinstance(side.send(message("code")), Done)

    answer = side.send(message("code"))

    assert type(answer) is Temporary, "not Later: the carrier itself is well"
    assert isinstance(side.send(message("code", to="+8613912345679")), Done)


def test_more_codes_than_an_hour_takes_are_refused(side: Side) -> None:
    start = clock.now()
    for minute in range(6):
        at = start + timedelta(minutes=minute * 2)
        side.service.clock = at.timestamp
        with clock.running(lambda at=at: at):  # type: ignore[misc]
            answer = side.send(message("code"))

    assert isinstance(answer, Refused)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("sign_name", "别的", sms.SIGNATURE), ("key", "wrong", sms.KEY), ("id", "wrong", sms.KEY)],
)
def test_what_is_wrong_with_the_account_is_told_as_such(side: Side, name: str, value: str, sentence: str) -> None:
    account = side.account
    match side.vendor, name:
        case _, "sign_name":
            wrong = replace(account, settings={**account.settings, "sign_name": value})
        case _, "key":
            wrong = replace(account, keys={key: Secret(value) for key in account.keys})
        case "aliyun", _:
            wrong = replace(account, number=value)
        case _:
            wrong = replace(account, settings={**account.settings, "secret_id": value})

    answer = side.send(account=wrong)

    assert isinstance(answer, OutOfOrder)
    assert answer.reason.partition(" · ")[0] == sentence
    assert side.taken == []


def test_a_clock_that_is_wrong_is_told_as_such(side: Side) -> None:
    with clock.running(lambda: datetime.now(UTC) - timedelta(hours=1)):
        answer = side.send()

    assert isinstance(answer, OutOfOrder)
    assert answer.reason.startswith(sms.CLOCK)


# Every code of the facts -----------------------------------------------------------------------------------------

ALIYUNS: list[tuple[str, str, int, type[Any]]] = [
    ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", 200, Temporary),
    ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", 200, Refused),
    ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", 200, Refused),
    ("isp.SYSTEM_ERROR", "", 200, Unknown),
    ("Throttling", "", 400, Later),
    ("Throttling.User", "", 400, Later),
    ("ServiceUnavailable", "", 503, Unknown),
    ("", "", 502, Unknown),
    ("isv.SMS_SIGNATURE_ILLEGAL", "", 200, OutOfOrder),
    ("isv.SMS_TEMPLATE_ILLEGAL", "", 200, Refused),
    ("isv.TEMPLATE_MISSING_PARAMETERS", "", 200, Refused),
    ("isv.INVALID_PARAMETERS", "", 200, Refused),
    ("isv.PARAM_LENGTH_LIMIT", "", 200, Refused),
    ("isv.PARAM_NOT_SUPPORT_URL", "", 200, Refused),
    ("isv.BLACK_KEY_CONTROL_LIMIT", "", 200, Refused),
    ("isv.MOBILE_NUMBER_ILLEGAL", "", 200, Refused),
    ("isv.AMOUNT_NOT_ENOUGH", "", 200, OutOfOrder),
    ("isv.OUT_OF_SERVICE", "", 200, OutOfOrder),
    ("isv.DAY_LIMIT_CONTROL", "", 200, OutOfOrder),
    ("isp.RAM_PERMISSION_DENY", "", 200, OutOfOrder),
    ("isv.DENY_IP_RANGE", "", 200, OutOfOrder),
    ("InvalidAccessKeyId.NotFound", "", 404, OutOfOrder),
    ("SignatureDoesNotMatch", "", 400, OutOfOrder),
    ("InvalidTimeStamp.Expired", "", 400, OutOfOrder),
    ("isv.SOMETHING_NEW", "", 200, Refused),
]
TENCENTS: list[tuple[str, type[Any]]] = [
    ("InternalError.Timeout", Unknown),
    ("InternalError.OtherError", Temporary),
    ("RequestLimitExceeded", Later),
    ("LimitExceeded.PhoneNumberThirtySecondLimit", Temporary),
    ("LimitExceeded.DeliveryFrequencyLimit", Temporary),
    ("LimitExceeded.PhoneNumberOneHourLimit", Refused),
    ("LimitExceeded.PhoneNumberDailyLimit", Refused),
    ("LimitExceeded.PhoneNumberSameContentDailyLimit", Refused),
    ("FailedOperation.SignatureIncorrectOrUnapproved", OutOfOrder),
    ("FailedOperation.TemplateIncorrectOrUnapproved", Refused),
    ("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", Refused),
    ("FailedOperation.ContainSensitiveWord", Refused),
    ("FailedOperation.PhoneNumberInBlacklist", Refused),
    ("InvalidParameterValue.IncorrectPhoneNumber", Refused),
    ("FailedOperation.InsufficientBalanceInSmsPackage", OutOfOrder),
    ("AuthFailure.SignatureExpire", OutOfOrder),
    ("AuthFailure.SecretIdNotFound", OutOfOrder),
    ("UnauthorizedOperation.RequestIpNotInWhitelist", OutOfOrder),
    ("", Unknown),
]


@pytest.mark.parametrize(("code", "words", "status", "kind"), ALIYUNS)
def test_each_code_of_aliyun_means_one_thing(code: str, words: str, status: int, kind: type[object]) -> None:
    assert type(aliyun.judged(code, words, status)) is kind


@pytest.mark.parametrize(("code", "kind"), TENCENTS)
def test_each_code_of_tencent_means_one_thing(code: str, kind: type[object]) -> None:
    assert type(tencent.judged(code)) is kind
