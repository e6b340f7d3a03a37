"""Closing at a site, giving back, settings, and what is kept: over HTTP against the simulator."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from app.kit.effects import Absent, Done, Refused, Temporary, Unknown
from app.kit.http import Client
from app.kit.secret import Secret
from app.payments.providers import (
    Account,
    BadAccount,
    Closed,
    Finding,
    Paid,
    Trade,
)
from app.payments.providers.epay.gateway import Epay
from simulators.epay import signing
from tests.payments.epay import KEY, Stand, account, pair
from tests.payments.epay import epay_running as epay_running
from tests.payments.epay import epay_stand as epay_stand

SITE = "https://pay.example.com"
BOTH = pytest.mark.parametrize("version", [1, 2])


# Closing ------------------------------------------------------------------------------------------------------------


def test_the_first_version_closes_only_when_the_orders_time_is_up(stand: Stand) -> None:
    stand.visit(stand.start().value.page)

    assert isinstance(stand.ask("close", stand.trade()), Temporary)
    assert stand.ask("close", stand.trade(late=True)) == Done(Closed())
    assert isinstance(stand.ask("close", replace(stand.trade(), expires_at=None)), Temporary)


@BOTH
def test_closing_a_paid_trade_tells_of_the_payment(stand: Stand, version: int) -> None:
    stand.paid(version=version)

    assert isinstance(stand.ask("close", stand.trade(late=True), version).value, Paid)


def test_the_second_version_closes_for_good(stand: Stand) -> None:
    page = stand.start(version=2).value.page
    stand.visit(page)

    assert stand.ask("close", stand.trade(), 2) == Done(Closed())
    assert stand.ask("close", stand.trade(), 2) == Done(Closed())
    assert b"\xe5\xb7\xb2\xe5\x85\xb3\xe9\x97\xad" in Client().get(page).body


@pytest.mark.parametrize("is_seen", [False, True])
def test_what_cannot_be_closed_waits_for_its_time(stand: Stand, is_seen: bool) -> None:
    stand.habit("no_close")
    if is_seen:
        stand.visit(stand.start(version=2).value.page)

    assert isinstance(stand.ask("close", stand.trade(), 2), Temporary)
    assert stand.ask("close", stand.trade(late=True), 2) == Done(Closed())


@pytest.mark.parametrize("fault", ["down", "lost_before", "lost_after"])
def test_closing_that_fails_may_have_closed(stand: Stand, fault: str) -> None:
    stand.visit(stand.start(version=2).value.page)
    stand.ill(fault, on="close")

    assert isinstance(stand.ask("close", stand.trade(late=True), 2), Unknown)


# Giving back --------------------------------------------------------------------------------------------------------


def test_the_first_version_gives_back_only_where_the_site_lets_us(stand: Stand) -> None:
    number = stand.paid()
    asked = stand.payback(trade_no=number)

    assert isinstance(stand.ask("refund", asked), Refused)
    assert stand.site.trades.kept == 1999
    assert stand.ask("refund", asked, refunds="yes") == Done("R1")
    assert stand.site.trades.kept == 0


@BOTH
def test_money_that_pays_another_order_goes_back_by_the_sites_own_number(stand: Stand, version: int) -> None:
    matched = replace(stand.payback(trade_no=stand.paid(version=version)), trade="T2")
    stand.start("T2", version=version)

    assert isinstance(stand.ask("refund", matched, version, refunds="yes"), Done)
    assert stand.site.trades.kept == 0
    if version == 1:
        stand.ill("unpaid")
    assert isinstance(stand.ask("refund_query", matched, version, refunds="yes"), Done)


@BOTH
def test_a_site_that_refuses_to_give_back_is_quoted(stand: Stand, version: int) -> None:
    stand.paid(version=version)
    stand.habit("no_refunds")

    assert stand.ask("refund", stand.payback(), version, refunds="yes") == Refused("the site says: 商户未开启退款接口")


def test_the_same_refund_twice_goes_back_once(stand: Stand) -> None:
    number = stand.paid(version=2)
    asked = stand.payback(minor=500, trade_no=number)

    first, again = stand.ask("refund", asked, 2), stand.ask("refund", asked, 2)

    assert first == again
    assert isinstance(first, Done)
    assert stand.site.trades.kept == 1499
    assert isinstance(stand.ask("refund", stand.payback(minor=600, trade_no=number), 2), Refused)  # another amount


def test_more_than_was_paid_does_not_go_back(stand: Stand) -> None:
    stand.paid(version=2)
    stand.ask("refund", stand.payback(minor=1500), 2)

    assert isinstance(stand.ask("refund", stand.payback("R2", minor=500), 2), Refused)
    assert stand.site.trades.kept == 499


def test_a_refund_that_is_accepted_is_done_when_it_arrived(stand: Stand) -> None:
    stand.paid(version=2)
    stand.habit("slow_refunds")

    assert stand.ask("refund", stand.payback(), 2) == Unknown("processing")
    assert stand.ask("refund_query", stand.payback(), 2) == Temporary("processing")
    stand.site.trades.finish_refunds()
    assert isinstance(stand.ask("refund_query", stand.payback(), 2), Done)


@pytest.mark.parametrize(("fault", "ended"), [("lost_before", Absent), ("lost_after", Done), ("down", Absent)])
def test_a_refund_that_broke_off_is_asked_about(stand: Stand, fault: str, ended: type) -> None:
    stand.paid(version=2)
    stand.ill(fault, on="/refund?", times=1)

    assert isinstance(stand.ask("refund", stand.payback(), 2), Unknown)
    assert isinstance(stand.ask("refund_query", stand.payback(), 2), ended)


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "down"])
def test_of_a_refund_of_the_first_version_that_broke_off_nobody_says_no(stand: Stand, fault: str) -> None:
    """It is never asked for again by itself: the site keeps no number of ours, so it could go back twice."""
    stand.paid()
    stand.ill(fault, on="act=refund", times=1)

    assert isinstance(stand.ask("refund", stand.payback(), refunds="yes"), Unknown)
    assert isinstance(stand.ask("refund_query", stand.payback(), refunds="yes"), Temporary)


def test_a_fork_that_calls_a_refunded_trade_unpaid_says_that_all_went_back(stand: Stand) -> None:
    stand.paid()
    stand.ill("unpaid")

    assert stand.ask("refund_query", stand.payback()) == Done("R1")
    assert isinstance(stand.ask("refund_query", stand.payback(minor=5)), Temporary)


# Settings -----------------------------------------------------------------------------------------------------------


def bad(given: Account) -> str:
    with pytest.raises(BadAccount) as refused:
        Epay("http://127.0.0.1:8005").check(given)
    return refused.value.field


@pytest.mark.parametrize(
    "url",
    [
        "http://pay.example.com",
        "http://127.0.0.1:9",
        "https://",
        "",
        "https://127.0.0.1",
        "https://10.0.0.1/",
        "https://localhost",
        "https://pay.example.com/submit.php",
        "https://a@pay.example.com",
        "https://pay.example.com/?a=1",
    ],
)
def test_the_key_travels_by_tls_to_public_places_only(url: str) -> None:
    given = account(url)

    assert bad(given) == "url"
    if not url.startswith("https"):
        answer = Epay().query(Trade("T1"), given, Client())
        assert isinstance(answer, Temporary)


def test_what_is_right_is_taken() -> None:
    for given in (account(SITE), account(SITE + "/pay/", 2), account("http://127.0.0.1:8005")):
        Epay("http://127.0.0.1:8005").check(given)
    assert [Epay("http://127.0.0.1:8005").is_test(account(url)) for url in (SITE, "http://127.0.0.1:8005")] == [
        False,
        True,
    ]


def test_keys_that_cannot_work_are_named() -> None:
    mine, theirs = pair()

    def keys(private: str, platform: str) -> Account:
        return replace(account(SITE, 2), keys={"private_key": Secret(private), "platform_key": Secret(platform)})

    assert bad(replace(account(SITE), keys={})) == "key"
    assert bad(replace(account(SITE), keys={"key": Secret(mine)})) == "key"
    assert bad(keys("", signing.public(theirs))) == "private_key"
    assert bad(keys(mine, "")) == "platform_key"
    assert bad(keys("x", signing.public(theirs))) == "private_key"
    assert bad(keys(mine, theirs)) == "platform_key"
    assert bad(keys(mine, signing.public(mine))) == "platform_key"  # the merchant's own, a common slip


@pytest.mark.parametrize(
    ("name", "value"),
    [("goods", "a&b"), ("goods", "a=b"), ("types", "alipay;"), ("version", "3"), ("letters", "x"), ("joint", "x")],
)
def test_a_setting_that_would_break_what_is_signed_is_refused(name: str, value: str) -> None:
    given = account(SITE)

    assert bad(replace(given, settings={**given.settings, name: value})) == name


def test_a_qr_code_needs_one_way_to_pay() -> None:
    assert bad(account(SITE, types="alipay,wxpay", desktop="scan")) == "types"
    assert bad(replace(account(SITE), number="10 01")) == "pid"


@BOTH
def test_a_self_test_of_an_account_that_works(stand: Stand, version: int) -> None:
    answer = stand.gateway.probe(account(stand.url, version), Client())

    assert isinstance(answer, Done)
    assert all(finding.well for finding in answer.value)


def test_a_self_test_says_what_is_wrong(stand: Stand) -> None:
    def found(given: Account) -> Finding:
        answer = stand.gateway.probe(given, Client())
        assert isinstance(answer, Done)
        finding: Finding = answer.value[0]
        return finding

    mine, theirs = pair()
    wrong = replace(account(stand.url), keys={"key": Secret("wrong")})
    swapped = {"private_key": Secret(theirs), "platform_key": Secret(signing.public(theirs))}
    other = {"private_key": Secret(mine), "platform_key": Secret(signing.public(mine))}

    assert (found(wrong).name, "商户密钥错误" in found(wrong).message, bool(found(wrong).mend)) == ("keys", True, True)
    assert found(replace(account(stand.url, 2), keys=swapped)).name == "keys"
    assert found(replace(account(stand.url, 2), keys=other)).message == "wrong signature"
    stand.ill("old_answer", times=1)
    assert found(account(stand.url, 2)).name == "clock"
    stand.ill("down")
    assert isinstance(stand.gateway.probe(account(stand.url), Client()), Temporary)


# Secrets ------------------------------------------------------------------------------------------------------------


def test_the_key_in_the_address_is_in_no_log(stand: Stand, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    stand.paid()
    with caplog.at_level(logging.DEBUG):
        stand.ask("query", stand.trade())
        stand.ill("down")
        stand.ask("query", stand.trade())
        stand.gateway.query(stand.trade(), account("https://nowhere.invalid"), Client(timeout=1))
    written = capsys.readouterr()

    assert any(KEY in asked for asked in stand.asked)
    assert KEY not in caplog.text + written.out + written.err
