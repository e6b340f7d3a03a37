"""B2.4: what is in the books stays in the books, on each engine, for whoever signs in as the application."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text, update
from sqlalchemy.exc import DBAPIError

from app.kit import db
from app.ledger.models import Entry, Transaction
from tests.ledger.books import ENTRY, TRANSACTION, Books

COMMON = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET {column} = {value}",
)
TRICKS = {
    "sqlite": (
        *COMMON,
        "REPLACE INTO {table} SELECT * FROM {table}",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "UPDATE OR REPLACE {table} SET {column} = {value}",
        "WITH it AS (SELECT 1) UPDATE {table} SET {column} = {value}",
    ),
    "postgresql": (
        *COMMON,
        "TRUNCATE {table} CASCADE",
        "DROP TABLE {table} CASCADE",
        "ALTER TABLE {table} ADD COLUMN more text",
        "WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
        "SET ROLE miaofa_owner",
        "SET session_replication_role = replica",
    ),
}
TABLES = {
    "entry": {"table": "entry", "column": "amount", "value": "1", "key": "merchant_id, tx_id, line"},
    "ledger_tx": {"table": "ledger_tx", "column": "kind", "value": "'other'", "key": "merchant_id, id"},
}
REFUSED = "insert-only|permission denied|must be owner"


@pytest.mark.parametrize("table", TABLES)
def test_no_statement_changes_the_books(books: Books, engine: str, table: str) -> None:
    books.post()
    before = whole(books)

    for trick in TRICKS[engine]:
        with application(books) as connection, pytest.raises(DBAPIError, match=REFUSED):
            connection.execute(text(trick.format(**TABLES[table])))

    assert whole(books) == before


def test_a_unit_of_ours_changes_nothing_either(books: Books) -> None:
    number = books.post()
    before = whole(books)

    for change in (
        lambda: db.session().execute(update(Entry).values(amount=1)),
        lambda: setattr(db.get(Transaction, number), "kind", "other"),
        lambda: db.session().delete(db.session().get_one(Entry, (books.merchant_id, number, 0))),
    ):
        with pytest.raises(DBAPIError, match=REFUSED):
            books.write(change)

    assert whole(books) == before


def whole(books: Books) -> set[str]:
    """Return everything in the books, as text."""
    mine = [table.select().where(table.c.merchant_id == books.merchant_id) for table in (ENTRY, TRANSACTION)]
    found = books.read(lambda: {str(row) for query in mine for row in db.session().execute(query)})
    assert len(found) == 3
    return found


@contextmanager
def application(books: Books) -> Iterator[Connection]:
    """A plain connection of the application's role that sees the merchant's rows; what it did would be kept."""
    with db.raw_connection() as connection:
        if connection.dialect.name == "postgresql":
            told = {"merchant": str(books.merchant_id)}
            connection.execute(text("SELECT set_config('app.merchant', :merchant, true)"), told)
        yield connection
        connection.commit()
