"""Our side of the test gateway against the running gateway, well and ill, over real HTTP."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from app.kit import clock, http
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import Account, Closed, Forged, Paid, Payback, Start, Told, Trade, Unpaid, Wire
from app.payments.providers.test_gateway import TestGateway
from tests.payments.gate import reachable
from tests.simulators import till as tills
from tests.simulators.till import MERCHANT, SECRET, Till, served

TRADE = Trade("tdr_0001")
WHOLE = Payback("ref_0001", "tdr_0001", "", Money(1999, "CNY"))
NOT_AUTHENTIC = Unknown("answer not authentic")
QUESTIONS = ("query", "refund_query")
CHANGES = ("refund", "close")


@pytest.fixture
def till() -> Iterator[Till]:
    shop = tills.Shop()
    with served(shop) as till:
        yield till
    shop.close()


@pytest.fixture
def talk(till: Till) -> Iterator["Talk"]:
    """A conversation with the gateway that runs."""
    with reachable(till.url), Client(timeout=10.0) as client:
        yield Talk(TestGateway(till.url, SECRET), client)


class Talk:
    """The four questions, asked in the name of one merchant."""

    def __init__(self, gateway: TestGateway, client: Client) -> None:
        self.gateway, self.client = gateway, client
        self.account = gateway.account_of(MERCHANT)
        self.key = gateway.credentials_of(MERCHANT)

    def query(self, trade: Trade = TRADE) -> Answer:
        return self.gateway.query(trade, self.account, self.client)

    def close(self, trade: Trade = TRADE) -> Answer:
        return self.gateway.close(trade, self.account, self.client)

    def refund(self, payback: Payback = WHOLE) -> Answer:
        return self.gateway.refund(payback, self.account, self.client)

    def refund_query(self, payback: Payback = WHOLE) -> Answer:
        return self.gateway.refund_query(payback, self.account, self.client)

    def ask(self, name: str) -> Answer:
        question: Callable[[], Answer] = getattr(self, name)
        return question()


def pay(till: Till) -> Told:
    """Let a buyer pay the trade and return what the gateway's own page says of it."""
    assert till.pay(till.open()).status == 303
    return Told("tdr_0001", till.ask()["trade_no"], MERCHANT, Money(1999, "CNY"))


# Well ------------------------------------------------------------------------------------------------------------


def test_the_query_tells_how_a_trade_stands(till: Till, talk: Talk) -> None:
    assert talk.query() == Done(Unpaid())
    till.open()
    assert talk.query() == Done(Unpaid())

    told = pay(till)

    assert talk.query() == Done(Paid(told))


def test_a_cancelled_trade_may_be_paid_yet(till: Till, talk: Talk) -> None:
    till.pay(till.open(), "cancel")

    assert talk.query() == Done(Unpaid())


@pytest.mark.parametrize("seen", [True, False])
def test_a_closed_trade_cannot_be_paid(till: Till, talk: Talk, seen: bool) -> None:
    if seen:
        till.open()

    assert talk.close() == talk.close() == talk.query() == Done(Closed())

    assert till.open().refusal == "trade_closed"


def test_closing_what_was_paid_tells_of_the_payment(till: Till, talk: Talk) -> None:
    told = pay(till)

    assert talk.close() == Done(Paid(told))


def test_what_was_started_here_is_asked_by_the_same_number(till: Till, talk: Talk) -> None:
    urls = f"{till.shop.url}/hooks/x", f"{till.shop.url}/o/x"
    start = Start("tdr_0001", Money(1999, "CNY"), "卡", *urls, clock.now())
    asked = talk.gateway.start(start, talk.account, talk.client)
    assert isinstance(asked, Done)

    till.pay(till.get(asked.value.page.removeprefix(till.url)))

    answer = talk.query()
    assert isinstance(answer, Done)
    assert answer.value.told.paid == Money(1999, "CNY")
    body, stamp, given = till.shop.notices[0]
    headers = {"Test-Gateway-Timestamp": stamp, "Test-Gateway-Signature": given}
    assert talk.gateway.verify(Wire(headers, body), talk.account, clock.now()) == answer.value.told


def test_money_goes_back_once_however_often_it_is_asked(till: Till, talk: Talk) -> None:
    pay(till)
    assert talk.refund_query() == Absent()

    answers = [talk.refund() for _ in range(3)] + [talk.refund_query()]

    assert answers == [Done(till.refund_query()["refund_no"])] * 4


def test_a_part_may_go_back_and_never_more_than_was_paid(till: Till, talk: Talk) -> None:
    pay(till)
    part = replace(WHOLE, amount=Money(1998, "CNY"))

    assert isinstance(talk.refund(part), Done)
    refused = talk.refund(replace(part, number="ref_0002"))

    assert isinstance(refused, Refused)
    assert refused.reason.startswith("refund_too_large: More than was paid cannot go back: ¥0.01")
    assert talk.refund_query(replace(part, number="ref_0002")) == Absent()


def test_a_number_stands_for_one_payback(till: Till, talk: Talk) -> None:
    pay(till)
    talk.refund()
    other = replace(WHOLE, amount=Money(1, "CNY"))

    for answer in (talk.refund(other), talk.refund_query(other)):
        assert isinstance(answer, Refused)
        assert answer.reason.startswith("other_refund")


def test_what_was_not_paid_is_refused_in_words(talk: Talk) -> None:
    answer = talk.refund()

    assert isinstance(answer, Refused)
    assert answer.reason.startswith("not_paid: Order number tdr_0001 was not paid")


