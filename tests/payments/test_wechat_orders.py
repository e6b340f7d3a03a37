"""Orders of a shop at WeChat Pay: asked about, closed, given back, through our effects, on both engines."""

from typing import Any

import pytest

from app.kit import clock, effects
from app.kit.effects import Done
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.orders.models import Order, Payment
from app.payments import providers
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import AttemptState, PaybackState
from app.payments.providers.wechat import WeChat
from app.payments.queries import Scene
from tests.payments.wechat import account_of
from tests.payments.wechat_counter import APPLIED, HEARD, TAKEN, Counter, connect, sold

# Asking and closing ----------------------------------------------------------------------------------------------


def test_a_payment_nobody_told_us_of_is_found_by_itself(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order)

    counter.wait(seconds=25)

    assert counter.word(order) == "delivered"
    assert [attempt.state for attempt in counter.attempts()] == [AttemptState.PAID]


def test_what_was_not_paid_is_closed_there_and_its_stock_is_free(counter: Counter) -> None:
    order = counter.order()

    counter.wait(minutes=20)

    assert counter.word(order) == "expired"
    assert counter.shop.stock()["held"] == 0
    assert not counter.pay(order)


@pytest.mark.parametrize("fault", ["down", "lost", "forged", "busy", "skewed"])
def test_a_wechat_that_is_not_well_keeps_the_stock_held_until_it_is(counter: Counter, fault: str) -> None:
    order = counter.order()
    counter.office.ill(fault, on=["query", "close"])

    counter.wait(hours=3)
    assert counter.shop.stock()["held"] == 1

    counter.office.faults.clear()
    counter.wait(hours=1, seconds=1)
    assert counter.word(order) == "expired"
    assert counter.shop.stock()["held"] == 0


def test_a_payment_after_the_question_and_before_the_closing_is_delivered(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = counter.order()
    close = WeChat.close

    def just_then(*asked: Any) -> Any:
        entry = counter.office.order(counter.number(order))
        assert entry
        entry["wish"].pop("time_expire")  # banks are slower than WeChat's own clock
        counter.office.gateway.book.put("order", counter.number(order), entry | {"state": "NOTPAY"})
        counter.pay(order)
        return close(*asked)

    monkeypatch.setattr(WeChat, "close", just_then)
    monkeypatch.setattr(WeChat, "query", lambda *_: Done(UNPAID))

    counter.wait(minutes=20)

    assert counter.word(order) == "delivered"


UNPAID = providers.Unpaid()


def test_a_start_that_wechat_refuses_is_told_and_one_that_is_lost_is_made_once(counter: Counter) -> None:
    counter.office.ill("lost", on="start", times=1)
    order = counter.shop.place()
    counter.shop.start(order)
    counter.wait(seconds=5)

    (attempt,) = counter.attempts()
    assert attempt.state is AttemptState.OPEN
    assert len(counter.office.gateway.book.all("order")) == 1


# Giving back -----------------------------------------------------------------------------------------------------


@pytest.fixture
def bought(counter: Counter) -> Order:
    order = counter.order()
    counter.pay(order)
    assert counter.bring() == [TAKEN]
    return order


def test_a_refund_is_done_when_wechat_has_done_it(counter: Counter, bought: Order) -> None:
    counter.office.gateway.refund_seconds = 5
    counter.refund(bought)
    assert counter.paybacks(bought) == [PaybackState.ASKED]

    counter.wait(minutes=30)

    assert counter.paybacks(bought) == [PaybackState.DONE]
    assert counter.shop.order(bought).payment is Payment.REFUNDED


def test_news_of_a_refund_makes_us_ask_at_once_and_never_pays(counter: Counter, bought: Order) -> None:
    counter.office.gateway.refund_seconds = 0.05
    counter.refund(bought)
    counter.office.ahead = 1

    assert counter.bring() == [TAKEN]
    counter.shop.drain()

    assert counter.paybacks(bought) == [PaybackState.DONE]
    assert [state for state, _ in counter.states()] == [APPLIED, HEARD]
    assert sold(counter, bought)[0] == 0


def test_a_refund_that_the_payers_account_cannot_take_waits_for_a_person(counter: Counter, bought: Order) -> None:
    counter.office.ill("abnormal")

    counter.refund(bought)

    assert counter.paybacks(bought) == [PaybackState.REFUSED]
    (stuck,) = counter.shop.read(lambda: paying.list_stuck_paybacks(limit=9))
    assert stuck.reason.startswith("ABNORMAL: the payer's account cannot take it")


@pytest.mark.parametrize("fault", ["lost", "down", "forged"])
def test_a_refund_whose_answer_is_lost_is_made_once(counter: Counter, bought: Order, fault: str) -> None:
    counter.office.ill(fault, on="refund", times=1)
    counter.refund(bought)

    for _ in range(6):
        counter.wait(minutes=10)

    assert counter.paybacks(bought) == [PaybackState.DONE]
    assert len(counter.office.gateway.book.all("refund")) == 1


def test_the_same_notice_after_a_refund_changes_nothing(counter: Counter, bought: Order) -> None:
    counter.refund(bought)
    counter.office.letters()

    assert counter.post(counter.letter(bought)) == TAKEN

    assert counter.states()[0] == (APPLIED, "")
    assert counter.paybacks(bought) == [PaybackState.DONE]


# The account -----------------------------------------------------------------------------------------------------


def test_keys_lie_sealed_and_wrong_ones_are_not_taken(counter: Counter) -> None:
    method = counter.shop.read(lambda: paying.list_methods_by_id([counter.shop.method_id])[counter.shop.method_id])
    keys = counter.office.gateway.keys

    kept = f"{method.credentials!r}{method.settings}{method.account}"
    assert not any(text in kept for text in (keys.api_v3_key, keys.app_secret, keys.private_key[40:80]))
    with pytest.raises(Invalid):
        connect(counter.shop, account_of(api_v3_key="short"))


def test_who_wants_to_pay_is_forgotten_once_the_page_is_there(counter: Counter) -> None:
    order, shop, now = counter.shop.place(), counter.shop, clock.now()
    pages = payments.Pages("http://127.0.0.1:1/hooks/", "http://127.0.0.1:1/o/x")
    place = payments.Place(Scene.WECHAT, payer="oVerySecretBuyer", ip="203.0.113.7")
    begun = shop.write(
        lambda: payments.start(
            orders.get(order.id), shop.method_id, pages, subject="x", now=now, by=SYSTEM, place=place
        )
    )
    effects.perform(shop.merchant_id, [begun.effect_id], within=5)

    (attempt,) = counter.attempts()
    assert (attempt.state, attempt.payer, attempt.ip) == (AttemptState.OPEN, "", "")
    assert "oVerySecretBuyer" not in attempt.url
