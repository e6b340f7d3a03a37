"""What Alipay tells us, through the shop's hook and on both engines: it counts once, whatever goes wrong (B1.4)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.entitlements import queries as entitled
from app.kit import clock, effects, events
from app.kit.events import SYSTEM
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.models import Order, Payment
from app.payments import providers
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.errors import LiveOnly
from app.payments.models import NoticeState, PaybackState
from app.payments.providers.alipay import Alipay
from simulators.alipay.keys import Keys
from tests.make import GATEWAY, Shop, at_once
from tests.payments import alipay
from tests.payments.alipay import FAIL, SUCCESS, Till, fields_of, form, trading
from tests.payments.gate import inbox
from tests.payments.market import rows

till = alipay.till


@pytest.fixture
def order(till: Till) -> Order:
    till.shop.codes(3)
    return till.shop.place()


@pytest.fixture
def paid(till: Till, order: Order) -> bytes:
    """The notice of a payment that nobody has brought yet."""
    till.buy(order)
    letter = till.bank.post.take()
    assert letter
    return letter.notice.body


def assert_sold_once(till: Till, order: Order) -> None:
    assert till.shop.order(order).payment is Payment.PAID
    assert len(till.shop.read(lambda: entitled.list_of_order(order.id))) == 1
    assert till.shop.read(ledger.check) == []
    names = [row.name for row in till.shop.read(lambda: events.timeline(order_id=order.id))]
    assert names.count("order.paid") == 1


def assert_nothing_applied(till: Till, order: Order) -> None:
    assert till.shop.order(order).payment is Payment.PENDING
    assert till.shop.stock()["sold"] == 0


def states(till: Till) -> list[NoticeState]:
    return [notice.state for notice in inbox(till.shop)]


def test_a_payment_is_told_and_answered_with_seven_letters(till: Till, order: Order, paid: bytes) -> None:
    assert till.post(paid) == SUCCESS

    assert_sold_once(till, order)
    (notice,) = inbox(till.shop)
    assert (notice.state, notice.detail) == (NoticeState.APPLIED, "ALIPAYACCOUNT")
    assert notice.payer_index


@pytest.mark.both_engines
def test_a_notice_comes_a_hundred_times_at_once_and_counts_once(till: Till, order: Order, paid: bytes) -> None:
    assert set(at_once([lambda: till.post(paid)] * 100)) == {SUCCESS}

    assert_sold_once(till, order)
    assert states(till) == [NoticeState.APPLIED]


def test_who_paid_is_not_kept_in_clear(till: Till, paid: bytes) -> None:
    assert b"2088000000000001" in paid
    till.post(paid)
    till.post(paid.replace(b"19.99", b"19.98"))

    assert len(inbox(till.shop)) == 2
    for notice in inbox(till.shop):
        assert "buyer_id=…&" in notice.body
        assert "2088000000000001" not in notice.body
        assert (
            "158" not in notice.body.partition("sign=")[0].partition("notify_id")[0].partition("buyer_logon_id")[2][:8]
        )


def test_a_notice_three_days_late_still_brings_a_code(till: Till, order: Order, paid: bytes) -> None:
    till.watch.ahead = timedelta(days=3)

    assert till.post(paid) == SUCCESS
    assert till.word(order) == "delivered"


def test_a_notice_after_the_order_expired_still_brings_a_code(till: Till, order: Order) -> None:
    """The trade is closed at Alipay when its time is up, so nobody can pay later; a payment before may be told late."""
    till.bank.ill("silent")
    till.buy(order)
    till.bank.ill("down", on=["query", "close"])
    till.wait(minutes=16)
    assert (till.shop.order(order).closed.name, till.shop.stock()["held"]) == ("OPEN", 1)

    till.bank.well()
    till.wait(hours=1)

    assert till.word(order) == "delivered"
    assert_sold_once(till, order)


def test_notices_of_two_orders_in_the_wrong_order_each_find_theirs(till: Till, order: Order) -> None:
    second = till.shop.place()
    for one in (order, second):
        till.buy(one)
    till.bank.post.letters.reverse()

    assert till.bring() == [SUCCESS, SUCCESS]
    assert (till.word(order), till.word(second)) == ("delivered", "delivered")


@pytest.mark.parametrize(
    ("changes", "said", "reason"),
    [
        ({"total_amount": "19.98"}, SUCCESS, "wrong amount"),
        ({"total_amount": "20.00"}, SUCCESS, "wrong amount"),
        ({"app_id": "2014072300007148"}, FAIL, "another application"),
        ({"seller_id": "2088999999999999"}, FAIL, "another seller"),
        ({"out_trade_no": "0" * 26}, SUCCESS, "no such tender"),
        ({"out_trade_no": "not_ours"}, SUCCESS, "no such tender"),
    ],
)
def test_wrong_money_or_somebody_elses_is_kept_and_pays_nothing_and_the_right_one_still_does(
    till: Till, order: Order, paid: bytes, changes: dict[str, str], said: tuple[int, str], reason: str
) -> None:
    wrong = fields_of(paid) | changes | {"trade_no": "2026000000000000000000000009"}

    assert till.post(form(wrong)) == said

    assert_nothing_applied(till, order)
    assert [(notice.state, notice.reason) for notice in inbox(till.shop)] == [(NoticeState.REFUSED, reason)]
    assert till.post(paid) == SUCCESS
    assert_sold_once(till, order)


def test_another_keys_signature_is_forged_and_alipay_would_tell_again(till: Till, order: Order, paid: bytes) -> None:
    assert till.post(form(fields_of(paid), key=Keys.make().alipay_private)) == FAIL

    assert_nothing_applied(till, order)
    assert states(till) == [NoticeState.REFUSED]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("short", "wrong amount"),
        ("other_app", "another application"),
        ("other_seller", "another seller"),
        ("forged", "wrong signature"),
    ],
)
def test_a_gateway_that_tells_nonsense_pays_nothing_by_it(till: Till, order: Order, fault: str, reason: str) -> None:
    till.bank.ill(fault, on="notice", times=1)
    till.buy(order)
    till.bring()

    assert_nothing_applied(till, order)
    assert inbox(till.shop)[0].reason == reason


def test_what_was_refused_is_told_eight_times_in_a_day(till: Till, order: Order) -> None:
    till.bank.ill("forged", on="notice", times=1)
    till.buy(order)
    tries = 0
    for _ in range(30):
        tries += len(till.bring())
        till.watch.ahead += timedelta(hours=1)

    assert tries == 8


def test_a_gateway_that_is_silent_is_asked_before_anybody_waits_long(till: Till, order: Order) -> None:
    till.bank.ill("silent")
    till.buy(order)
    assert till.word(order) == "pending"

    till.wait(seconds=21)

    assert till.word(order) == "delivered"
    assert_sold_once(till, order)


def test_a_gateway_that_was_away_for_minutes_is_asked_again_when_it_is_back(till: Till, order: Order) -> None:
    till.bank.ill("silent")
    till.bank.ill("down", on="query")
    till.buy(order)
    for _ in range(6):
        till.wait(seconds=30)
    assert till.word(order) == "pending"

    till.bank.well()
    for _ in range(6):
        till.wait(seconds=30)

    assert till.word(order) == "delivered"


def test_a_notice_after_the_answer_of_the_same_payment_counts_no_second_time(
    till: Till, order: Order, paid: bytes
) -> None:
    till.wait(seconds=21)
    assert till.word(order) == "delivered"

    assert till.post(paid) == SUCCESS
    assert_sold_once(till, order)
    assert states(till) == [NoticeState.APPLIED]


# Money that goes back ---------------------------------------------------------------------------------------------


def pay_another(till: Till, order: Order) -> None:
    """Let an order that was paid another way be paid through Alipay as well."""
    page = till.start(order)
    till.shop.pay(order)
    till.bank.press(page)
    till.bring()


def test_money_that_came_twice_goes_back_and_the_notice_of_that_is_no_second_payment(till: Till, order: Order) -> None:
    pay_another(till, order)
    till.shop.drain()
    trade = till.bank.trade(till.number(order))
    assert (trade.refunded, trade.status) == (1999, "TRADE_CLOSED")

    assert till.bring() == [SUCCESS]

    assert NoticeState.HEARD in states(till)
    assert_sold_once(till, order)
    (payback,) = till.shop.read(lambda: paying.list_paybacks_of_order(order.id))
    assert payback.state is PaybackState.DONE
    assert till.bank.trade(till.number(order)).refunded == 1999


@pytest.mark.parametrize("fault", ["lost", "dropped", "busy", "down", "forged"])
def test_a_refund_that_nobody_heard_of_is_asked_about_and_made_once(till: Till, order: Order, fault: str) -> None:
    till.bank.ill(fault, on="refund", times=1)
    pay_another(till, order)

    till.shop.drain()
    till.wait(minutes=5)

    (payback,) = till.shop.read(lambda: paying.list_paybacks_of_order(order.id))
    assert payback.state is PaybackState.DONE
    assert till.bank.trade(till.number(order)).refunded == 1999


def test_a_notice_of_a_part_that_went_back_at_alipays_own_site_pays_nothing_and_makes_us_ask(
    till: Till, order: Order, paid: bytes
) -> None:
    """The payment's own notice got lost; what is told first is a refund somebody made by hand."""
    refund = fields_of(paid) | {"refund_fee": "5.00", "gmt_refund": "2026-01-02 03:04:05.123", "out_biz_no": "by hand"}

    assert till.post(form(refund)) == SUCCESS
    assert states(till) == [NoticeState.HEARD]
    assert_nothing_applied(till, order)

    till.shop.drain()
    assert till.word(order) == "delivered"


