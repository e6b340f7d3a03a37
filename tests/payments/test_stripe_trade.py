"""A shop that is paid through Stripe: the real hook, both engines, the simulator well and ill (B1.4)."""

from dataclasses import replace
from typing import Any

import pytest

from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import providers
from app.payments import queries as payments_asked
from app.payments import service as payments
from app.payments.errors import LiveOnly
from app.payments.models import AttemptState, NoticeState, PaybackState
from app.payments.providers.stripe import Stripe
from simulators.stripe.gateway import account_of
from tests.make import GATEWAY, Shop, at_once
from tests.payments.gate import inbox
from tests.payments.stripe_counter import Counter, counter, order
from tests.payments.stripe_side import KEY

__all__ = ["counter", "order"]  # fixtures
OK, NO = (200, "ok"), (400, "refused")
APPLIED, REFUSED, HEARD = NoticeState.APPLIED, NoticeState.REFUSED, NoticeState.HEARD


# Well ------------------------------------------------------------------------------------------------------------


def test_a_buyer_pays_and_has_the_code(counter: Counter, order: Order) -> None:
    number = counter.pay(order)
    assert counter.attempt().number == number

    assert set(counter.bring()) == {OK}

    assert (counter.word(order), counter.owned(order)) == ("delivered", 1)
    applied = [notice for notice in inbox(counter.shop) if notice.state is APPLIED]
    assert [(notice.amount, notice.currency, notice.detail) for notice in applied] == [(1999, "CNY", "card")]
    assert applied[0].payer_index
    assert "buyer@example.com" not in "".join(notice.body for notice in inbox(counter.shop))


def test_a_buyer_who_paid_is_told_at_once_where_no_event_came(counter: Counter, order: Order) -> None:
    counter.side.faults.cause("silent")
    counter.pay(order)

    counter.check(order)

    assert (counter.word(order), counter.attempt().state) == ("delivered", AttemptState.PAID)
    (notice,) = inbox(counter.shop)
    assert (notice.state, notice.detail, notice.fee) == (APPLIED, "card visa", 87)


def test_the_sweep_finds_a_payment_that_no_event_told_of(counter: Counter, order: Order) -> None:
    counter.side.faults.cause("silent")
    counter.pay(order)

    counter.wait(seconds=25)

    assert counter.word(order) == "delivered"


def test_the_sweep_goes_on_after_a_silent_minute(counter: Counter, order: Order) -> None:
    counter.side.faults.cause("silent")
    counter.side.faults.cause("down", on="session")
    counter.start(order)
    counter.wait(seconds=25)
    counter.wait(seconds=90)

    counter.side.faults.clear()
    counter.side.faults.cause("silent")
    counter.side.gateway.pay(counter.attempt().number)
    for _ in range(6):
        counter.wait(seconds=30)

    assert counter.word(order) == "delivered"


# Twice, late, out of order ---------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_an_event_that_comes_twice_or_a_hundred_times_at_once_ships_once(counter: Counter, order: Order) -> None:
    counter.pay(order)
    letter = counter.side.letter("checkout.session.completed")

    answers = at_once([lambda: counter.hand_in(letter) for _ in range(30)])

    assert set(answers) == {OK}
    assert counter.owned(order) == 1
    assert [notice.state for notice in inbox(counter.shop)] == [APPLIED]


def test_events_in_the_wrong_order_ship_once(counter: Counter, order: Order) -> None:
    counter.pay(order)
    letters = []
    while letter := counter.side.gateway.post.take():
        letters.append(letter)

    assert {counter.hand_in(letter) for letter in reversed(letters)} == {OK}
    counter.shop.drain()

    assert (counter.word(order), counter.owned(order)) == ("delivered", 1)
    assert sorted(notice.state for notice in inbox(counter.shop)) == [APPLIED, HEARD]


def test_an_event_three_days_late_changes_nothing_that_was_found_before(counter: Counter, order: Order) -> None:
    counter.side.faults.cause("late", seconds=3600)
    counter.pay(order)
    counter.check(order)

    counter.wait(days=3)

    assert (counter.word(order), counter.owned(order)) == ("delivered", 1)
    assert [notice.state for notice in inbox(counter.shop)].count(APPLIED) == 1
    assert counter.odd() == []


def test_an_event_after_a_refund_changes_nothing(counter: Counter, order: Order) -> None:
    counter.pay(order)
    letter = counter.side.letter("checkout.session.completed")
    counter.hand_in(letter)
    counter.refund(order)
    counter.shop.drain()

    assert counter.hand_in(letter) == OK
    counter.shop.drain()

    assert counter.payback().state is PaybackState.DONE
    assert len(counter.side.refunds()) == 1


