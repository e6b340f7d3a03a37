"""What gateways tell us, over HTTP: it counts once, and only when it is authentic, whole and meant for us."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.entitlements import queries as entitled
from app.kit import clock, db, events
from app.ledger import queries as ledger
from app.orders.models import Fulfilment, Order, Payment
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.errors import SandboxOnly
from app.payments.models import Method, Notice, NoticeState
from app.payments.queries import Wire
from app.web.dispatch import Miaofa
from tests.make import GATEWAY, Shop, at_once, make_shop
from tests.make import Notice as Sent

SUCCESS = (200, "success")


def hook(shop: Shop) -> str:
    """Return the address that the shop gave its gateway."""
    method: Method = shop.read(lambda: db.get(Method, shop.method_id))
    return f"/hooks/{method.hook_token}"


def send(shop: Shop, notice: Sent, **changes: Any) -> tuple[int, str]:
    """Post a notice to the shop's hook as the gateway does and return the answer."""
    headers = notice.headers() | changes.pop("headers", {})
    answer = shop.app.test_client().post(hook(shop), data=changes.pop("body", notice.body), headers=headers)
    return answer.status_code, answer.get_data(as_text=True)


def notices(shop: Shop) -> Sequence[Notice]:
    return shop.read(lambda: db.session().scalars(select(Notice).order_by(Notice.at, Notice.id)).all())


def assert_nothing_applied(shop: Shop, order: Order) -> None:
    assert shop.order(order).payment is Payment.PENDING
    assert shop.stock()["sold"] == 0
    assert not shop.read(lambda: entitled.list_of_order(order.id))
    assert not shop.read(lambda: ledger.list_entries("sale", order.id))


def assert_sold_once(shop: Shop, order: Order) -> None:
    assert shop.order(order).payment is Payment.PAID
    assert len(shop.read(lambda: entitled.list_of_order(order.id))) == 1
    assert len(shop.read(lambda: ledger.list_entries("sale", order.id))) == 4
    names = [row.name for row in shop.read(lambda: events.timeline(order_id=order.id))]
    assert names.count("order.paid") == names.count("order.delivered") == 1


class Raw(Sent):
    """A notice whose body is whatever somebody signed."""

    raw = b""

    @property
    def body(self) -> bytes:
        return self.raw


@pytest.fixture
def order(shop: Shop) -> Order:
    shop.codes(3)
    return shop.place()


def test_an_authentic_notice_pays_and_is_answered_in_the_gateways_word(shop: Shop, order: Order) -> None:
    assert send(shop, shop.notice(order)) == SUCCESS

    assert_sold_once(shop, order)
    assert [notice.state for notice in notices(shop)] == [NoticeState.APPLIED]


def test_the_same_notice_a_hundred_times_at_once_counts_once(shop: Shop, order: Order) -> None:
    notice = shop.notice(order)

    answers = at_once([lambda: send(shop, notice)] * 100)

    assert set(answers) == {SUCCESS}
    assert_sold_once(shop, order)
    assert shop.stock()["sold"] == 1
    assert [notice.state for notice in notices(shop)] == [NoticeState.APPLIED]


@pytest.mark.parametrize(
    "headers",
    [
        {"Test-Gateway-Signature": "0" * 64},
        {"Test-Gateway-Signature": ""},
        {"Test-Gateway-Signature": "é"},
        {"Test-Gateway-Timestamp": "yesterday"},
        {"Test-Gateway-Timestamp": ""},
        {"Test-Gateway-Timestamp": "9" * 400},
        {"Test-Gateway-Timestamp": "٣"},
    ],
)
def test_a_forged_notice_is_stored_as_refused_and_changes_nothing(
    shop: Shop, order: Order, headers: dict[str, str]
) -> None:
    wire = {name: text.encode().decode("latin-1") for name, text in headers.items()}
    status, said = send(shop, shop.notice(order), headers=wire)

    assert (status, said) == (400, "fail")
    assert_nothing_applied(shop, order)
    assert [notice.state for notice in notices(shop)] == [NoticeState.REFUSED]


def test_a_changed_body_no_longer_fits_its_signature(shop: Shop, order: Order) -> None:
    notice = shop.notice(order)

    answer = send(shop, notice, body=notice.body.replace(b"1999", b"9999"))

    assert answer == (400, "fail")
    assert_nothing_applied(shop, order)


def test_another_merchants_key_signs_nothing_here(shop: Shop, other: Shop, order: Order) -> None:
    notice = shop.notice(order)
    notice.key = GATEWAY.credentials_of(other.slug).expose()

    assert send(shop, notice) == (400, "fail")
    assert_nothing_applied(shop, order)


def test_a_notice_for_another_merchant_number_is_refused(shop: Shop, other: Shop, order: Order) -> None:
    assert send(shop, shop.notice(order, merchant_no=other.slug)) == (400, "fail")

    assert_nothing_applied(shop, order)
    assert "another merchant" in notices(shop)[0].reason


def test_a_notice_about_another_shops_order_pays_nothing(shop: Shop, other: Shop, order: Order) -> None:
    other.codes(1)
    theirs = other.place()
    said = other.notice(theirs).said | {"merchant_no": shop.slug}

    assert send(shop, Sent(shop, said)) == SUCCESS  # authentic, so stored and not asked for again

    assert_nothing_applied(other, theirs)
    assert [(notice.state, notice.reason) for notice in notices(shop)] == [(NoticeState.REFUSED, "no such tender")]