def test_a_trade_that_finishes_months_later_is_no_second_payment(till: Till, order: Order) -> None:
    till.buy(order)
    till.bring()
    till.bank.gateway.finish(till.number(order))

    assert till.bring() == [SUCCESS]
    assert_sold_once(till, order)
    assert states(till) == [NoticeState.APPLIED]


# Ends ------------------------------------------------------------------------------------------------------------


def test_what_nobody_paid_is_closed_there_and_its_stock_is_free(till: Till, order: Order) -> None:
    page = till.start(order)
    till.bank.press(page, "enter")

    till.wait(minutes=16)

    assert (till.word(order), till.shop.stock()["available"]) == ("expired", 3)
    assert till.bank.press(page).status_code == 400
    assert till.bank.trade(till.number(order)).status == "TRADE_CLOSED"


def test_what_alipay_never_saw_frees_its_stock_too(till: Till, order: Order) -> None:
    page = till.start(order)

    till.wait(minutes=16)

    assert (till.word(order), till.shop.stock()["available"]) == ("expired", 3)
    assert till.bank.press(page).status_code == 400


def test_cancelling_what_was_paid_just_then_delivers_it(till: Till, order: Order) -> None:
    till.bank.ill("silent")
    till.buy(order)

    asked = till.shop.write(lambda: payments.cancel(orders.get(order.id), now=clock.now(), by=SYSTEM))
    effects.perform(till.shop.merchant_id, asked, within=5)

    assert till.word(order) == "delivered"


