"""Our side of Stripe against the running simulator, well and ill, over real HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock, http
from app.kit.effects import Absent, Done, Refused, Temporary, Unknown
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import Closed, Paid, Told, Unpaid
from app.payments.providers.stripe import Stripe
from simulators.stripe.gateway import account_of
from tests.payments.stripe_side import KEY, OTHER_KEY, TRADE, Side, Talk, stripe

HOOK = "http://127.0.0.1:9/hooks/x"


@pytest.fixture
def side() -> Iterator[Side]:
    with stripe() as side:
        side.listen(HOOK)
        yield side


@pytest.fixture
def talk(side: Side) -> Iterator[Talk]:
    with Client(timeout=2.0) as client:
        yield Talk(side, client)


def told(payment: str, **changes: Any) -> Told:
    known = Told(TRADE, payment, account_of(KEY), Money(1999, "CNY"), "card visa", "buyer@example.com", 87)
    return replace(known, **changes)


# Starting --------------------------------------------------------------------------------------------------------


def test_a_start_opens_a_page_for_what_is_due(side: Side, talk: Talk) -> None:
    page, number = talk.opened()

    (session,) = side.sessions()
    assert page == f"{side.url}/c/pay/{number}"
    assert (session["id"], session["amount_total"], session["currency"]) == (number, 1999, "cny")
    assert (session["client_reference_id"], session["metadata"]) == (TRADE, {"trade": TRADE})
    assert session["payment_method_types"] == ["card"]


def test_starting_twice_is_one_page(side: Side, talk: Talk) -> None:
    first = talk.begin()

    assert talk.start(first) == talk.start(replace(first, at=first.at + timedelta(minutes=3)))
    assert len(side.sessions()) == 1


def test_a_page_that_is_open_is_the_page_of_a_later_start_whatever_changed(side: Side, talk: Talk) -> None:
    page, number = talk.opened()

    assert talk.opened(talk.begin(trade_no=number, expires_at=None)) == (page, number)
    assert len(side.sessions()) == 1


def test_a_page_that_expired_is_followed_by_a_new_one(side: Side, talk: Talk) -> None:
    _, number = talk.opened()
    side.gateway.expire(side.who, number)

    page, second = talk.opened(talk.begin(trade_no=number))

    assert second != number
    assert talk.opened(talk.begin(trade_no=second)) == (page, second)


def test_starting_what_was_paid_leads_back_to_the_order(side: Side, talk: Talk) -> None:
    _, number = talk.opened()
    side.gateway.pay(number)

    assert talk.opened(talk.begin(trade_no=number)) == ("https://shop.example/o/x?from=pay", number)


def test_a_page_lives_half_an_hour_at_least_also_when_an_order_does_not(side: Side, talk: Talk) -> None:
    talk.opened(talk.begin(expires_at=clock.now() + timedelta(seconds=1)))

    (session,) = side.sessions()
    assert session["expires_at"] - session["created"] > 1800


def test_a_page_lives_a_day_at_most_also_when_an_order_lives_longer(talk: Talk) -> None:
    assert isinstance(talk.start(talk.begin(expires_at=clock.now() + timedelta(days=3))), Done)


@pytest.mark.parametrize(("name", "answer"), [("lost", Unknown), ("broken", Unknown), ("cut", Unknown)])
def test_a_start_whose_answer_never_came_is_made_again_as_the_same(
    side: Side, talk: Talk, name: str, answer: type
) -> None:
    side.faults.cause(name, on="start", times=1)
    start = talk.begin()

    assert isinstance(talk.start(start), answer)
    assert isinstance(talk.start(start), Done)
    assert len(side.sessions()) == (2 if name == "broken" else 1)  # under that key Stripe repeats its error for a day


def test_a_busy_stripe_is_asked_again(side: Side, talk: Talk) -> None:
    side.faults.cause("throttled", on="start", times=1)

    assert talk.start() == Temporary("status 429")


def test_ways_to_pay_are_the_merchant_s_choice(side: Side, talk: Talk) -> None:
    talk.account = side.account(methods="wallets")

    talk.opened()

    assert side.sessions()[0]["payment_method_types"] == ["card", "alipay", "wechat_pay"]


def test_a_subject_no_one_can_print_is_no_reason_not_to_be_paid(talk: Talk) -> None:
    assert isinstance(talk.start(replace(talk.begin(), subject="\0\n")), Done)


# Asking and closing ----------------------------------------------------------------------------------------------


def test_a_query_tells_how_a_payment_stands(side: Side, talk: Talk) -> None:
    _, number = talk.opened()
    assert talk.query(number) == Done(Unpaid())

    session = side.gateway.pay(number)

    assert talk.query(number) == Done(Paid(told(session["payment_intent"])))


def test_a_start_that_no_answer_came_to_was_shown_to_nobody(talk: Talk) -> None:
    assert talk.query("") == Done(Unpaid())
    assert talk.close("") == Done(Closed())


def test_closing_lets_the_page_expire_and_may_be_repeated(side: Side, talk: Talk) -> None:
    _, number = talk.opened()

    assert talk.close(number) == talk.close(number) == talk.query(number) == Done(Closed())

    assert side.gateway.pay(number)["status"] == "expired"


def test_closing_what_was_paid_tells_of_the_payment(side: Side, talk: Talk) -> None:
    _, number = talk.opened()
    session = side.gateway.pay(number)

    assert talk.close(number) == Done(Paid(told(session["payment_intent"])))


def test_a_payment_that_takes_days_is_neither_paid_nor_closed_until_the_bank_says(side: Side, talk: Talk) -> None:
    _, number = talk.opened()
    session = side.gateway.pay(number, later=True)

    assert talk.query(number) == Done(Unpaid())
    answer = talk.close(number)
    assert isinstance(answer, Temporary)
    assert answer.reason.startswith("processing")

    side.gateway.settle_later(number, paid=True)
    assert talk.close(number) == Done(Paid(told(session["payment_intent"])))


def test_a_payment_that_failed_after_days_is_closed(side: Side, talk: Talk) -> None:
    _, number = talk.opened()
    side.gateway.pay(number, later=True)
    side.gateway.settle_later(number, paid=False)

    assert talk.query(number) == talk.close(number) == Done(Closed())


def test_a_page_past_its_own_end_is_closed(side: Side, talk: Talk) -> None:
    _, number = talk.opened()
    side.pass_time(hours=2)

    assert talk.query(number) == Done(Closed())


@pytest.mark.parametrize("fault", ["down", "cut", "lost", "throttled", "forbidden"])
def test_a_question_without_a_good_answer_is_asked_again(side: Side, talk: Talk, fault: str) -> None:
    _, number = talk.opened()
    side.faults.cause(fault, on="session")

    assert isinstance(talk.query(number), Temporary)


@pytest.mark.parametrize("fault", ["cut", "lost", "broken", "down"])
def test_a_close_that_nobody_saw_end_may_have_happened(side: Side, talk: Talk, fault: str) -> None:
    _, number = talk.opened()
    side.faults.cause(fault, on="expire", times=1)

    assert isinstance(talk.close(number), Unknown)
    assert talk.close(number) == Done(Closed())


def test_another_account_s_key_never_makes_an_open_payment_look_closed(talk: Talk) -> None:
    _, number = talk.opened()
    talk.account = replace(talk.account, keys={"key": Secret(OTHER_KEY)})

    assert isinstance(talk.query(number), Temporary)
    assert isinstance(talk.close(number), Temporary)


def test_a_wrong_key_is_told_without_showing_any_of_it(talk: Talk) -> None:
    talk.account = replace(talk.account, keys={"key": Secret("sk_test_nobodyknowsthis")})

    answer = talk.start()

    assert isinstance(answer, Refused)
    assert "Invalid API Key" in answer.reason
    assert "sk_test" not in answer.reason
    assert "this" not in answer.reason.split("provided")[1]


def test_nobody_there_means_nothing_happened(talk: Talk) -> None:
    gone = Stripe("http://127.0.0.1:9")
    http.configure(["127.0.0.1:9"])

    assert isinstance(gone.start(talk.begin(), talk.account, talk.client), Temporary)


# Giving back -----------------------------------------------------------------------------------------------------


def test_money_that_pays_another_order_goes_back_by_the_payments_number(talk: Talk) -> None:
    matched = replace(talk.payback(talk.paid()), trade="0" * 26)

    assert isinstance(talk.refund(matched), Done)
    assert isinstance(talk.refund_query(matched), Done)


def test_money_goes_back_once_however_often_it_is_asked(side: Side, talk: Talk) -> None:
    payback = talk.payback(talk.paid())
    assert talk.refund_query(payback) == Absent()

    first = talk.refund(payback)

    assert isinstance(first, Done)
    assert talk.refund(payback) == talk.refund_query(payback) == first
    assert [refund["amount"] for refund in side.refunds()] == [1999]


@pytest.mark.parametrize("fault", ["lost", "broken", "cut", "down"])
def test_a_refund_that_nobody_saw_end_is_asked_about(side: Side, talk: Talk, fault: str) -> None:
    payback = talk.payback(talk.paid())
    side.faults.cause(fault, on="refund", times=1)

    assert isinstance(talk.refund(payback), Unknown)

    happened = fault in ("lost", "broken")
    assert isinstance(talk.refund_query(payback), Done if happened else Absent)
    if not happened:
        assert isinstance(talk.refund(payback), Done)
    assert len(side.refunds()) == 1


def test_a_key_that_stripe_forgot_after_a_day_gives_nothing_back_twice(side: Side, talk: Talk) -> None:
    payback = talk.payback(talk.paid(), amount=500)
    side.faults.cause("lost", on="refund", times=1)
    talk.refund(payback)
    side.pass_time(hours=25)

    assert isinstance(talk.refund_query(payback), Done)  # which is all that may follow an unknown outcome
    assert len(side.refunds()) == 1


def test_a_refund_that_takes_its_time_is_processing_until_it_ended(side: Side, talk: Talk) -> None:
    payback = talk.payback(talk.paid())
    side.faults.cause("pending", times=1)

    assert talk.refund(payback) == Unknown("processing")
    assert talk.refund_query(payback) == Temporary("processing")
    assert talk.refund(payback) == Unknown("processing")  # what Stripe repeats is looked up anew

    (made,) = side.refunds()
    side.gateway.settle_refund(made["id"], "succeeded")
    assert talk.refund(payback) == talk.refund_query(payback) == Done(made["id"])


def test_a_refund_refused_for_want_of_balance_may_be_tried_again_within_the_day(side: Side, talk: Talk) -> None:
    payback = talk.payback(talk.paid())
    side.faults.cause("poor", times=1)

    refused = talk.refund(payback)

    assert isinstance(refused, Refused)
    assert refused.reason.startswith("balance_insufficient")
    assert isinstance(talk.refund(payback), Done)
    assert len(side.refunds()) == 1


def test_a_refund_that_failed_at_the_bank_is_refused_and_may_be_tried_again(side: Side, talk: Talk) -> None:
    payback = talk.payback(talk.paid())
    side.faults.cause("pending", times=1)
    side.faults.cause("failing", times=1)
    talk.refund(payback)

    assert talk.refund_query(payback) == Refused("failed: expired_or_canceled_card")
    again = talk.refund(payback)
    assert isinstance(again, Done)
    assert talk.refund_query(payback) == again


def test_more_than_was_paid_never_goes_back(side: Side, talk: Talk) -> None:
    payment = talk.paid()

    assert isinstance(talk.refund(talk.payback(payment, 1500, "ref_1")), Done)
    assert isinstance(talk.refund(talk.payback(payment, 500, "ref_2")), Refused)
    assert isinstance(talk.refund(talk.payback(payment, 499, "ref_3")), Done)
    assert sum(refund["amount"] for refund in side.refunds()) == 1999


def test_a_number_used_for_another_amount_gives_nothing_back(side: Side, talk: Talk) -> None:
    payment = talk.paid()
    talk.refund(talk.payback(payment, 500))

    assert isinstance(talk.refund(talk.payback(payment, 600)), Refused)
    assert isinstance(talk.refund_query(talk.payback(payment, 600)), Refused)
    assert len(side.refunds()) == 1
