"""Notices come twice, late, torn, from strangers and all at once; an order is paid once or not at all (B1.4)."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app import create_app
from app.entitlements import queries as entitled
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.ledger import queries as ledger
from app.merchants.models import Directory
from app.orders.models import Fulfilment, Order, Payment
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.errors import SandboxOnly
from app.payments.models import Method, NoticeState
from app.payments.queries import Wire
from app.refunds import service as refunds
from tests.make import GATEWAY, Notice, Shop, at_once, make_shop
from tests.payments.gate import FAIL, SUCCESS, inbox, post, send

APPLIED, REFUSED, SURPLUS = NoticeState.APPLIED, NoticeState.REFUSED, NoticeState.SURPLUS


@pytest.fixture
def order(shop: Shop) -> Order:
    shop.codes(3)
    return shop.place()


def sold(shop: Shop, order: Order) -> tuple[int, int, int]:
    """Count codes sold, entitlements and ledger entries of an order."""
    owned = shop.read(lambda: entitled.list_of_order(order.id))
    entries = shop.read(lambda: ledger.list_entries("sale", order.id))
    return shop.stock()["sold"], len(owned), len(entries)


NOTHING, ONCE = (0, 0, 0), (1, 1, 4)


def test_true_and_false_notices_at_once_make_one_sale_and_each_is_on_record(
    shop: Shop, other: Shop, order: Order
) -> None:
    forged = shop.notice(order)
    forged.key = GATEWAY.credentials_of(other.slug).expose()
    wrong = [
        forged,
        shop.notice(order, amount=1, trade_no="TG-short"),
        shop.notice(order, currency="USD", trade_no="TG-dollars"),
        shop.notice(order, merchant_no=other.slug),
    ]
    true = shop.notice(order)

    answers = at_once([lambda notice=notice: send(notice) for notice in [true, *wrong] * 12])  # type: ignore[misc]

    assert sold(shop, order) == ONCE
    assert Counter(answers) == {SUCCESS: 36, FAIL: 24}
    states = Counter(notice.state for notice in inbox(shop))
    assert states[APPLIED] == 1
    assert states[REFUSED] + states[SURPLUS] >= 26
    assert inbox(other) == []


def test_the_same_notice_a_hundred_times_after_a_refund_changes_nothing(shop: Shop, order: Order) -> None:
    notice = shop.notice(order)
    assert send(notice) == SUCCESS
    shop.write(lambda: refunds.refund(order.id, reason="asked for", now=clock.now(), by=SYSTEM))

    answers = at_once([lambda: send(notice)] * 100)

    assert set(answers) == {SUCCESS}
    assert shop.order(order).payment is Payment.REFUNDED
    assert [kept.state for kept in inbox(shop)] == [APPLIED]
    assert len(shop.read(lambda: paying.list_paybacks_of_order(order.id))) == 1


def test_new_money_after_a_refund_goes_back_and_delivers_nothing(shop: Shop, order: Order) -> None:
    assert send(shop.notice(order)) == SUCCESS
    shop.write(lambda: refunds.refund(order.id, reason="asked for", now=clock.now(), by=SYSTEM))

    answers = at_once([lambda: send(shop.notice(order, trade_no="TG-again"))] * 10)

    assert set(answers) == {SUCCESS}
    assert shop.order(order).payment is Payment.REFUNDED
    assert shop.stock()["sold"] == 0
    assert [kept.state for kept in inbox(shop)] == [APPLIED, SURPLUS]
    assert len(shop.read(lambda: paying.list_paybacks_of_order(order.id))) == 2


def test_notices_of_three_days_out_of_order_and_at_once_pay_each_order_once(shop: Shop) -> None:
    shop.codes(9)
    now = clock.now()
    placed = [shop.place(at=now - timedelta(days=day)) for day in (3, 2, 1)]
    notices = [shop.notice(order) for order in placed]

    answers = at_once([lambda notice=notice: send(notice) for notice in notices[::-1] * 8])  # type: ignore[misc]

    assert set(answers) == {SUCCESS}
    assert [shop.order(order).fulfilment for order in placed] == [Fulfilment.DONE] * 3
    assert (len(inbox(shop)), shop.stock()["sold"]) == (3, 3)


def test_an_order_paid_twice_at_once_is_sold_once_and_the_rest_is_surplus(shop: Shop, order: Order) -> None:
    notices = [shop.notice(order, trade_no=f"TG-{number}") for number in range(8)]

    answers = at_once([lambda notice=notice: send(notice) for notice in notices])  # type: ignore[misc]

    assert answers == [SUCCESS] * 8
    assert sold(shop, order) == ONCE
    assert Counter(notice.state for notice in inbox(shop)) == {APPLIED: 1, SURPLUS: 7}
    assert shop.read(ledger.balances)["income:sales CNY"].minor == -1999


@pytest.mark.parametrize("changes", [{"amount": 1998}, {"amount": 2000}, {"currency": "USD"}], ids=str)
def test_a_notice_that_was_put_right_pays_under_the_same_trade_number(
    shop: Shop, order: Order, changes: dict[str, Any]
) -> None:
    assert send(shop.notice(order, **changes)) == SUCCESS
    assert sold(shop, order) == NOTHING

    assert send(shop.notice(order)) == SUCCESS

    assert sold(shop, order) == ONCE
    assert [notice.state for notice in inbox(shop)] == [REFUSED, APPLIED]


def test_what_was_refused_stays_on_record_with_its_words(shop: Shop, order: Order) -> None:
    send(shop.notice(order, amount=5))

    (kept,) = inbox(shop)
    assert (kept.amount, kept.currency, kept.reason) == (5, "CNY", "wrong amount")
    assert '"amount": 5' in kept.body


@pytest.mark.parametrize("missing", ["Test-Gateway-Timestamp", "Test-Gateway-Signature", "both"])
def test_a_notice_without_its_headers_is_refused(shop: Shop, order: Order, missing: str) -> None:
    notice = shop.notice(order)
    headers = {name: value for name, value in notice.headers().items() if missing not in {name, "both"}}

    assert post(shop, notice.body, headers) == FAIL

    assert sold(shop, order) == NOTHING
    assert [kept.state for kept in inbox(shop)] == [REFUSED]


def test_a_body_of_a_megabyte_is_refused_and_leaves_a_line_not_a_megabyte(shop: Shop, order: Order) -> None:
    status, said = post(shop, b"x" * 1_000_000, shop.notice(order).headers())

    assert status == 413
    assert "success" not in said
    assert sold(shop, order) == NOTHING
    (kept,) = inbox(shop)
    assert (kept.state, kept.reason) == (REFUSED, "too large")
    assert len(kept.body) < 100_000


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_notice_of_another_hour_is_not_believed(shop: Shop, order: Order, minutes: int) -> None:
    notice = shop.notice(order)

    assert post(shop, notice.body, notice.headers(clock.now() + timedelta(minutes=minutes))) == FAIL

    assert sold(shop, order) == NOTHING
    assert [(kept.state, kept.reason) for kept in inbox(shop)] == [(REFUSED, "too old")]


def test_money_that_comes_days_late_buys_another_code_or_waits_for_one(shop: Shop) -> None:
    shop.codes(1)
    now = clock.now()
    late = shop.place(at=now - timedelta(days=3))
    shop.place()  # somebody else has its code now

    assert send(shop.notice(late)) == SUCCESS

    paid = shop.order(late)
    assert (paid.payment, paid.fulfilment) == (Payment.PAID, Fulfilment.QUEUED)
    assert [kept.state for kept in inbox(shop)] == [APPLIED]


# A process may end between any two steps --------------------------------------------------------------------------


def test_after_a_restart_the_notice_counts_as_told(shop: Shop, order: Order) -> None:
    notice = shop.notice(order)
    send(notice)
    restarted = create_app(shop.app.config["MIAOFA"])

    assert send(notice, app=restarted) == SUCCESS

    assert sold(shop, order) == ONCE
    assert len(inbox(shop)) == 1


def test_a_process_that_ends_before_the_commit_has_told_nobody_and_the_next_try_pays(shop: Shop, order: Order) -> None:
    notice = shop.notice(order)
    channel = shop.read(lambda: paying.get_channel(shop.method_id))
    arrived = payments.verify(channel, Wire(notice.headers(), notice.body), now=clock.now())

    def die() -> None:
        payments.apply([arrived])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.write(die)

    assert (sold(shop, order), inbox(shop)) == (NOTHING, [])
    assert send(notice, app=create_app(shop.app.config["MIAOFA"])) == SUCCESS
    assert sold(shop, order) == ONCE


def test_two_processes_told_at_once_sell_once(shop: Shop, order: Order) -> None:
    twin = create_app(shop.app.config["MIAOFA"])
    notice = shop.notice(order)

    answers = at_once([lambda app=app: send(notice, app=app) for app in (shop.app, twin) * 10])  # type: ignore[misc]

    assert answers == [SUCCESS] * 20
    assert sold(shop, order) == ONCE


# Who may be paid by whom ------------------------------------------------------------------------------------------


def test_a_shop_that_is_no_sandbox_gets_no_test_payment_nor_an_address_for_it(shop: Shop) -> None:
    real = make_shop(shop.app, sandbox=False)

    def add() -> None:
        payments.add_method(provider_name="test", account=GATEWAY.account_of(real.slug), now=clock.now())

    with pytest.raises(SandboxOnly):
        real.write(add)

    hooks = select(func.count()).where(Directory.kind == "hook", Directory.merchant_id == real.merchant_id)
    assert real.read(lambda: db.session().scalar(hooks)) == 0
    assert real.read(lambda: db.session().scalar(select(func.count()).select_from(Method))) == 0


def test_a_notice_meant_for_one_shop_pays_nothing_at_the_hook_of_another(shop: Shop, other: Shop, order: Order) -> None:
    theirs = shop.notice(order)

    answer = post(other, theirs.body, theirs.headers())

    assert answer == FAIL
    assert sold(shop, order) == NOTHING
    assert [kept.reason for kept in inbox(other)] == ["wrong signature"]
    assert inbox(shop) == []


def test_ones_own_key_signs_no_payment_of_another_shop(shop: Shop, other: Shop, order: Order) -> None:
    said = shop.notice(order).said | {"merchant_no": other.slug}

    assert send(Notice(other, said)) == SUCCESS  # authentic, stored, and nobody's money here

    assert sold(shop, order) == NOTHING
    assert [(kept.state, kept.reason) for kept in inbox(other)] == [(REFUSED, "no such tender")]