def test_who_pays_after_cancelling_still_gets_a_code(till: Till, order: Order) -> None:
    """Alipay knew nothing of the trade when it was cancelled, and its page stood open."""
    page = till.start(order)
    asked = till.shop.write(lambda: payments.cancel(orders.get(order.id), now=clock.now(), by=SYSTEM))
    effects.perform(till.shop.merchant_id, asked, within=5)
    assert till.word(order) == "cancelled"

    till.bank.press(page)
    assert till.bring() == [SUCCESS]

    assert till.word(order) == "delivered"


def test_while_our_keys_are_wrong_stock_is_held_and_a_person_is_told(till: Till, order: Order) -> None:
    till.bank.ill("skewed", on=["query", "close"])
    till.start(order)
    for _ in range(6):
        till.wait(hours=6)

    assert till.shop.stock()["held"] == 1
    assert len(till.shop.read(lambda: paying.list_silent_attempts(limit=9))) == 1


def test_the_log_holds_no_signature_and_no_key(till: Till, order: Order, capsys: pytest.CaptureFixture[str]) -> None:
    till.buy(order)
    till.wait(seconds=21)

    said = "".join(capsys.readouterr())
    assert "sign=" not in said
    assert "PRIVATE" not in said
    assert "2088000000000001" not in said


# Certificates, a code to scan -------------------------------------------------------------------------------------


@pytest.fixture
def certified(shop: Shop) -> Iterator[Till]:
    with trading(shop, mode="cert", desktop="qr") as till:
        yield till


def test_with_certificates_a_scanned_code_is_paid_and_told(certified: Till) -> None:
    certified.shop.codes(1)
    order = certified.shop.place()
    page = certified.start(order)
    assert "/qr/" in page

    certified.bank.press(page)

    assert certified.bring() == [SUCCESS]
    assert certified.word(order) == "delivered"


def test_a_live_account_is_not_for_a_sandbox(shop: Shop) -> None:
    providers.configure({"alipay": Alipay()})
    try:
        with pytest.raises(LiveOnly):
            shop.write(lambda: payments.add_method(provider_name="alipay", account=alipay.account(), now=clock.now()))
    finally:
        providers.configure({"test": GATEWAY})
    assert len(shop.read(lambda: rows(paying.Method))) == 1
