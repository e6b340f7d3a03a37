"""Nobody keeps stock from others for nothing: how many orders may wait for a payment at once."""

import secrets
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from app.accounts import service as accounts
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.merchants import queries as merchants
from app.merchants.models import Merchant
from app.orders import service as ordering
from app.orders.errors import TooManyUnpaid
from app.orders.models import Order
from tests.make import Shop, at_once

DORA = "dora@example.com"


@pytest.fixture(autouse=True)
def two_at_most(shop: Shop) -> None:
    """Let a buyer hold stock with two unpaid orders; there is plenty of it."""

    def allow_two() -> None:
        m = Merchant.__table__
        db.changed(update(m).where(m.c.merchant_id == shop.merchant_id).values(unpaid_orders=2))  # type: ignore[arg-type]
        merchants.forget()

    shop.write(allow_two)
    shop.codes(30)


def place_from(shop: Shop, device: UUID) -> Order:
    """Place an order in a browser, each time with another contact."""
    fresh = secrets.token_hex(6)
    basket = ordering.Basket(((shop.sku, 1),), f"{fresh}@example.com", "en", fresh)
    return shop.write(lambda: ordering.place(basket, device_id=device, now=clock.now(), by=SYSTEM))


def new_device(shop: Shop) -> UUID:
    return shop.write(lambda: accounts.remember_devices([""], now=clock.now())[0][0])


def test_one_more_unpaid_order_than_allowed_is_refused_and_holds_nothing(shop: Shop) -> None:
    shop.place(contact=DORA)
    shop.place(contact=DORA)

    with pytest.raises(TooManyUnpaid, match="2 of your orders"):
        shop.place(contact=DORA)

    assert shop.stock()["held"] == 2


def test_another_spelling_is_the_same_contact(shop: Shop) -> None:
    shop.place(contact="+86 138-0013-8000")
    shop.place(contact="138 0013 8000")

    with pytest.raises(TooManyUnpaid):
        shop.place(contact="008613800138000")


def test_one_browser_with_many_contacts_is_one_buyer(shop: Shop) -> None:
    device = new_device(shop)
    place_from(shop, device)
    place_from(shop, device)

    with pytest.raises(TooManyUnpaid):
        place_from(shop, device)

    place_from(shop, new_device(shop))
    assert shop.stock()["held"] == 3


def test_other_buyers_are_not_counted(shop: Shop) -> None:
    for _ in range(5):
        shop.place()

    assert shop.stock()["held"] == 5


def test_paid_cancelled_and_expired_orders_make_room(shop: Shop) -> None:
    long_ago = clock.now() - timedelta(minutes=30)
    shop.place(contact=DORA, at=long_ago)
    shop.place(contact=DORA, at=long_ago)
    paid, cancelled = shop.place(contact=DORA), shop.place(contact=DORA)

    assert shop.pay(paid)
    shop.write(lambda: ordering.cancel(cancelled.id, now=clock.now(), by=SYSTEM))

    shop.place(contact=DORA)
    shop.place(contact=DORA)
    with pytest.raises(TooManyUnpaid):
        shop.place(contact=DORA)


def test_the_same_form_again_is_answered_though_the_limit_is_reached(shop: Shop) -> None:
    shop.place(contact=DORA)
    first = shop.place(contact=DORA, idem="form")

    assert shop.place(contact=DORA, idem="form").id == first.id


def test_another_shop_has_its_own_count(shop: Shop, other: Shop) -> None:
    other.codes(3)
    shop.place(contact=DORA)
    shop.place(contact=DORA)

    other.place(contact=DORA)

    assert other.stock()["held"] == 1


def test_a_rush_of_one_buyer_stays_within_the_limit(shop: Shop) -> None:
    placed = at_once([lambda: shop.place(contact=DORA)] * 8)

    assert all(isinstance(result, Order | TooManyUnpaid) for result in placed), placed
    assert shop.stock()["held"] == 2
