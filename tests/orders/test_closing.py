"""How unpaid orders end: cancelled by the buyer, run out, or paid after all; stock goes back once."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from app.entitlements import queries as entitled
from app.entitlements.models import State
from app.inventory.errors import SoldOut
from app.kit import clock, events
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.errors import NotCancellable, NotPayable
from app.orders.models import Closed, Fulfilment, Order, Payment, TenderState
from app.orders.rules import status
from tests.make import Shop, at_once


def cancel(shop: Shop, order: Order) -> None:
    shop.write(lambda: ordering.cancel(order.id, now=clock.now(), by=SYSTEM))


def start(shop: Shop, order: Order) -> UUID:
    """Start a payment without a gateway, and return its tender."""
    return shop.write(lambda: ordering.start_paying(order, shop.method_id, now=clock.now()).id)


def close(shop: Shop, *placed: Order, how: Closed = Closed.EXPIRED, unstarted: bool = False) -> Sequence[UUID]:
    ids = [order.id for order in placed]
    return shop.write(lambda: ordering.close_unpaid(ids, how=how, now=clock.now(), unstarted=unstarted))


def happened(shop: Shop, order: Order) -> list[str]:
    return [row.name for row in shop.read(lambda: events.timeline(order_id=order.id))]


def test_a_cancelled_order_gives_its_stock_back_at_once(shop: Shop) -> None:
    shop.codes(2)
    order = shop.place(2)

    cancel(shop, order)

    assert status(shop.order(order), now=clock.now()) == "cancelled"
    assert happened(shop, order)[-1] == "order.cancelled"
    shop.place(2)
    assert shop.stock()["held"] == 2


def test_an_order_is_cancelled_once(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    cancel(shop, order)

    with pytest.raises(NotCancellable):
        cancel(shop, order)

    assert happened(shop, order).count("order.cancelled") == 1


def test_a_paid_order_is_not_cancelled(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    shop.pay(order)

    with pytest.raises(NotCancellable):
        cancel(shop, order)

    assert shop.order(order).closed is Closed.OPEN


def test_an_order_whose_payment_was_started_keeps_its_stock_until_the_gateway_said_no(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    start(shop, order)

    with pytest.raises(NotCancellable):
        cancel(shop, order)
    assert close(shop, order, unstarted=True) == []
    with clock.running(lambda: clock._system() + timedelta(days=1)), pytest.raises(SoldOut):
        shop.place()

    assert close(shop, order) == [order.id]
    shop.place()
    assert shop.stock()["held"] == 1


@pytest.mark.parametrize("how", [Closed.EXPIRED, Closed.CANCELLED])
def test_a_closed_order_takes_no_further_payment(shop: Shop, how: Closed) -> None:
    shop.codes(1)
    order = shop.place()
    close(shop, order, how=how)

    with pytest.raises(NotPayable):
        start(shop, order)


def test_after_its_time_no_payment_is_started(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place(at=clock.now() - timedelta(minutes=16))

    with pytest.raises(NotPayable):
        start(shop, order)


def test_a_second_way_to_pay_is_the_same_tender(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()

    assert start(shop, order) == start(shop, order)
    first = shop.order(order).started_at
    assert first is not None


def test_closing_twice_closes_once_and_leaves_paid_orders_alone(shop: Shop) -> None:
    shop.codes(3)
    unpaid, paid, other = shop.place(), shop.place(), shop.place()
    shop.pay(paid)

    assert close(shop, unpaid, paid) == [unpaid.id]
    assert close(shop, unpaid, paid) == []
    assert status(shop.order(paid), now=clock.now()) == "delivered"
    assert status(shop.order(other), now=clock.now()) == "pending"


def test_of_cancelling_and_starting_a_payment_at_once_one_wins(shop: Shop) -> None:
    shop.codes(1)
    for _ in range(5):
        order = shop.place()

        jobs: list[Callable[[], object]] = [partial(start, shop, order), partial(cancel, shop, order)]
        said = at_once(jobs)

        refused = [answer for answer in said if isinstance(answer, NotCancellable | NotPayable)]
        assert len(refused) == 1, said
        row = shop.order(order)
        assert (row.closed is Closed.CANCELLED) == (row.started_at is None)
        close(shop, order)
        assert shop.stock()["available"] == 1


def test_of_cancelling_and_paying_at_once_the_money_counts(shop: Shop) -> None:
    for _ in range(5):
        shop.codes(1)
        order = shop.place()

        jobs: list[Callable[[], object]] = [partial(shop.pay, order), partial(cancel, shop, order)]
        at_once(jobs)

        assert status(shop.order(order), now=clock.now()) == "delivered"
        owned = shop.read(partial(entitled.list_of_order, order.id))
        assert [item.state for item in owned] == [State.READY]


def test_the_watch_finds_what_ran_out_and_the_next_that_will(shop: Shop) -> None:
    shop.codes(4)
    old = shop.place(at=clock.now() - timedelta(minutes=30))
    fresh = shop.place()
    started = shop.place()
    start(shop, started)

    found = shop.read(lambda: orders.list_expired_unstarted(now=clock.now(), limit=10))
    assert list(found) == [old.id]
    close(shop, old)
    assert shop.read(orders.next_expiry) == shop.order(fresh).expires_at


def test_a_refunded_order_returns_its_tenders_once(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    assert shop.write(lambda: ordering.give_back(order, order.total, whole=True)) is None
    shop.pay(order)

    assert shop.write(lambda: ordering.give_back(order, order.total, whole=True))
    assert shop.write(lambda: ordering.give_back(order, order.total, whole=True)) is None

    assert shop.order(order).payment is Payment.REFUNDED
    assert [tender.state for tender in shop.read(lambda: orders.list_tenders_of(order.id))] == [TenderState.RETURNED]


def test_a_refunded_order_is_not_delivered_any_more(shop: Shop) -> None:
    shop.codes(1)
    late = shop.place(at=clock.now() - timedelta(minutes=30))
    shop.place()
    shop.pay(late)
    shop.write(lambda: ordering.give_back(late, late.total, whole=True))

    shop.write(lambda: ordering.mark_fulfilled({late.id: Fulfilment.DONE}, now=clock.now()))

    assert shop.order(late).fulfilment is Fulfilment.QUEUED
    assert "order.delivered" not in happened(shop, late)


def test_a_part_of_the_codes_is_told_once(shop: Shop) -> None:
    shop.codes(1)
    late = shop.place(at=clock.now() - timedelta(minutes=30))
    shop.place()
    shop.pay(late)

    for _ in range(2):
        shop.write(lambda: ordering.mark_fulfilled({late.id: Fulfilment.PARTIAL}, now=clock.now()))

    assert status(shop.order(late), now=clock.now()) == "partially_delivered"
    assert happened(shop, late).count("order.partly_delivered") == 1
