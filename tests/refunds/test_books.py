"""The books tell what went back: each refund and each payback has its one transaction, and none is there for nobody."""

from uuid import UUID

import pytest

from app.finance import queries as finance
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import new_id, public
from app.orders.models import Order
from app.payments.models import Payback, PaybackKind
from app.refunds import service as refunds
from app.refunds.models import Refund
from app.web.dispatch import Miaofa
from tests.commands.test_commands import run
from tests.ledger.books import ENTRY, TABLES, TRANSACTION, Books, owner_url
from tests.make import Shop, make_shop
from tests.payments.gate import SUCCESS, send
from tests.payments.market import Market, rows

PAYBACK = TABLES["payback"]


@pytest.fixture
def books(market: Market, request: pytest.FixtureRequest) -> Books:
    return Books(market.shop.merchant_id, owner_url(market.shop.app, request))


def faults(shop: Shop) -> list[tuple[str, str]]:
    return [(fault.what, fault.where) for fault in shop.read(finance.check)]


def booked(shop: Shop, books: Books, kind: str) -> tuple[UUID, UUID]:
    """Return the one transaction of a kind, and its subject."""
    mine = TRANSACTION.c.merchant_id == shop.merchant_id, TRANSACTION.c.kind == kind
    with books.behind() as connection:
        row = connection.execute(TRANSACTION.select().where(*mine)).one()
    return row.id, row.subject_id


@pytest.fixture
def returned(market: Market) -> Order:
    """An order that was paid twice and then refunded; all its money went back."""
    market.shop.codes(1)
    order, other = market.shop.place(), market.second_method()
    urls = [market.start(order), market.start(order, other)]
    assert [market.pay(url) for url in urls] == [True, True]
    market.work()
    market.shop.write(lambda: refunds.refund(order.id, reason="asked for", now=clock.now(), by=SYSTEM))
    market.work()
    return order


def test_what_was_given_back_is_told_without_fault(market: Market, returned: Order) -> None:
    assert {payback.kind for payback in market.paybacks()} == {PaybackKind.SURPLUS, PaybackKind.REFUND}
    assert faults(market.shop) == []
    market.assert_books()


NAMES = {"refund": ("refund", "rfd"), "unasked": ("unasked money", "pbk")}


@pytest.mark.parametrize("kind", NAMES)
def test_a_missing_transaction_is_found(market: Market, returned: Order, books: Books, kind: str) -> None:
    tx, subject = booked(market.shop, books, kind)

    books.damage(ENTRY, tx)
    books.damage(TRANSACTION, tx)

    name, prefix = NAMES[kind]
    assert faults(market.shop) == [(f"{name} missing", public(prefix, subject))]


@pytest.mark.parametrize("kind", NAMES)
def test_a_wrong_total_is_found(market: Market, returned: Order, books: Books, kind: str) -> None:
    tx, subject = booked(market.shop, books, kind)

    for line, sign in ((0, 1), (1, -1)):
        books.damage(ENTRY, tx, line, amount=1998 * sign)

    name, prefix = NAMES[kind]
    assert faults(market.shop) == [(f"{name} of a wrong total", public(prefix, subject))]


@pytest.mark.parametrize("kind", NAMES)
def test_a_transaction_for_nobody_is_found(market: Market, returned: Order, books: Books, kind: str) -> None:
    tx, subject = booked(market.shop, books, kind)
    nobody = new_id()

    books.damage(TRANSACTION, tx, subject_id=nobody)

    name, prefix = NAMES[kind]
    words = {"refund": "refund nobody asked for", "unasked": "unasked money kept"}
    assert sorted(faults(market.shop)) == sorted(
        [(f"{name} missing", public(prefix, subject)), (words[kind], public(prefix, nobody))]
    )


def test_money_given_back_that_is_in_no_book_is_found(market: Market, returned: Order, books: Books) -> None:
    first, second = market.shop.read(lambda: rows(Payback))
    with books.behind() as connection:
        tx = connection.execute(TRANSACTION.select().where(TRANSACTION.c.subject_id == second.id)).one()
    assert tx.kind == "payback"

    books.damage(ENTRY, tx.id)
    books.damage(TRANSACTION, tx.id)

    assert faults(market.shop) == [("payback missing", public("pbk", second.id))]
    assert first.id != second.id


def test_a_booked_payback_that_was_not_made_is_found(market: Market, returned: Order, books: Books) -> None:
    (payback, _) = market.shop.read(lambda: rows(Payback))

    with books.behind() as connection:
        connection.execute(PAYBACK.update().where(PAYBACK.c.id == payback.id).values(state=0))

    assert faults(market.shop) == [("payback that was not made", public("pbk", payback.id))]


def test_money_on_its_way_back_is_not_booked_yet(market: Market) -> None:
    market.shop.codes(1)
    order = market.shop.place()
    assert send(market.shop.notice(order)) == send(market.shop.notice(order, trade_no="TG-2")) == SUCCESS

    assert len(market.paybacks()) == 1
    assert faults(market.shop) == []
    assert -market.balance("liability:refunds") == 1999


def test_another_shops_faults_are_not_ours(market: Market, returned: Order, books: Books) -> None:
    tx, _ = booked(market.shop, books, "refund")
    books.damage(TRANSACTION, tx, subject_id=new_id())

    assert faults(make_shop(market.shop.app)) == []


def test_the_command_finds_what_was_given_back_and_not_booked(fresh: Miaofa, request: pytest.FixtureRequest) -> None:
    shop = make_shop(fresh)
    shop.codes(2)
    orders = [shop.place() for _ in range(2)]
    for order in orders:
        assert shop.pay(order)
        shop.write(lambda: refunds.refund(order.id, reason="asked for", now=clock.now(), by=SYSTEM))  # noqa: B023
    assert run(fresh, "ledger", "check")[0] == 0
    books = Books(shop.merchant_id, owner_url(fresh, request))
    first, second = shop.read(lambda: rows(Refund))

    for number, spoil in ((first.id, _lose), (second.id, _change)):
        with books.behind() as connection:
            tx = connection.execute(TRANSACTION.select().where(TRANSACTION.c.subject_id == number)).one()
        spoil(books, tx.id)

    exit_code, said, _ = run(fresh, "ledger", "check")
    assert (exit_code, said["ok"]) == (1, False)
    assert [(fault["shop"], fault["what"], fault["where"], fault["expected"]) for fault in said["faults"]] == [
        (shop.slug, "refund missing", public("rfd", first.id), "one refund of 19.99 CNY"),
        (shop.slug, "refund of a wrong total", public("rfd", second.id), "one refund of 19.99 CNY"),
    ]


def _lose(books: Books, tx: UUID) -> None:
    books.damage(ENTRY, tx)
    books.damage(TRANSACTION, tx)


def _change(books: Books, tx: UUID) -> None:
    for line, sign in ((0, 1), (1, -1)):
        books.damage(ENTRY, tx, line, amount=2000 * sign)
