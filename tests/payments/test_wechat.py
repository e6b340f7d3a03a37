"""Our side of WeChat Pay against the running simulator, well and ill, over real HTTP."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.kit import clock
from app.kit.effects import Absent, Done, Refused, Temporary, Unknown
from app.kit.money import Money
from app.payments.providers import Closed, Hint, Paid, Scene, Told, Unpaid, Way, Wire
from app.payments.providers.outside import outside
from app.payments.providers.wechat import WeChat
from simulators.wechat import api
from tests.payments.gate import reachable
from tests.payments.wechat import NUMBER, TRADE, Talk, account_of, later, start_of
from tests.simulators.wechat_office import Office, keys, pr_of

CNY = Money(1999, "CNY")


def told(office: Office, number: str = NUMBER, **changes: object) -> Told:
    order = office.order(number)
    assert order
    return Told(TRADE.trade, order["transaction_id"], keys().mchid, CNY, order["bank_type"], order["openid"], None)


# Where it can be offered -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "settings", "way"),
    [
        (Scene.DESKTOP, {}, Way.SCAN),
        (Scene.MOBILE, {}, Way.GO),
        (Scene.MOBILE, {"h5": "no"}, None),
        (Scene.WECHAT, {}, Way.IN_APP),
        (Scene.WECHAT, {"jsapi": "no"}, None),
        (Scene.ALIPAY, {}, None),
    ],
)
def test_only_what_can_work_where_the_page_is_open_is_offered(
    scene: Scene, settings: dict[str, str], way: Way | None
) -> None:
    assert WeChat().offers(scene, CNY, account_of(**settings)) is way


@pytest.mark.parametrize("due", [Money(1999, "USD"), Money(0, "CNY")])
def test_only_yuan_can_be_paid(due: Money) -> None:
    assert WeChat().offers(Scene.DESKTOP, due, account_of()) is None


def test_at_another_address_every_account_is_a_test() -> None:
    real, simulated = outside({})["wechat"], outside({"wechat": "http://127.0.0.1:8003"})["wechat"]

    assert (real.is_test(account_of()), simulated.is_test(account_of())) == (False, True)
    assert real.origins(account_of()) == ("https://wx.tenpay.com", "https://open.weixin.qq.com")
    assert real.origins(account_of(h5="no", jsapi="no")) == ()
    assert simulated.origins(account_of()) == ("http://127.0.0.1:8003",)


# Starting --------------------------------------------------------------------------------------------------------


def test_a_computer_gets_a_code_for_the_phone(talk: Talk, office: Office) -> None:
    answer = talk.start()

    assert isinstance(answer, Done)
    assert answer.value.way is Way.SCAN
    entry = office.gateway.find_by_code(pr_of(answer.value.page))
    assert entry
    wish = entry["wish"]
    assert (wish["out_trade_no"], wish["amount"], wish["description"]) == (
        NUMBER,
        {"total": 1999, "currency": "CNY"},
        "Alice · 卡",
    )
    assert wish["time_expire"].endswith("+08:00")


def test_a_phone_goes_to_the_h5_page_and_comes_back(talk: Talk) -> None:
    page = talk.started(Scene.MOBILE)

    assert page.startswith(f"{talk.office.url}/h5/checkmweb?prepay_id=")
    assert parse_qs(urlsplit(page).query)["redirect_url"] == ["http://127.0.0.1:9/o/x?from=pay"]


def test_inside_wechat_the_page_gets_a_signed_call_that_pays(talk: Talk, office: Office) -> None:
    call = json.loads(talk.started(Scene.WECHAT))

    assert sorted(call) == ["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"]
    assert not office.gateway.pay_in_app(call, "oSomebodyElse")
    assert not office.gateway.pay_in_app(call | {"nonceStr": "changed"}, "oBuyer")
    assert office.gateway.pay_in_app(call, "oBuyer")
    assert talk.query() == Done(Paid(told(office, f"{TRADE.trade}-J")))


@pytest.mark.parametrize(("scene", "missing"), [(Scene.WECHAT, {"payer": ""}), (Scene.MOBILE, {"ip": ""})])
def test_without_knowing_who_pays_or_from_where_nothing_is_started(
    talk: Talk, scene: Scene, missing: dict[str, str]
) -> None:
    assert isinstance(talk.start(scene, **missing), Refused)
    assert isinstance(talk.start(Scene.ALIPAY), Refused)


def test_the_same_start_again_is_the_same_order_and_the_old_code_is_dead(talk: Talk, office: Office) -> None:
    start = start_of()
    first, second = (talk.gateway.start(start, talk.account, talk.client) for _ in range(2))

    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.value.page != second.value.page
    assert office.gateway.find_by_code(pr_of(first.value.page)) is None
    assert office.gateway.find_by_code(pr_of(second.value.page))


def test_an_order_started_on_the_computer_can_be_paid_on_the_phone(talk: Talk, office: Office) -> None:
    for scene in (Scene.DESKTOP, Scene.MOBILE, Scene.WECHAT):
        talk.started(scene)
    assert talk.query() == Done(Unpaid())

    office.pay(f"{TRADE.trade}-H")

    assert talk.query() == Done(Paid(told(office, f"{TRADE.trade}-H")))


def test_another_amount_under_the_same_number_is_refused_in_wechats_words(talk: Talk) -> None:
    talk.started()

    assert talk.start(due=Money(1, "CNY")) == Refused("OUT_TRADE_NO_USED: 商户订单号重复")


def test_a_start_with_a_second_to_go_lives_the_minute_that_wechat_asks_for(talk: Talk, office: Office) -> None:
    now = clock.now()

    talk.started(at=now, expires_at=now + timedelta(seconds=1))

    office.ahead = 90
    assert talk.query() == Done(Closed())


def test_a_subject_of_any_length_and_with_line_breaks_fits(talk: Talk, office: Office) -> None:
    talk.started(subject="a\nb\t" + "长" * 300)

    order = office.order(NUMBER)
    assert order
    assert order["wish"]["description"] == "a b " + "长" * 123


# Asking and closing ----------------------------------------------------------------------------------------------


def test_what_wechat_never_saw_is_unpaid(talk: Talk) -> None:
    assert talk.query() == Done(Unpaid())


def test_a_payment_tells_its_bank_which_may_be_digital_yuan(talk: Talk, office: Office) -> None:
    talk.started()
    office.pay(NUMBER, bank="ICBC_ECNY")

    answer = talk.query()

    assert answer == Done(Paid(told(office)))
    assert told(office).detail == "ICBC_ECNY"


def test_an_order_whose_money_went_back_was_paid_all_the_same(talk: Talk, office: Office) -> None:
    talk.started()
    office.pay(NUMBER)
    talk.refund(100)

    order = office.order(NUMBER)
    assert order
    assert order["state"] == "REFUND"
    assert talk.query() == Done(Paid(told(office)))


def test_closing_may_be_repeated_and_ends_all_orders_of_a_payment(talk: Talk, office: Office) -> None:
    for scene in (Scene.DESKTOP, Scene.MOBILE):
        talk.started(scene)

    assert [talk.close(), talk.close(), talk.query()] == [Done(Closed())] * 3

    assert not any(office.pay(f"{TRADE.trade}-{letter}") for letter in "NH")
    assert talk.start() == Refused("ORDER_CLOSED: 订单已关闭")


def test_closing_what_wechat_never_saw_is_done(talk: Talk) -> None:
    assert talk.close() == Done(Closed())


@pytest.mark.parametrize("letter", ["N", "H"])
def test_closing_what_was_paid_tells_of_the_payment(talk: Talk, office: Office, letter: str) -> None:
    for scene in (Scene.DESKTOP, Scene.MOBILE):
        talk.started(scene)
    office.pay(f"{TRADE.trade}-{letter}")

    assert talk.close() == Done(Paid(told(office, f"{TRADE.trade}-{letter}")))


# Giving back -----------------------------------------------------------------------------------------------------


def test_yes_to_a_refund_means_only_that_it_is_under_way(talk: Talk, paid: Office) -> None:
    paid.gateway.refund_seconds = 60

    assert talk.refund() == Unknown("processing")
    assert talk.refund_query() == Temporary("processing")

    paid.ahead = 61
    entry = paid.gateway.book.find("refund", "REFUND0001")
    assert entry
    assert talk.refund_query() == Done(entry["refund_id"])


def test_a_refund_repeated_with_its_number_is_one_refund(talk: Talk, paid: Office) -> None:
    answers = [talk.refund() for _ in range(3)] + [talk.refund_query()]

    entry = paid.gateway.book.find("refund", "REFUND0001")
    assert entry
    assert answers == [Done(entry["refund_id"])] * 4
    assert len(paid.gateway.book.all("refund")) == 1


def test_a_number_stands_for_one_payback(talk: Talk, paid: Office) -> None:
    talk.refund(100)

    assert isinstance(talk.refund(101), Refused)
    assert talk.refund_query(101) == Refused("other_refund: the number was used for another payback")


def test_money_that_pays_another_order_goes_back_by_wechats_own_number(talk: Talk, paid: Office) -> None:
    answers = [talk.refund(trade="0" * 26), talk.refund_query(trade="0" * 26)]

    entry = paid.gateway.book.find("refund", "REFUND0001")
    assert entry
    assert answers == [Done(entry["refund_id"])] * 2


def test_a_refund_that_wechat_never_saw_is_absent(talk: Talk, paid: Office) -> None:
    assert talk.refund_query() == Absent()


@pytest.mark.parametrize("end", ["abnormal", "closed"])
def test_a_refund_that_ended_badly_needs_a_person(talk: Talk, paid: Office, end: str) -> None:
    paid.ill(end)

    answers = [talk.refund(), talk.refund_query()]

    assert all(isinstance(answer, Refused) and answer.reason.startswith(end.upper()) for answer in answers)


def test_never_more_goes_back_than_was_paid(talk: Talk, paid: Office) -> None:
    assert isinstance(talk.refund(1998), Done)
    paid.ahead = 61

    assert isinstance(talk.refund(2, "REFUND0002"), Refused)
    assert isinstance(talk.refund(1, "REFUND0003"), Done)


def test_two_refunds_of_one_order_within_a_minute_wait(talk: Talk, paid: Office) -> None:
    paid.gateway.pace = 1.0
    talk.refund(100)

    assert talk.refund(100, "REFUND0002") == Temporary("asked too often")

    paid.ahead = 61
    assert isinstance(talk.refund(100, "REFUND0002"), Done)


def test_a_merchant_without_money_is_told_to_top_up(talk: Talk, paid: Office) -> None:
    paid.ill("poor")

    answer = talk.refund()

    assert answer == Refused("NOT_ENOUGH: 商户可用退款余额不足，请充值后再退款")


def test_a_refund_asks_to_be_told_at_an_address_of_its_own(talk: Talk, paid: Office) -> None:
    talk.refund(notify_url="http://127.0.0.1:9/hooks/xyz", reason="a\nreason")

    entry = paid.gateway.book.find("refund", "REFUND0001")
    assert entry
    assert (entry["wish"]["notify_url"], entry["wish"]["reason"]) == ("http://127.0.0.1:9/hooks/xyz", "a reason")
    letter = paid.letters()[-1]
    said = talk.gateway.verify(Wire(letter.headers, letter.body), talk.account, clock.now())
    assert said == Hint(trade=TRADE.trade, payback="REFUND0001")


# Ill -------------------------------------------------------------------------------------------------------------

QUESTIONS, CHANGES = ("query", "refund_query"), ("refund", "close", "start")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("fault", ["down", "busy", "lost", "forged", "slow", "skewed"])
def test_a_question_that_failed_may_be_asked_again(talk: Talk, paid: Office, question: str, fault: str) -> None:
    talk.refund()
    talk.client.timeout = 0.3
    paid.ill(fault, on=question, times=1, seconds=1.0)

    assert isinstance(talk.ask(question), Temporary)
    assert isinstance(talk.ask(question), Done)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("fault", ["down", "lost", "forged", "slow"])
def test_after_a_change_whose_answer_is_lost_nobody_knows(talk: Talk, office: Office, change: str, fault: str) -> None:
    if change == "refund":
        talk.started()
        office.pay(NUMBER)
    talk.client.timeout = 0.3
    office.ill(fault, on=change, times=1, seconds=1.0)

    assert isinstance(talk.ask(change), Unknown)
    assert isinstance(talk.ask(change), Done)


def test_a_refund_whose_answer_was_lost_is_found_by_its_number(talk: Talk, paid: Office) -> None:
    paid.ill("lost", on="refund", times=1)
    assert isinstance(talk.refund(), Unknown)
    assert isinstance(talk.refund_query(), Done)

    paid.ahead = 61
    paid.ill("down", on="refund", times=1)  # and one that was never taken
    assert isinstance(talk.refund(1, "REFUND0002"), Unknown)
    assert talk.refund_query(1, "REFUND0002") == Absent()


def test_a_gateway_that_is_away_took_nothing(talk: Talk, office: Office) -> None:
    gone = Talk(Office("http://127.0.0.1:1", office.gateway), talk.client)
    with reachable(gone.office.url):
        assert {type(gone.ask(name)) for name in (*QUESTIONS, *CHANGES)} == {Temporary}


def test_an_answer_a_cent_short_pays_what_it_says(talk: Talk, paid: Office) -> None:
    paid.ill("short", on="query")

    answer = talk.query()

    assert isinstance(answer, Done)
    assert answer.value.told.paid == Money(1998, "CNY")  # which is not what was due, so people are asked


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_off_by_ten_minutes_decides_nothing(talk: Talk, paid: Office, minutes: int) -> None:
    with clock.running(later(minutes=minutes)):
        answers = {name: talk.ask(name) for name in ("query", "close", "refund_query", "refund", "start")}

    assert {name: type(answer) for name, answer in answers.items()} == {
        "query": Temporary,
        "close": Temporary,
        "refund_query": Temporary,
        "refund": Refused,
        "start": Refused,
    }
    assert all("SIGN_ERROR: 签名错误：时间戳" in getattr(answer, "reason", "") for answer in answers.values())
    assert paid.gateway.book.all("refund") == []


def test_wrong_keys_decide_nothing_and_say_so(talk: Talk, paid: Office) -> None:
    for changes in ({"serial": "5D00", "certificate": ""}, {"mchid": "1900000002"}):
        wrong = Talk(paid, talk.client, account_of(**changes))
        assert isinstance(wrong.query(), Temporary)
        assert wrong.start() == Refused("SIGN_ERROR: 签名错误：商户号或证书序列号有误")
    other = Talk(paid, talk.client, account_of(public_key_id="PUB_KEY_ID_00000000"))
    assert isinstance(other.query(), Temporary)
    assert isinstance(other.close(), Unknown)


def test_a_forged_page_is_not_handed_to_a_buyer(talk: Talk, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_started", lambda *_: {"code_url": "javascript:alert(1)"})

    assert talk.start() == Unknown("answer not authentic: not understood")
