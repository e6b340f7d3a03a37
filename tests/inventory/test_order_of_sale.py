"""Codes are sold as they came in, whole batches while they last, and none after its day."""

import json
from datetime import datetime, timedelta

import pytest

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.entitlements import queries as entitled
from app.entitlements.models import Entitlement
from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.models import Code
from app.inventory.queries import count_by_class
from app.kit import clock, db
from app.kit.crypto import Sealed, load_key
from tests.inventory import pool
from tests.make import Shop, make_product


def buy(shop: Shop, quantity: int = 1, *, sku: str = "", at: datetime | None = None) -> list[Code]:
    """Place and pay an order, and return its codes in the order of the part."""
    order = shop.place(quantity, sku=sku, at=at)
    assert shop.pay(order)
    owned = shop.read(lambda: entitled.list_of_order(order.id))
    return shop.read(lambda: [db.get(Code, item.code_id) for item in owned])


def said(shop: Shop, code: Code) -> str:
    seal = Sealed("code", "sealed", code.merchant_id, code.id, code.key_id, code.sealed)
    return str(json.loads(shop.read(lambda: load_key(code.key_id)).unseal(seal).expose())["code"])


def test_first_in_is_first_out(shop: Shop) -> None:
    codes = pool.fresh_codes(6)
    pool.bring(shop, "\n".join(codes[:4]))
    pool.bring(shop, "\n".join(codes[4:]))

    sold = [said(shop, code) for quantity in (1, 2, 1, 2) for code in buy(shop, quantity)]

    assert sold == codes


def test_what_buyers_gave_up_takes_its_old_place(shop: Shop) -> None:
    codes = pool.fresh_codes(4)
    pool.bring(shop, "\n".join(codes))
    for _ in range(2):
        shop.place(at=clock.now() - timedelta(hours=1))

    assert [said(shop, code) for code in buy(shop, 3)] == codes[:3]


def test_a_batch_is_sold_on_its_last_day_and_never_after(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(3)), expires_on=pool.today())
    midnight = datetime.combine(pool.today() + timedelta(days=1), datetime.min.time(), pool.ZONE)

    assert len(buy(shop, at=midnight - timedelta(seconds=1))) == 1
    with pytest.raises(SoldOut):
        shop.place(at=midnight)

    tomorrow = shop.read(lambda: count_by_class(catalog.get_sku(shop.sku).id, today=midnight.date()))
    assert (tomorrow["available"], tomorrow["expired"], tomorrow["sold"]) == (0, 2, 1)


def test_expired_codes_are_passed_over_for_good_ones_behind_them(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(3)), expires_on=pool.today())
    good = pool.fresh_codes(2)
    pool.bring(shop, "\n".join(good), expires_on=pool.today() + timedelta(days=30))
    later = clock.now() + timedelta(days=2)

    with pytest.raises(OutOfStock, match="Only 2 left"):
        shop.place(3, at=later)
    sold = buy(shop, 2, at=later)

    assert [said(shop, code) for code in sold] == good


@pytest.mark.parametrize("taken", [False, True], ids=["its own hold", "another's code"])
def test_late_money_buys_no_expired_code(shop: Shop, taken: bool) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(2)), expires_on=pool.today())
    late = shop.place(2, at=clock.now() - timedelta(hours=1))
    if taken:
        shop.place()  # takes both back and keeps one
    moment = clock.now() + timedelta(days=2)

    with clock.running(lambda: moment):
        assert shop.pay(late)

    owned = shop.read(lambda: entitled.list_of_order(late.id))
    assert [item.code_id for item in owned] == [None, None]
    assert shop.stock()["sold"] == 0


def test_who_ordered_on_the_last_day_gets_the_code_when_the_money_comes_after_midnight(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(1)), expires_on=pool.today())
    midnight = datetime.combine(pool.today() + timedelta(days=1), datetime.min.time(), pool.ZONE)
    order = shop.place(at=midnight - timedelta(minutes=5))

    with clock.running(lambda: midnight + timedelta(minutes=5)):
        assert shop.pay(order)

    assert shop.stock()["sold"] == 1


@pytest.mark.parametrize(
    ("kind", "row", "tail"),
    [
        (Kind.CODE, "ABCDEFGH1234", "1234"),
        (Kind.CODE, "ABCDEFG1234", ""),
        (Kind.CODE, "ABCD-EFGH-1234", "1234"),
        (Kind.CODE, "4711", ""),
        (Kind.CARD, "622200001111,99998888", "1111"),
        (Kind.CARD, "62220000111,999988887777", ""),
        (Kind.ACCOUNT, "dora-the-buyer@example.com,a long phrase", ""),
    ],
)
def test_only_the_end_of_a_long_code_or_number_may_be_seen(shop: Shop, kind: Kind, row: str, tail: str) -> None:
    sku = make_product(shop, kind=kind)
    pool.bring(shop, row, sku=sku)

    (code,) = buy(shop, sku=sku)

    assert code.tail == tail
    assert shop.read(lambda: db.get(Entitlement, code.entitlement_id)).tail == tail