# Forged and wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "answer", "reason"),
    [
        ("forged", NO, "wrong signature"),
        ("stale", NO, "too old"),
        ("early", NO, "too new"),
        ("wrong_mode", NO, "another mode"),
        ("wrong_account", NO, "another merchant"),
        ("wrong_amount", OK, "wrong amount"),
        ("wrong_currency", OK, "wrong currency"),
    ],
)
def test_what_is_not_right_never_ships_and_is_on_record(
    counter: Counter, order: Order, fault: str, answer: tuple[int, str], reason: str
) -> None:
    number = counter.start(order)
    counter.side.faults.cause(fault)
    counter.side.gateway.pay(number)

    assert counter.hand_in(counter.side.letter("checkout.session.completed")) == answer

    assert (counter.word(order), counter.owned(order)) == ("pending", 0)
    (notice,) = inbox(counter.shop)
    assert (notice.state, notice.reason) == (REFUSED, reason)

    counter.side.faults.clear()
    counter.check(order)
    assert (counter.word(order), counter.owned(order)) == ("delivered", 1)


def test_a_clock_ten_minutes_off_refuses_events_and_the_query_finds_the_money(counter: Counter, order: Order) -> None:
    counter.pay(order)

    assert counter.hand_in(counter.side.letter("checkout.session.completed"), off=600) == NO

    counter.wait(seconds=25)
    assert (counter.word(order), counter.owned(order)) == ("delivered", 1)


def test_an_event_of_another_shop_in_the_same_account_is_nothing_of_ours(counter: Counter, order: Order) -> None:
    counter.start(order)
    (session,) = counter.side.sessions()
    foreign = session | {"id": "cs_test_foreign", "metadata": {}, "client_reference_id": "site-77"}
    counter.side.gateway.book.put(account_of(KEY), "session", foreign)
    counter.side.gateway.pay("cs_test_foreign")

    assert counter.hand_in(counter.side.letter("checkout.session.completed")) == OK

    assert counter.odd() == []
    assert counter.word(order) == "pending"


def test_a_wrong_key_is_told_to_staff_and_a_right_one_mends_it(counter: Counter, order: Order) -> None:
    number = counter.pay(order)
    keys = counter.side.gateway.keys
    held = dict(keys)
    keys.clear()  # type: ignore[attr-defined]

    counter.check(order)
    assert counter.word(order) == "pending"

    keys.update(held)  # type: ignore[attr-defined]
    counter.wait(seconds=65)
    assert counter.word(order) == "delivered"
    assert counter.attempt().number == number


def test_a_live_account_is_no_sandbox_s(shop: Shop) -> None:
    providers.configure({"test": GATEWAY, "stripe": Stripe()})
    account = providers.Account("acct_0123456789", keys={"key": Secret("sk_live_0123456789")})
    try:
        with pytest.raises(LiveOnly):
            shop.write(lambda: payments.add_method(provider_name="stripe", account=account, now=clock.now()))
    finally:
        providers.configure({"test": GATEWAY})


# Starting ill ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost", "cut", "broken", "down"])
def test_a_start_that_nobody_saw_end_leads_to_one_page(counter: Counter, order: Order, fault: str) -> None:
    counter.side.faults.cause(fault, on="start", times=1)
    assert counter.shop.start(order, counter.method_id) in ("", counter.attempt().url)

    counter.wait(seconds=5)

    attempt = counter.attempt()
    assert attempt.state is AttemptState.OPEN
    assert counter.side.session_of(attempt.url) == attempt.number


def test_starting_again_later_leads_to_the_same_page(counter: Counter, order: Order) -> None:
    number = counter.start(order)
    counter.wait(minutes=5)

    page = counter.shop.start(order, counter.method_id, subject="the same in other words")

    assert counter.side.session_of(page) == number
    assert len(counter.side.sessions()) == 1


# When the time is up ---------------------------------------------------------------------------------------------


def test_what_nobody_paid_is_closed_at_stripe_and_its_stock_is_free(counter: Counter, order: Order) -> None:
    number = counter.start(order)

    counter.wait(minutes=16)

    assert (counter.word(order), counter.shop.stock()["available"]) == ("expired", 2)
    assert counter.side.gateway.pay(number)["status"] == "expired"


@pytest.mark.parametrize("fault", ["lost", "cut", "down", "broken"])
def test_a_close_that_nobody_saw_end_is_made_again(counter: Counter, order: Order, fault: str) -> None:
    counter.start(order)
    counter.side.faults.cause(fault, on="expire", times=1)

    counter.wait(minutes=16)
    counter.wait(minutes=1)

    assert counter.word(order) == "expired"


