"""Accounts at SMS services: what can be entered, what a self-test finds, and how receipts are read."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.kit import clock
from app.kit.effects import Done
from app.kit.party import Account, BadAccount, Forged, Wire
from app.kit.secret import Secret
from app.messages.providers import Template, sms, tencent
from simulators.sms.keys import ALIYUN, TENCENT
from tests.messages.sms_side import CODE, READY, Side, message, served


@pytest.fixture(params=[ALIYUN, TENCENT])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    with served(request.param) as side:
        yield side


def test_a_receipt_is_read_as_the_service_writes_it(side: Side) -> None:
    sent = message()
    answer = side.send(sent)
    side.end_all()
    body = side.service.tellers[side.vendor].receipt(side.taken[0])

    (receipt,) = side.party.receipts(Wire({}, body), side.account, clock.now())

    assert isinstance(answer, Done)
    assert (receipt.number, receipt.arrived) == (answer.value.number, True)


@pytest.mark.parametrize("body", [b"", b"{}", b'"x"', b"[1]", b"\xff", b"[{]"])
def test_what_is_no_receipt_is_told_apart(side: Side, body: bytes) -> None:
    with pytest.raises(Forged):
        side.party.receipts(Wire({}, body), side.account, clock.now())


def test_a_receipt_without_a_number_is_about_nothing(side: Side) -> None:
    assert (
        list(side.party.receipts(Wire({}, b'[{"success":true,"report_status":"SUCCESS"}]'), side.account, clock.now()))
        == []
    )


def test_a_self_test_sends_nothing_and_tells_what_is_wrong(side: Side) -> None:
    well = side.party.probe(side.account, side.client)
    bad_key = replace(side.account, keys={name: Secret("wrong") for name in side.account.keys})
    ill = side.party.probe(bad_key, side.client)

    assert isinstance(well, Done)
    assert isinstance(ill, Done)
    assert all(finding.well for finding in well.value)
    assert [(finding.name, finding.well, finding.message) for finding in ill.value] == [("keys", False, sms.KEY)]
    assert side.taken == []


def test_an_account_that_cannot_work_is_refused_by_field(side: Side) -> None:
    good = side.account
    side.party.check(good)
    for wrong, name in (
        (replace(good, number="汉字"), side.party.numbered_by),
        (replace(good, settings={**good.settings, "sign_name": "【秒发】"}), "sign_name"),
    ):
        with pytest.raises(BadAccount) as told:
            side.party.check(wrong)
        assert told.value.field == name


@pytest.mark.parametrize("code", ["", "1002; x", "https://x"])
def test_a_text_has_the_number_that_it_has_there(side: Side, code: str) -> None:
    side.party.check_template(READY[side.vendor])
    side.party.check_template(CODE[side.vendor])
    with pytest.raises(BadAccount):
        side.party.check_template(Template(code))


def test_tencents_variables_are_numbered_as_they_stand() -> None:
    with pytest.raises(BadAccount, match="1, 2, 3"):
        tencent.Tencent().check_template(Template("2001", (("code", "digits"),)))


def test_a_shorter_limit_of_the_console_is_kept() -> None:
    with served(TENCENT) as side:
        account = Account(side.account.number, {**side.account.settings, "longest": "6"}, side.account.keys)
        template = Template("2002", (("1", "title"),))
        assert isinstance(side.send(message(title="一二三四五六七八"), template, account), Done)
        assert "一二三四五…" in side.taken[0].said