# Ill -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_gateway_that_is_down_is_asked_again(till: Till, talk: Talk, name: str) -> None:
    till.faults.cause("down")

    assert talk.ask(name) == Temporary("status 503")


@pytest.mark.parametrize("name", CHANGES)
def test_nobody_knows_what_a_gateway_did_that_answers_503(till: Till, talk: Talk, name: str) -> None:
    till.faults.cause("down")

    assert talk.ask(name) == Unknown("status 503")


@pytest.mark.parametrize("name", QUESTIONS + CHANGES)
def test_a_gateway_that_refuses_connections_was_not_asked(name: str) -> None:
    nobody = "http://127.0.0.1:9"
    with reachable(nobody), Client(timeout=10.0) as client:
        answer = Talk(TestGateway(nobody, SECRET), client).ask(name)

    assert isinstance(answer, Temporary)
    assert answer.reason


@pytest.mark.parametrize("name", QUESTIONS + CHANGES)
def test_nobody_knows_what_a_lost_answer_said(till: Till, talk: Talk, name: str) -> None:
    till.open(out_trade_no="tdr_0002")
    pay(till)
    till.faults.cause("lost", times=1)

    answer = talk.close(Trade("tdr_0002")) if name == "close" else talk.ask(name)

    assert isinstance(answer, Unknown)
    assert isinstance(talk.refund_query(), Done if name == "refund" else Absent)
    assert talk.query(Trade("tdr_0002")) == Done(Closed() if name == "close" else Unpaid())
    assert isinstance(talk.refund(), Done)


@pytest.mark.parametrize("name", QUESTIONS + CHANGES)
def test_nobody_waits_for_a_slow_answer(till: Till, talk: Talk, name: str) -> None:
    pay(till)
    till.faults.cause("slow", seconds=5)
    began = time.monotonic()

    with Client(timeout=1.0) as hasty:
        assert isinstance(Talk(talk.gateway, hasty).ask(name), Unknown)

    assert time.monotonic() - began < 4
    assert till.faults.left
    till.faults.clear()
    assert isinstance(talk.refund_query(), Done if name == "refund" else Absent)


@pytest.mark.parametrize("name", QUESTIONS + CHANGES)
def test_an_answer_that_the_gateway_did_not_sign_says_nothing(till: Till, talk: Talk, name: str) -> None:
    pay(till)
    till.faults.cause("forged")

    assert talk.ask(name) == NOT_AUTHENTIC


@pytest.mark.parametrize("name", QUESTIONS + CHANGES)
def test_a_merchant_with_a_wrong_key_learns_nothing(till: Till, talk: Talk, name: str) -> None:
    pay(till)
    talk.account = Account(MERCHANT, keys={"key": Secret("0" * 64)})

    assert talk.ask(name) == NOT_AUTHENTIC
    assert till.refund_query()["status"] == "unknown"


def test_a_refusal_that_is_forged_is_no_refusal(till: Till, talk: Talk) -> None:
    till.faults.cause("forged")

    assert talk.refund() == NOT_AUTHENTIC


def test_a_payment_that_was_short_is_told_as_it_is(till: Till, talk: Talk) -> None:
    told = pay(till)
    till.faults.cause("short", on="query")

    assert talk.query() == Done(Paid(replace(told, paid=Money(1998, "CNY"))))


def test_an_answer_of_another_hour_says_nothing(till: Till, talk: Talk) -> None:
    pay(till)
    recorded = Recorded(talk.client)
    talk.client = recorded
    assert isinstance(talk.query(), Done)

    later = clock.now() + timedelta(hours=1)
    with clock.running(lambda: later):
        assert recorded.replay(talk.query) == NOT_AUTHENTIC


def test_an_answer_to_another_question_says_nothing(till: Till, talk: Talk) -> None:
    pay(till)
    recorded = Recorded(talk.client)
    talk.client = recorded
    assert isinstance(talk.query(), Done)

    assert recorded.replay(lambda: talk.query(Trade("tdr_0002"))) == NOT_AUTHENTIC
    assert recorded.replay(talk.refund_query) == NOT_AUTHENTIC


@pytest.mark.parametrize(("fault", "reason"), [("forged", "wrong signature"), ("short", None)], ids=["forged", "short"])
def test_a_notice_of_an_ill_gateway_is_believed_only_when_signed(
    till: Till, talk: Talk, fault: str, reason: str | None
) -> None:
    till.faults.cause(fault, on="notice")
    told = pay(till)
    tills.eventually(lambda: bool(till.shop.notices))
    body, stamp, given = till.shop.notices[0]
    headers = {"Test-Gateway-Timestamp": stamp, "Test-Gateway-Signature": given}

    if reason:
        with pytest.raises(Forged, match=reason):
            talk.gateway.verify(Wire(headers, body), talk.account, clock.now())
    else:
        short = replace(told, paid=Money(1998, "CNY"))
        assert talk.gateway.verify(Wire(headers, body), talk.account, clock.now()) == short


class Recorded(Client):
    """Somebody on the line who gives an old answer of the gateway to a new question."""

    def __init__(self, client: Client) -> None:
        self.client, self.replaying = client, False
        self.answer: http.Response | None = None

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, largest: int = http.LARGEST) -> http.Response:
        if not self.replaying:
            self.answer = self.client.get(url, headers, largest=largest)
        assert self.answer
        return self.answer

    def replay(self, question: Callable[[], Answer]) -> Answer:
        self.replaying = True
        return question()
