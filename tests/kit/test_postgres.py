"""How a unit begins on PostgreSQL: bound to its scope at once, also when the pool holds a connection that died."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text

from app.kit import db
from tests.engines import on_postgresql
from tests.kit import shelf

pytestmark = on_postgresql


def ask(question: str) -> Callable[[], str]:
    return lambda: str(db.session().execute(text(question)).scalar())


@pytest.mark.parametrize("begin", [db.read, db.write])
def test_a_connection_that_died_in_the_pool_is_replaced_and_nobody_notices(
    merchant: int, begin: Callable[..., str]
) -> None:
    shelf.filled(merchant, 1)
    before = db.read(merchant, ask("SELECT pg_backend_pid()"))
    address = db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (int(before),))

    after = begin(merchant, ask("SELECT pg_backend_pid()"))

    assert after != before
    assert len(shelf.look(merchant)) == 1


def test_a_unit_reads_what_is_committed_and_a_writer_waits_three_seconds_for_a_lock(merchant: int) -> None:
    assert db.write(merchant, ask("SHOW transaction_isolation")) == "read committed"
    assert db.write(merchant, ask("SHOW lock_timeout")) == "3s"
    assert db.read(merchant, ask("SHOW lock_timeout")) == "0"


def test_a_plain_connection_has_a_transaction_of_its_own(merchant: int) -> None:
    with db.raw_connection() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE trial (n int)"))
        connection.rollback()
        assert connection.execute(text("SELECT to_regclass('trial')")).scalar() is None
