"""The same code is never in the pool twice, however it is written and wherever it went (B1.8)."""

import pytest

from app.catalog.models import Kind
from tests.inventory import pool
from tests.make import Shop, make_product

SAME = [
    ("ABCD-1234-EFGH", "ABCD1234EFGH"),
    ("ABCD-1234-EFGH", "abcd-1234-efgh"),
    ("abcd 1234 efgh", "ABCD-1234EFGH"),
    ("1234 5678 9012 3456", "1234-5678-9012-3456"),
    ("  ABCD1234  ", "ABCD1234"),
]
ANOTHER = [
    ("AbCd-1234", "abcd-1234"),
    ("AbCd-1234", "AbCd1234"),
    ("AbCd 1234", "AbCd1234"),
    ("https://x.example/r/ab-1", "https://x.example/r/ab1"),
    ("https://x.example/r/ab", "HTTPS://X.EXAMPLE/R/AB"),
    ("ABCD1234", "ABCD12340"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_a_code_in_other_letters_is_the_same_code(shop: Shop, one: str, two: str) -> None:
    first, second = pool.bring(shop, one), pool.bring(shop, two)

    assert (pool.numbers(first), pool.numbers(second)) == ((1, 0, 0, 0), (0, 0, 1, 0))
    assert pool.codes(shop) == [one.strip()]
    assert shop.stock()["available"] == 1


@pytest.mark.parametrize(("one", "two"), ANOTHER)
def test_where_letters_matter_it_is_another_code(shop: Shop, one: str, two: str) -> None:
    batch = pool.bring(shop, f"{one}\n{two}")

    assert pool.numbers(batch) == (2, 0, 0, 0)
    assert pool.codes(shop) == [one, two]


def test_accounts_are_told_apart_letter_by_letter(shop: Shop) -> None:
    sku = make_product(shop, kind=Kind.ACCOUNT)
    names = ["dora@x.example", "DORA@X.EXAMPLE", "dora-1", "dora1"]

    batch = pool.bring(shop, "\n".join(f"{name}----a phrase" for name in names), sku=sku)

    assert pool.numbers(batch) == (4, 0, 0, 0)


def test_a_number_with_another_pin_is_reported_not_sold(shop: Shop) -> None:
    sku = make_product(shop, kind=Kind.CARD)
    pool.bring(shop, "6222-0001,1111", sku=sku)

    batch = pool.bring(shop, "6222-0002,1111\n62220001,2222\n6222 0002,3333", sku=sku)

    assert pool.numbers(batch) == (1, 1, 1, 0)
    assert pool.issues(shop, batch) == [(2, "IN_STOCK", ""), (3, "IN_FILE", "")]
    assert pool.contents(shop, sku) == [{"number": "6222-0001", "pin": "1111"}, {"number": "6222-0002", "pin": "1111"}]


def test_a_repeated_row_is_told_apart_from_one_in_stock(shop: Shop) -> None:
    pool.bring(shop, "OLD1")

    batch = pool.bring(shop, "NEW1\nOLD1\nNEW1\nOLD1\nNEW2")

    assert pool.numbers(batch) == (2, 2, 1, 0)
    assert pool.issues(shop, batch) == [(2, "IN_STOCK", ""), (3, "IN_FILE", ""), (4, "IN_FILE", "")]


def test_a_code_that_was_sold_never_comes_back(shop: Shop) -> None:
    pool.bring(shop, "SOLD-1\nSOLD-2")
    order = shop.place()
    assert shop.pay(order)
    assert shop.stock()["sold"] == 1

    batch = pool.bring(shop, "sold1\nSOLD 2\nNEW-1")

    assert pool.numbers(batch) == (1, 0, 2, 0)
    assert (shop.stock()["available"], shop.stock()["sold"]) == (2, 1)


def test_a_code_of_another_product_of_the_shop_is_a_duplicate(shop: Shop) -> None:
    sku = make_product(shop, kind=Kind.CODE)
    pool.bring(shop, "ONE-1")

    assert pool.numbers(pool.bring(shop, "one1\nTWO-2", sku=sku)) == (1, 0, 1, 0)
    assert pool.codes(shop, sku) == ["TWO-2"]


def test_a_number_that_is_a_code_of_another_product_is_a_duplicate_too(shop: Shop) -> None:
    sku = make_product(shop, kind=Kind.CARD)
    pool.bring(shop, "62220001")

    assert pool.numbers(pool.bring(shop, "6222-0001,1111", sku=sku)) == (0, 0, 1, 0)


def test_what_another_shop_has_is_its_own_business(shop: Shop, other: Shop) -> None:
    pool.bring(other, "SAME-1")

    assert pool.numbers(pool.bring(shop, "SAME-1")) == (1, 0, 0, 0)
    assert pool.codes(shop) == pool.codes(other) == ["SAME-1"]
