"""The books tell what was sold: each paid order its one sale of just its total, and no sale without its order."""

from uuid import UUID

import pytest
from sqlalchemy import text

from app.finance import queries as finance
from app.kit.ids import new_id, public
from app.web.dispatch import Miaofa
from tests.ledger.books import ENTRY, TRANSACTION, Books, owner_url
from tests.ledger.test_check import WITHOUT_KEY
from tests.make import Shop, make_shop


def faults(shop: Shop) -> list[tuple[str, str]]:
    return [(fault.what, fault.where) for fault in shop.read(finance.check_sales)]


def sold(shop: Shop, books: Books) -> tuple[str, UUID]:
    """Sell one code; return the order as the check names it, and the sale's transaction."""
    shop.codes(1)
    order = shop.place()
    assert shop.pay(order)
    mine = TRANSACTION.c.merchant_id == shop.merchant_id, TRANSACTION.c.subject_id == order.id
    with books.behind() as connection:
        return public("ord", order.id), connection.execute(TRANSACTION.select().where(*mine)).one().id


def test_sales_that_were_posted_have_no_fault(shop: Shop, shops_books: Books) -> None:
    sold(shop, shops_books)
    shop.codes(1)
    shop.place()  # nobody paid it, so nothing was sold

    assert faults(shop) == []
    assert shops_books.check() == []


def test_a_missing_sale_is_found(shop: Shop, shops_books: Books) -> None:
    order, sale = sold(shop, shops_books)

    shops_books.damage(ENTRY, sale)
    shops_books.damage(TRANSACTION, sale)

    assert faults(shop) == [("sale missing", order)]
    assert shops_books.check() == []


def test_a_sale_of_a_wrong_total_is_found(shop: Shop, shops_books: Books) -> None:
    order, sale = sold(shop, shops_books)

    for line, amount in ((0, 1998), (1, -1998)):
        shops_books.damage(ENTRY, sale, line, amount=amount)

    assert shops_books.check() == []  # balanced, and wrong
    assert faults(shop) == [("sale of a wrong total", order)]


@pytest.mark.parametrize("lines", [(0, 1, 2, 3), (2, 3)], ids=["all", "goods"])
def test_a_sale_in_another_currency_is_found(shop: Shop, shops_books: Books, lines: tuple[int, ...]) -> None:
    order, sale = sold(shop, shops_books)

    for line in lines:
        shops_books.damage(ENTRY, sale, line, currency="USD")

    assert faults(shop) == [("sale of a wrong total", order)]


@pytest.mark.parametrize("line", [0, 1])
def test_a_sale_on_a_wrong_account_is_found(shop: Shop, shops_books: Books, line: int) -> None:
    order, sale = sold(shop, shops_books)

    shops_books.damage(ENTRY, sale, line, account="asset:elsewhere")

    assert faults(shop) == [("sale of a wrong total", order)]


def test_a_sale_without_a_paid_order_is_found(shop: Shop, shops_books: Books) -> None:
    order, sale = sold(shop, shops_books)
    nobody = new_id()

    shops_books.damage(TRANSACTION, sale, subject_id=nobody)

    assert sorted(faults(shop)) == [("sale missing", order), ("sale without paid order", public("ord", nobody))]


def test_a_sale_of_an_order_that_nobody_paid_is_found(shop: Shop, shops_books: Books) -> None:
    order, sale = sold(shop, shops_books)
    shop.codes(1)
    unpaid = shop.place()

    shops_books.damage(TRANSACTION, sale, subject_id=unpaid.id)

    assert faults(shop) == [("sale missing", order), ("sale without paid order", public("ord", unpaid.id))]


def test_a_sale_posted_twice_is_found(fresh: Miaofa, request: pytest.FixtureRequest) -> None:
    shop = make_shop(fresh)
    books = Books(shop.merchant_id, owner_url(fresh, request))
    order, sale = sold(shop, books)
    with books.behind() as connection:
        for statement in WITHOUT_KEY[connection.dialect.name]:
            connection.execute(text(statement))
        again = new_id()
        for table, own in ((TRANSACTION, {"id": again}), (ENTRY, {"tx_id": again, "amount": 0})):  # moves nothing
            mine = table.c.id == sale if table is TRANSACTION else table.c.tx_id == sale
            for row in connection.execute(table.select().where(mine)).all():
                connection.execute(table.insert().values(row._asdict() | own))

    assert faults(shop) == [("sale posted twice", order)]
    assert [what for what, _ in books.check()] == ["posted twice"]