def test_a_payment_at_the_last_moment_is_found_when_it_is_closed(counter: Counter, order: Order) -> None:
    counter.side.faults.cause("silent")
    counter.pay(order)
    counter.side.faults.cause("down", on="session", times=1)

    counter.wait(minutes=16)
    counter.wait(minutes=1)

    assert (counter.word(order), counter.owned(order)) == ("delivered", 1)


def test_a_bank_that_thinks_for_days_keeps_the_stock_until_it_says(counter: Counter, order: Order) -> None:
    number = counter.start(order)
    counter.side.gateway.pay(number, later=True)
    counter.wait(minutes=30)
    assert counter.shop.order(order).closed.name == "OPEN"
    assert counter.shop.stock()["held"] == 1

    counter.side.gateway.settle_later(number, paid=True)
    counter.bring()

    assert (counter.word(order), counter.owned(order)) == ("delivered", 1)


# Giving back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost", "broken", "cut", "down", "throttled", "poor", "pending"])
def test_a_refund_ends_with_the_money_back_once_whatever_goes_wrong(counter: Counter, order: Order, fault: str) -> None:
    counter.pay(order)
    counter.bring()
    counter.side.faults.cause(fault, on="refund", times=1)
    counter.refund(order)
    counter.shop.drain()
    if fault == "poor":
        assert counter.payback().state is PaybackState.REFUSED
        number = counter.payback().id
        counter.shop.write(lambda: payments.retry_payback(number, now=clock.now(), by=SYSTEM))
    if fault == "pending":
        assert counter.payback().state is PaybackState.ASKED
        counter.side.gateway.settle_refund(counter.side.refunds()[0]["id"], "succeeded")

    counter.wait(seconds=5)
    counter.wait(minutes=1)

    assert counter.payback().state is PaybackState.DONE
    assert [refund["amount"] for refund in counter.side.refunds()] == [1999]


def test_a_refund_that_comes_back_weeks_later_is_shown_to_people(counter: Counter, order: Order) -> None:
    counter.pay(order)
    counter.bring()
    counter.refund(order)
    counter.wait(seconds=5)
    assert counter.odd() == []

    counter.side.gateway.settle_refund(counter.side.refunds()[0]["id"], "failed")
    counter.wait(days=14)

    (odd,) = counter.odd()
    assert (odd.reason, odd.amount, odd.is_misfit) == ("refund failed", None, False)
    tender = counter.shop.read(lambda: orders.list_tenders_of(order.id))[0]
    assert odd.tender_id == tender.id


def test_a_disputed_payment_is_shown_to_people(counter: Counter, order: Order) -> None:
    number = counter.pay(order)
    counter.bring()
    session: Any = counter.side.gateway.session(counter.side.who, number)

    counter.side.gateway.dispute(session["payment_intent"])
    assert set(counter.bring()) == {OK}

    assert [odd.reason for odd in counter.odd()] == ["disputed"]
    counter.side.gateway.close_dispute(session["payment_intent"], status="lost")
    assert set(counter.bring()) == {OK}
    tenders = [tender.id for tender in counter.shop.read(lambda: orders.list_tenders_of(order.id))]
    told = counter.shop.read(lambda: payments_asked.list_disputes(tenders))
    assert [notice.reason for notice in told] == ["disputed", "dispute lost"]


def test_money_that_came_for_nothing_of_ours_goes_back_by_its_own_number(counter: Counter, order: Order) -> None:
    counter.side.faults.cause("wrong_amount", times=1)
    counter.pay(order)
    counter.hand_in(counter.side.letter("checkout.session.completed"))
    (odd,) = counter.odd()
    assert odd.is_misfit

    counter.shop.write(lambda: payments.send_back_misfit(odd.id, now=clock.now(), by=SYSTEM))
    counter.shop.drain()

    assert [refund["amount"] for refund in counter.side.refunds()] == [1998]


# Bad bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"[" * 60_000, b"\0", b'{"a": "\\ud800"}', b"\xff\xfe", b"x" * 70_000])
def test_anything_at_all_may_be_posted_and_pays_nothing(counter: Counter, order: Order, body: bytes) -> None:
    counter.pay(order)
    letter = counter.side.letter("checkout.session.completed")

    status, _ = counter.hand_in(replace(letter, body=body, secret="whsec_wrong"))

    assert status in (400, 413)
    assert counter.word(order) == "pending"
    assert [notice.state for notice in inbox(counter.shop)] == [REFUSED]
