"""Notices of WeChat Pay through the shop's own door, of every kind (B1.4), on both engines."""

from datetime import timedelta

import pytest

from app.kit import clock, crypto, effects
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.orders.models import Fulfilment
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import PaybackState
from app.payments.queries import Scene
from simulators.wechat.keys import make_keys
from simulators.wechat.notices import Letter, Writer
from tests.make import Shop, at_once
from tests.payments.gate import inbox
from tests.payments.wechat import account_of
from tests.payments.wechat_counter import (
    APPLIED,
    NOT_TAKEN,
    NOTHING,
    ONCE,
    REFUSED,
    SURPLUS,
    TAKEN,
    Counter,
    connect,
    sold,
)

# Notices ---------------------------------------------------------------------------------------------------------


def test_a_payment_is_told_once_and_delivered(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order, bank="ICBC_ECNY")

    assert counter.bring() == [TAKEN]

    assert sold(counter, order) == ONCE
    (notice,) = inbox(counter.shop)
    assert (notice.state, notice.detail, notice.amount) == (APPLIED, "ICBC_ECNY", 1999)


def test_who_paid_is_kept_as_a_blind_index_alone(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order, openid="oVerySecretBuyer")
    counter.bring()

    (notice,) = inbox(counter.shop)
    index = counter.shop.read(lambda: crypto.fingerprint_key("payer").fingerprint("oVerySecretBuyer"))
    assert notice.payer_index == index
    assert "oVerySecretBuyer" not in notice.body
    assert "ciphertext" in notice.body


@pytest.mark.both_engines
def test_the_same_notice_a_hundred_times_at_once_counts_once(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order)
    letters = [counter.letter(order) for _ in range(100)]

    answers = at_once([lambda letter=letter: counter.post(letter) for letter in letters])  # type: ignore[misc]

    assert set(answers) == {TAKEN}
    assert sold(counter, order) == ONCE
    assert counter.states() == [(APPLIED, "")]


def test_notices_come_out_of_order_and_three_days_late(counter: Counter) -> None:
    placed = [counter.order() for _ in range(3)]
    for order in placed:
        counter.pay(order)
    counter.wait(days=3)
    letters = [counter.letter(order) for order in placed]

    assert [counter.post(letter) for letter in letters[::-1] * 2] == [TAKEN] * 6

    assert [counter.shop.order(order).fulfilment for order in placed] == [Fulfilment.DONE] * 3
    assert counter.shop.stock()["sold"] == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("forged", "wrong signature"),
        ("missealed", "not sealed with our APIv3 key"),
        ("other_merchant", "another merchant"),
        ("other_app", "another app"),
        ("stale", "seconds away from our clock"),
    ],
)
def test_a_false_notice_changes_nothing_and_the_true_one_still_counts(
    counter: Counter, fault: str, reason: str
) -> None:
    order = counter.order()
    counter.pay(order)
    counter.office.letters()
    counter.office.ill(fault, on="notice", times=1)

    assert counter.post(counter.letter(order)) == NOT_TAKEN
    assert sold(counter, order) == NOTHING
    ((state, told),) = counter.states()
    assert state is REFUSED
    assert reason in told

    assert counter.post(counter.letter(order)) == TAKEN
    assert sold(counter, order) == ONCE


def test_a_probe_is_refused_as_wechat_wants(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order)
    letter = counter.letter(order)
    probe = counter.office.gateway.sender.writer.signed(letter.body, place="probe", probe=True)

    assert counter.post(Letter(letter.url, probe, letter.body)) == NOT_TAKEN

    assert sold(counter, order) == NOTHING
    assert counter.states() == [(REFUSED, "a probe with a false signature")]


def test_the_keys_of_another_merchant_sign_nothing_here(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order)
    office = counter.office
    stranger = Writer(make_keys(office.gateway.keys.mchid), office.faults, office.gateway.clock)
    true = counter.letter(order)

    forged = Letter(true.url, stranger.signed(true.body, place="x"), true.body)

    assert counter.post(forged) == NOT_TAKEN
    assert sold(counter, order) == NOTHING


def test_a_wrong_amount_is_kept_for_people_and_the_right_one_still_pays(counter: Counter) -> None:
    order = counter.order()
    counter.pay(order)
    counter.office.letters()
    counter.office.ill("short", on="notice", times=1)

    assert counter.post(counter.letter(order)) == TAKEN
    assert sold(counter, order) == NOTHING
    assert counter.states() == [(REFUSED, "wrong amount")]

    assert counter.post(counter.letter(order)) == TAKEN
    assert sold(counter, order) == ONCE


def test_a_notice_brought_to_another_shops_door_pays_nothing(counter: Counter, other: Shop) -> None:
    other.codes(1)
    other.method_id = connect(other, account_of())
    order = counter.order()
    counter.pay(order)
    letter = counter.letter(order)
    token = other.read(lambda: paying.list_methods_by_id([other.method_id])[other.method_id].hook_token)

    assert counter.post(Letter(f"{letter.url.rpartition('/')[0]}/{token}", letter.headers, letter.body)) == TAKEN

    assert [(notice.state, notice.reason) for notice in inbox(other)] == [(REFUSED, "no such tender")]
    assert sold(counter, order) == NOTHING


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_off_by_ten_minutes_refuses_notices_until_it_is_right(counter: Counter, minutes: int) -> None:
    order = counter.order()
    counter.pay(order)
    counter.ahead = timedelta(minutes=minutes)
    assert counter.bring() == [NOT_TAKEN]
    assert "seconds away from our clock" in counter.states()[0][1]

    counter.ahead = timedelta()
    assert counter.post(counter.letter(order)) == TAKEN
    assert sold(counter, order) == ONCE


def test_money_that_comes_twice_from_two_phones_goes_back(counter: Counter) -> None:
    order = counter.order()
    place = payments.Place(Scene.MOBILE, ip="203.0.113.7")
    shop, now = counter.shop, clock.now()
    pages = payments.Pages("http://127.0.0.1:1/hooks/", "http://127.0.0.1:1/o/x")
    begin = lambda: payments.start(  # noqa: E731
        orders.get(order.id), shop.method_id, pages, subject="Card", now=now, by=SYSTEM, place=place
    )
    effects.perform(shop.merchant_id, [shop.write(begin).effect_id], within=5)
    counter.pay(order)
    counter.office.pay(counter.number(order).replace("-N", "-H"))

    assert counter.bring() == [TAKEN, TAKEN]
    shop.drain()

    assert [state for state, _ in counter.states()] == [APPLIED, SURPLUS]
    assert sold(counter, order) == ONCE
    assert counter.paybacks(order) == [PaybackState.DONE]
