"""Orders of several SKUs: all of everything or nothing, in whatever order buyers name them."""

import secrets
from functools import partial

import pytest

from app.catalog.models import Kind
from app.entitlements import queries as entitled
from app.inventory.errors import OutOfStock
from app.kit import clock
from app.kit.errors import Invalid
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.rules import status
from tests.make import Shop, at_once, make_product

BUYERS = 16
EACH = 20


@pytest.fixture
def two(shop: Shop) -> tuple[str, str]:
    """The codes of two SKUs, each with some stock."""
    skus = (shop.sku, make_product(shop, kind=Kind.CODE, price=501))
    for sku in skus:
        shop.codes(EACH, sku=sku)
    return skus


def test_an_order_of_two_things_costs_both_and_holds_both(shop: Shop, two: tuple[str, str]) -> None:
    first, second = two

    order = shop.place_lines((first, 2), (second, 3))

    assert order.total_amount == 2 * 1999 + 3 * 501
    lines = shop.read(lambda: orders.list_lines(order.id))
    assert [(line.position, line.quantity, line.title) for line in lines] == [(0, 2, "Card"), (1, 3, "Card")]
    assert (shop.stock(first)["held"], shop.stock(second)["held"]) == (2, 3)


def test_a_paid_order_of_two_things_delivers_both(shop: Shop, two: tuple[str, str]) -> None:
    order = shop.place_lines((two[0], 1), (two[1], 2))

    assert shop.pay(order)

    assert status(shop.order(order), now=clock.now()) == "delivered"
    assert len({item.code_id for item in shop.read(lambda: entitled.list_of_order(order.id))}) == 3


def test_the_same_thing_named_twice_is_one_line(shop: Shop, two: tuple[str, str]) -> None:
    order = shop.place_lines((two[0], 1), (two[1], 1), (two[0], 2))

    lines = shop.read(lambda: orders.list_lines(order.id))
    assert [line.quantity for line in lines] == [3, 1]


def test_a_quantity_split_over_lines_is_limited_as_one(shop: Shop, two: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        shop.place_lines((two[0], 600), (two[0], 600))

    assert list(refused.value.fields) == ["quantity"]


def test_a_line_of_nothing_is_not_made_up_for_by_another(shop: Shop, two: tuple[str, str]) -> None:
    with pytest.raises(Invalid):
        shop.place_lines((two[0], -1), (two[0], 2))


def test_without_enough_of_one_thing_nothing_is_held(shop: Shop, two: tuple[str, str]) -> None:
    with pytest.raises(OutOfStock):
        shop.place_lines((two[0], 1), (two[1], EACH + 1))

    assert [shop.stock(sku)["held"] for sku in two] == [0, 0]


def test_buyers_who_name_things_in_opposite_order_never_block_each_other(shop: Shop, two: tuple[str, str]) -> None:
    there, back = two, (two[1], two[0])
    asked = [[(sku, 1 + secrets.randbelow(3)) for sku in (there if at % 2 else back)] for at in range(BUYERS)]

    said = at_once([partial(shop.place_lines, *lines) for lines in asked])

    assert all(isinstance(answer, Order | OutOfStock) for answer in said), said
    placed = [lines for lines, answer in zip(asked, said, strict=True) if isinstance(answer, Order)]
    for sku in two:
        held = sum(quantity for lines in placed for code, quantity in lines if code == sku)
        assert shop.stock(sku)["held"] == held
    refused = [dict(lines) for lines, answer in zip(asked, said, strict=True) if isinstance(answer, OutOfStock)]
    for lines in refused:  # whoever was refused really lacked something
        assert any(shop.stock(sku)["available"] < quantity for sku, quantity in lines.items())
