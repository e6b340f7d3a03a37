"""Starting payments at a site and asking about them: over HTTP against the simulator."""

from dataclasses import replace

import pytest

from app.kit.effects import Done, Temporary
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import (
    Forged,
    Paid,
    Scene,
    Unpaid,
    Way,
)
from app.payments.providers.epay.gateway import Epay
from app.payments.providers.epay.site import answer_of, knows_nothing, read_money
from tests.payments.epay import PID, Stand, account, pair, query_of
from tests.payments.epay import epay_running as epay_running
from tests.payments.epay import epay_stand as epay_stand

SITE = "https://pay.example.com"
BOTH = pytest.mark.parametrize("version", [1, 2])


# Starting -----------------------------------------------------------------------------------------------------------


@BOTH
def test_the_site_takes_our_page(stand: Stand, version: int) -> None:
    opened = stand.start(version=version)
    assert (opened.value.way, opened.value.page.startswith(stand.url)) == (Way.GO, True)

    stand.visit(opened.value.page)
    stand.visit(opened.value.page)  # the same trade again

    assert stand.site.trades.find(out_trade_no="T1").fen == 1999  # type: ignore[union-attr]


@BOTH
def test_a_computer_is_shown_a_qr_code_where_the_shop_wants_it(stand: Stand, version: int) -> None:
    opened = stand.start(version=version, desktop="scan")

    assert (opened.value.way, "/pay/" in opened.value.page) == (Way.SCAN, True)


@BOTH
def test_a_site_without_a_qr_code_is_gone_to(stand: Stand, version: int) -> None:
    stand.habit("jump")

    assert stand.start(version=version, desktop="scan").value.way is Way.GO


@BOTH
@pytest.mark.parametrize(("fault", "answer"), [("down", Temporary), ("lost_before", Temporary)])
def test_a_code_that_cannot_be_had_is_asked_for_again(stand: Stand, version: int, fault: str, answer: type) -> None:
    stand.ill(fault)

    assert isinstance(stand.start(version=version, desktop="scan"), answer)


def test_where_each_way_can_work() -> None:
    def offered(scene: Scene, types: str, currency: str = "CNY", desktop: str = "go") -> Way | None:
        return Epay().offers(scene, Money(1, currency), account(SITE, types=types, desktop=desktop))

    assert offered(Scene.WECHAT, "alipay") is None
    assert offered(Scene.ALIPAY, "wxpay,qqpay") is None
    assert offered(Scene.WECHAT, "alipay, wxpay") is Way.GO
    assert offered(Scene.ALIPAY, "") is Way.GO
    assert offered(Scene.MOBILE, "alipay", desktop="scan") is Way.GO
    assert offered(Scene.DESKTOP, "alipay", desktop="scan") is Way.SCAN
    assert offered(Scene.DESKTOP, "alipay", "USD") is None
    assert Epay().origins(account(SITE + "/pay/")) == (SITE,)


def test_inside_an_app_that_app_pays(stand: Stand) -> None:
    page = stand.start(scene=Scene.WECHAT, types="alipay,wxpay").value.page

    assert query_of(page)["type"] == "wxpay"
    assert "type" not in query_of(stand.start(types="alipay,wxpay").value.page)


# Asking -------------------------------------------------------------------------------------------------------------


@BOTH
def test_a_trade_that_the_site_never_saw_is_unpaid(stand: Stand, version: int) -> None:
    assert stand.ask("query", stand.trade(), version) == Done(Unpaid())


@BOTH
def test_a_waiting_and_a_paid_trade(stand: Stand, version: int) -> None:
    stand.visit(stand.start(version=version).value.page)
    assert stand.ask("query", stand.trade(), version) == Done(Unpaid())
    number = stand.pay()

    said = stand.ask("query", stand.trade(), version).value
    assert isinstance(said, Paid)
    assert (said.told.trade_no, said.told.paid, said.told.account) == (number, Money(1999, "CNY"), PID)


@BOTH
@pytest.mark.parametrize("habit", ["string_code", "double_json", "html", "bom"])
def test_answers_are_read_whatever_a_fork_puts_around_them(stand: Stand, version: int, habit: str) -> None:
    stand.paid(version=version)
    stand.habit(habit)

    assert isinstance(stand.ask("query", stand.trade(), version).value, Paid)


@BOTH
@pytest.mark.parametrize("fault", ["down", "lost_before", "lost_after"])
def test_a_question_that_fails_is_asked_again(stand: Stand, version: int, fault: str) -> None:
    stand.ill(fault)

    assert isinstance(stand.ask("query", stand.trade(), version), Temporary)


def test_a_site_that_answers_too_late_is_asked_again(stand: Stand) -> None:
    stand.ill("slow", seconds=0.6)

    answer = stand.gateway.query(stand.trade(), account(stand.url), Client(timeout=0.2))

    assert isinstance(answer, Temporary)


def test_a_wrong_key_is_no_word_about_a_trade(stand: Stand) -> None:
    """Else an order would be given up that was paid."""
    stand.paid()
    given = replace(account(stand.url), keys={"key": Secret("wrong")})

    answer = stand.gateway.query(stand.trade(), given, Client())

    assert answer == Temporary("the site says: 商户密钥错误")


def test_an_answer_about_another_trade_or_merchant_is_not_believed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.paid()
    stand_as = stand.site.stand
    for changes in ({"out_trade_no": "T2"}, {"pid": 1002}, {"money": "free"}, {"trade_no": ""}):
        monkeypatch.setattr(stand.site, "stand", lambda trade, changes=changes: stand_as(trade) | changes)
        assert isinstance(stand.ask("query", stand.trade()), Temporary)


@pytest.mark.parametrize("fault", ["wrong_answer_sign", "old_answer"])
def test_an_answer_that_is_not_signed_just_now_is_not_believed(stand: Stand, fault: str) -> None:
    stand.paid(version=2)
    stand.ill(fault)

    assert isinstance(stand.ask("query", stand.trade(), 2), Temporary)


def test_a_wrong_key_of_ours_is_told_in_the_sites_words(stand: Stand) -> None:
    given = replace(account(stand.url, 2), keys=dict(account(stand.url, 2).keys) | {"private_key": Secret(pair()[1])})

    assert stand.gateway.query(stand.trade(), given, Client()) == Temporary("the site says: 签名校验失败")


@pytest.mark.parametrize(
    ("words", "is_unknown"),
    [
        ("订单号不存在", True),
        ("order not found", True),
        ("商户不存在", False),
        ("订单不存在或已完成", False),
        ("pid not exist", False),
        ("签名错误", False),
    ],
)
def test_only_a_word_about_the_trade_says_that_it_was_never_seen(words: str, is_unknown: bool) -> None:
    assert knows_nothing({"msg": words}) is is_unknown


@pytest.mark.parametrize("body", [b"", b"<html>{}</html>", b"[]", b'"x"', b"{", b"null", b"{" * 5000, b"\xff\xfe"])
def test_what_is_no_answer_is_not_understood(body: bytes) -> None:
    with pytest.raises(Forged):
        answer_of(body)


def test_numbers_in_answers_are_read_as_they_are_written() -> None:
    said = answer_of(b'{"code": 1, "money": 19.90, "status": true, "endtime": null, "list": []}')

    assert said == {"code": "1", "money": "19.90", "status": "1", "endtime": ""}
    assert read_money(said["money"]) == Money(1990, "CNY")
