"""The watch over what was paid finds an order that was given nothing, whatever went wrong."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app import wiring
from app.entitlements import queries, tasks
from app.finance import service as finance
from app.kit import clock, events
from app.orders.events import OrderPaid
from app.orders.queries import Fulfilment
from app.web.dispatch import Miaofa
from tests.make import Shop


@pytest.fixture
def nothing_granted(app: Miaofa) -> Iterator[None]:
    """A house in which nobody gives buyers what they paid for."""
    events.wire({**wiring.NOW, OrderPaid: (finance.post_sales,)}, wiring.LATER)
    yield
    events.wire(wiring.NOW, wiring.LATER)


@pytest.mark.usefixtures("nothing_granted")
def test_a_paid_order_that_was_given_nothing_is_found_and_served(shop: Shop) -> None:
    shop.codes(2)
    order = shop.place(2)
    shop.pay(order)
    assert shop.order(order).fulfilment is Fulfilment.NONE
    events.wire(wiring.NOW, wiring.LATER)

    with clock.running(lambda: LATER):
        step = shop.write(lambda: tasks.watch(order.id))

    assert (step.finished, step.done) == (True, 1)
    assert shop.order(order).fulfilment is Fulfilment.DONE
    assert len(shop.read(lambda: queries.list_of_order(order.id))) == 2
    assert shop.stock()["sold"] == 2


def test_what_was_given_is_not_given_again(shop: Shop) -> None:
    shop.codes(3)
    order = shop.place(2)
    shop.pay(order)

    with clock.running(lambda: LATER):
        shop.write(lambda: tasks.watch(order.id))

    assert shop.stock() | {"sold": 2, "available": 1} == shop.stock()


LATER = clock.now() + timedelta(days=1)
