"""A merchant's unit sees and changes the rows of that merchant alone, whatever its code forgets to say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from app.inventory.models import Stock
from app.kit import clock, db
from app.kit.events import EventRow, Outbox
from app.kit.ids import new_id
from app.kit.tenancy import System, Unscoped
from tests import sql_guard
from tests.engines import on_postgresql
from tests.kit import shelf
from tests.kit.lamps import lit


def test_a_query_finds_only_ones_own(merchant: int, stranger: int) -> None:
    mine, theirs = shelf.filled(merchant, 1), shelf.filled(stranger, 2, 3)

    assert shelf.look(merchant) == {mine[0]: 1}
    assert shelf.look(stranger) == {theirs[0]: 2, theirs[1]: 3}


def test_a_row_of_another_merchant_cannot_be_had_by_its_id(merchant: int, stranger: int) -> None:
    (theirs,) = shelf.filled(stranger, 1)

    assert db.read(merchant, lambda: db.find(Stock, theirs)) is None
    assert db.read(merchant, lambda: db.session().scalar(select(Stock).where(Stock.sku_id == theirs))) is None


def test_a_join_and_a_subquery_stay_at_home(merchant: int, stranger: int) -> None:
    shelf.filled(merchant, 1)
    shelf.filled(stranger, 1, 1)
    theirs = select(Stock.sku_id).where(Stock.available == 1)

    counted = db.read(merchant, lambda: db.session().scalar(select(func.count()).where(Stock.sku_id.in_(theirs))))

    assert counted == 1


def test_an_update_of_everything_changes_only_ones_own(merchant: int, stranger: int) -> None:
    (mine,), (theirs,) = shelf.filled(merchant, 1), shelf.filled(stranger, 1)

    db.write(merchant, lambda: db.session().execute(update(Stock).values(available=7)))

    assert (shelf.look(merchant), shelf.look(stranger)) == ({mine: 7}, {theirs: 1})


def test_a_delete_of_everything_deletes_only_ones_own(merchant: int, stranger: int) -> None:
    (theirs,) = shelf.filled(stranger, 1)
    shelf.filled(merchant, 1)

    db.write(merchant, lambda: db.session().execute(delete(Stock)))

    assert (shelf.look(merchant), shelf.look(stranger)) == ({}, {theirs: 1})


def test_a_new_row_gets_the_merchant_of_its_unit(merchant: int) -> None:
    number = db.write(merchant, shelf.put)

    assert db.read(merchant, lambda: db.get(Stock, number)).merchant_id == merchant


def test_a_new_row_for_somebody_else_is_refused_with_all_that_came_with_it(merchant: int, stranger: int) -> None:
    def smuggle() -> None:
        shelf.put()
        row = Stock(merchant_id=stranger, sku_id=new_id(), available=1, counted_at=clock.now())
        db.session().add(row)
        db.session().flush()

    with pytest.raises(Unscoped, match=f"of merchant {stranger} in the scope of {merchant}"):
        db.write(merchant, smuggle)

    assert (shelf.look(merchant), shelf.look(stranger)) == ({}, {})


def test_the_system_may_not_write(merchant: int) -> None:
    with pytest.raises(Unscoped, match="only reads"):
        db.write(System("test"), lambda: None)


def test_the_system_may_not_even_try_in_a_read(merchant: int) -> None:
    def smuggle() -> None:
        db.session().add(Stock(merchant_id=merchant, sku_id=new_id(), available=1, counted_at=clock.now()))
        db.session().flush()

    with pytest.raises(Unscoped, match="cannot be written"):
        db.read(System("test"), smuggle)


def test_the_system_reads_the_outbox_of_all_merchants(merchant: int, stranger: int) -> None:
    for each in (merchant, stranger):
        lit(each)

    due = db.read(System("test"), lambda: set(db.session().scalars(select(Outbox.merchant_id))))

    assert {merchant, stranger} <= due


def test_the_guard_of_these_tests_catches_a_statement_without_its_merchant(merchant: int) -> None:
    everything = update(Stock.__table__).values(available=0)  # type: ignore[arg-type]

    with pytest.raises(sql_guard.Unscoped, match="no merchant in UPDATE stock"):
        db.write(merchant, lambda: db.session().execute(everything))
    with pytest.raises(sql_guard.Unscoped, match="reads"):
        db.read(System("test"), lambda: db.session().execute(select(EventRow)))


# Raw SQL: PostgreSQL's row level security is the second fence, for what no session filter sees ----------------------


@contextmanager
def raw(**settings: str) -> Iterator[Connection]:
    """A plain connection of the application's role, outside of any unit."""
    with db.raw_connection() as connection:
        for name, value in settings.items():
            words = {"name": f"app.{name}", "value": value}
            connection.execute(text("SELECT set_config(:name, :value, true)"), words)
        yield connection


def _count(connection: Connection, table: str, *merchants: int) -> Any:
    ours = ", ".join(str(number) for number in merchants)
    return connection.execute(text(f"SELECT count(*) FROM {table} WHERE merchant_id IN ({ours})")).scalar()


@on_postgresql
def test_raw_sql_sees_only_ones_own_and_without_a_merchant_nothing(merchant: int, stranger: int) -> None:
    shelf.filled(merchant, 1)
    shelf.filled(stranger, 1, 1)

    with raw(merchant=str(merchant)) as connection:
        assert _count(connection, "stock", merchant, stranger) == 1
    with raw() as connection:
        assert _count(connection, "stock", merchant, stranger) == 0


@on_postgresql
def test_a_pooled_connection_forgets_its_merchant(merchant: int) -> None:
    shelf.filled(merchant, 1)
    shelf.look(merchant)

    with raw() as connection:
        assert _count(connection, "stock", merchant) == 0


@on_postgresql
def test_raw_sql_changes_only_ones_own(merchant: int, stranger: int) -> None:
    (mine,), (theirs,) = shelf.filled(merchant, 1), shelf.filled(stranger, 1)

    with raw(merchant=str(merchant)) as connection:
        changed = connection.execute(text("UPDATE stock SET available = 7")).rowcount
        deleted = connection.execute(text(f"DELETE FROM stock WHERE merchant_id = {stranger}")).rowcount
        connection.commit()

    assert (changed, deleted) == (1, 0)
    assert (shelf.look(merchant), shelf.look(stranger)) == ({mine: 7}, {theirs: 1})


@on_postgresql
def test_raw_sql_cannot_write_for_another_merchant(merchant: int, stranger: int) -> None:
    row = {"merchant_id": stranger, "sku_id": new_id(), "available": 1, "counted_at": clock.now()}

    with raw(merchant=str(merchant)) as connection, pytest.raises(ProgrammingError, match="row-level security"):
        connection.execute(insert(Stock.__table__), [row])  # type: ignore[arg-type]


@on_postgresql
def test_the_system_sees_the_outbox_and_no_other_rows(merchant: int) -> None:
    shelf.filled(merchant, 1)
    lit(merchant)

    with raw(system="on") as connection:
        assert _count(connection, "outbox", merchant) == 1
        assert _count(connection, "event", merchant) == _count(connection, "stock", merchant) == 0
        assert connection.execute(text("DELETE FROM outbox")).rowcount == 0