def test_an_old_notice_is_not_believed(shop: Shop, order: Order) -> None:
    notice = shop.notice(order)
    headers = notice.headers(clock.now() - timedelta(hours=1))

    assert send(shop, notice, headers=headers) == (400, "fail")
    assert_nothing_applied(shop, order)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": 1998}, "wrong amount"),
        ({"amount": 1}, "wrong amount"),
        ({"amount": 2000}, "wrong amount"),
        ({"currency": "USD"}, "wrong currency"),
        ({"out_trade_no": "0" * 26}, "no such tender"),
        ({"out_trade_no": "not a number of ours"}, "no such tender"),
    ],
)
def test_wrong_money_is_stored_and_pays_nothing_and_the_right_one_still_does(
    shop: Shop, order: Order, changes: dict[str, Any], reason: str
) -> None:
    assert send(shop, shop.notice(order, trade_no="TG-wrong", **changes)) == SUCCESS

    assert_nothing_applied(shop, order)
    assert [(notice.state, notice.reason) for notice in notices(shop)] == [(NoticeState.REFUSED, reason)]
    assert send(shop, shop.notice(order, trade_no="TG-right")) == SUCCESS
    assert_sold_once(shop, order)


def test_a_notice_of_no_money_for_a_paid_order_is_on_record_and_sends_nothing_back(shop: Shop, order: Order) -> None:
    shop.pay(order)

    assert send(shop, shop.notice(order, trade_no="TG-nothing", amount=0)) == SUCCESS

    assert sorted(notice.reason for notice in notices(shop)) == ["", "wrong amount"]
    assert not any(notice.is_misfit for notice in notices(shop))
    assert_sold_once(shop, order)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "1999"},
        {"amount": 19.99},
        {"amount": -1999},
        {"amount": None},
        {"currency": "yuan"},
        {"status": "waiting"},
    ],
)
def test_a_signed_notice_that_says_nonsense_is_refused(shop: Shop, order: Order, changes: dict[str, Any]) -> None:
    send(shop, shop.notice(order, **changes))

    assert_nothing_applied(shop, order)
    assert [notice.state for notice in notices(shop)] == [NoticeState.REFUSED]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\x00\xfe", b"null", b'"x"'])
def test_a_signed_body_that_is_no_notice_is_refused(shop: Shop, order: Order, body: bytes) -> None:
    notice = Raw(shop, {})
    notice.raw = body

    assert send(shop, notice) == (400, "fail")
    assert_nothing_applied(shop, order)


def test_a_second_payment_of_one_order_is_kept_as_surplus(shop: Shop, order: Order) -> None:
    send(shop, shop.notice(order, trade_no="TG-1"))

    assert send(shop, shop.notice(order, trade_no="TG-2")) == SUCCESS

    assert_sold_once(shop, order)
    assert [notice.state for notice in notices(shop)] == [NoticeState.APPLIED, NoticeState.SURPLUS]
    names = [row.name for row in shop.read(lambda: events.timeline(order_id=order.id))]
    assert names.count("notice.surplus") == 1


def test_money_after_the_time_still_brings_a_code(shop: Shop, order: Order) -> None:
    with clock.running(lambda: clock._system() + timedelta(days=3)):
        assert send(shop, shop.notice(order)) == SUCCESS

    assert shop.order(order).fulfilment is Fulfilment.DONE


def test_a_batch_of_notices_is_applied_like_each_alone(shop: Shop) -> None:
    shop.codes(10)
    orders = [shop.place() for _ in range(4)]
    channel = shop.read(lambda: paying.get_channel(shop.method_id))
    sent = [shop.notice(order) for order in orders] + [
        shop.notice(orders[0]),  # the same again
        shop.notice(orders[1], trade_no="TG-again"),  # paid twice
        shop.notice(orders[2], trade_no="TG-short", amount=5),
    ]
    arrived = [payments.verify(channel, Wire(notice.headers(), notice.body), now=clock.now()) for notice in sent]

    assert shop.write(lambda: payments.apply(arrived))

    assert [shop.order(order).fulfilment for order in orders] == [Fulfilment.DONE] * 4
    states = sorted(notice.state for notice in notices(shop))
    assert states == [NoticeState.APPLIED] * 4 + [NoticeState.SURPLUS] * 2
    assert shop.stock()["sold"] == 4


def test_an_unknown_hook_is_not_found_in_json(shop: Shop) -> None:
    answer = shop.app.test_client().post("/hooks/nobody-knows-this", data=b"{}")

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_giant_body_is_refused_before_it_is_read(shop: Shop, order: Order) -> None:
    status, _ = send(shop, shop.notice(order), body=b"x" * 1_000_000)

    assert status in {400, 413}
    assert_nothing_applied(shop, order)


def test_a_shop_that_is_no_sandbox_has_no_test_payment(app: Miaofa) -> None:
    shop = make_shop(app, sandbox=False)

    with pytest.raises(SandboxOnly):
        shop.write(lambda: payments.add_method(provider_name="test", account=GATEWAY.account_of("x"), now=clock.now()))


def test_credentials_are_sealed_and_no_notice_keeps_a_key(shop: Shop, order: Order) -> None:
    send(shop, shop.notice(order))
    key = GATEWAY.credentials_of(shop.slug).expose()

    method: Method = shop.read(lambda: db.get(Method, shop.method_id))
    assert key.encode() not in method.credentials
    assert all(key not in notice.body for notice in notices(shop))
    assert isinstance(method.id, UUID)
