"""The schema keeps its promises on each engine: merchant first in every key, no counters, fences, insert-only books.

What is read here is the migrated database itself, not what the models say of it. `-k sqlite` is the fast half.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, Inspector, Table, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool

from app.kit import db, fences
from app.kit.tenancy import Base
from app.web.dispatch import Miaofa
from tests.companies.firm import make_busy_firm
from tests.engines import APP, OWNER, Postgres, on_postgresql, on_sqlite
from tests.filling import fill
from tests.make import Shop
from tests.redemption.goods import redeem_a_list

UNSCOPED = {
    "alembic_version": "Alembic's own mark.",
    "directory": "It finds the merchant; keys are digests, so it tells nothing by itself.",
    "session": "One person may work for several merchants, and signs in once.",
    "user": "One person may work for several merchants.",
}
OTHERWISE = {
    ("membership", "ix_membership_user"): "“Which shops is this user in?” is asked before there is a merchant.",
}
SYSTEM_READS = {
    "effect": "The runner asks which merchants have outside calls that are due.",
    "membership": "“Which shops is this user in?” is asked before there is a merchant.",
    "outbox": "The relay asks which merchants have something to hand out.",
    "task": "The runner asks which merchants have work that is due.",
}
INSERT_ONLY = {"entry", "event", "ledger_tx", "redemption", "balance_movement"}
OWNED = {name for name in Base.metadata.tables if name not in UNSCOPED}


@pytest.fixture
def schema(app: Miaofa) -> Iterator[Connection]:
    """The migrated database, as the owner of its tables sees it."""
    with as_owner(app.config["MIAOFA"].database_owner_url) as connection:
        yield connection


# Keys ------------------------------------------------------------------------------------------------------------


def test_every_table_belongs_to_a_merchant_but_for_the_named_few(schema: Connection) -> None:
    inspector = inspect(schema)
    without = {table for table in inspector.get_table_names() if "merchant_id" not in first_key(inspector, table)[:1]}

    assert without == set(UNSCOPED), "Stand on tenancy.Owned, or name the table in UNSCOPED with the reason."


def test_the_merchant_leads_every_key(schema: Connection) -> None:
    inspector = inspect(schema)
    keys = {(table, name): columns for table in OWNED for name, columns in keys_of(inspector, table)}
    astray = {key for key, columns in keys.items() if columns[0] != "merchant_id"}

    assert len(keys) > 2 * len(OWNED)
    assert astray == set(OTHERWISE), "merchant_id first, so that rows can be split by merchant; else name it OTHERWISE."


def test_a_foreign_key_never_leads_to_another_merchant(schema: Connection) -> None:
    inspector = inspect(schema)
    found = [key for table in OWNED for key in inspector.get_foreign_keys(table)]

    assert found
    assert all(key["constrained_columns"][0] == key["referred_columns"][0] == "merchant_id" for key in found)


def first_key(inspector: Inspector, table: str) -> list[str]:
    return list(inspector.get_pk_constraint(table)["constrained_columns"])


def keys_of(inspector: Inspector, table: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield name and columns of the primary key, and of each unique, foreign and plain one."""
    yield "primary", first_key(inspector, table)
    for found in (inspector.get_unique_constraints(table), inspector.get_indexes(table)):
        yield from ((str(key["name"]), key["column_names"]) for key in found)
    yield from ((str(key["name"]), key["constrained_columns"]) for key in inspector.get_foreign_keys(table))


# Columns ---------------------------------------------------------------------------------------------------------


def test_ids_come_from_the_application_and_from_no_counter(schema: Connection, engine: str) -> None:
    counted = [column for table in Base.metadata.tables.values() for column in table.columns if is_counted(column)]
    found = set(schema.scalars(text(COUNTERS[engine])))

    assert not counted
    assert not found, "A sequence ties all shards together: ids are UUIDv7 of kit/ids.py."


COUNTERS = {
    "postgresql": "SELECT relname FROM pg_class WHERE relkind = 'S'"
    " UNION SELECT attrelid::regclass::text FROM pg_attribute WHERE attidentity <> ''",
    # A lone INTEGER PRIMARY KEY is SQLite's rowid, and counts by itself.
    "sqlite": "SELECT name FROM sqlite_master WHERE sql LIKE '%autoincrement%' UNION SELECT m.name FROM sqlite_master m"
    " JOIN pragma_table_info(m.name) i WHERE m.type = 'table' AND i.pk GROUP BY m.name"
    " HAVING count(*) = 1 AND upper(max(i.type)) = 'INTEGER'",
}


def is_counted(column: Any) -> bool:
    return column.autoincrement is True or column.identity is not None or getattr(column.default, "is_sequence", False)


def test_the_database_makes_up_no_value(schema: Connection) -> None:
    columns = [(table, column) for table in Base.metadata.tables for column in inspect(schema).get_columns(table)]
    made_up = [(table, it["name"]) for table, it in columns if it.get("default") or it.get("computed")]

    assert len(columns) > 100
    assert not made_up, "A default in the database hides a decision; clocks and ids are the application's."


def test_no_column_is_a_float_or_an_enum_type(schema: Connection, engine: str) -> None:
    columns = [column for table in Base.metadata.tables for column in inspect(schema).get_columns(table)]
    types = {str(column["type"]).partition("(")[0] for column in columns}
    strange = types & {"DECIMAL", "DOUBLE PRECISION", "FLOAT", "MONEY", "NUMERIC", "REAL"}

    assert not strange, "Money is whole minor units (BigInteger) with its currency."
    if engine == "postgresql":
        enums = schema.scalars(text("SELECT typname FROM pg_type WHERE typtype = 'e'")).all()
        assert not enums, "Changing an ENUM type locks its tables: a smallint with columns.choice_check is enough."


# Migrations ------------------------------------------------------------------------------------------------------


def test_migrations_go_up_and_down_and_up_again(fresh: Miaofa) -> None:
    url = fresh.config["MIAOFA"].database_owner_url
    with as_owner(url) as connection:
        before = described(connection)

    downgrade(revision="base")
    with as_owner(url) as connection:
        assert set(described(connection)) <= {"alembic_version"}

    upgrade()
    with as_owner(url) as connection:
        assert described(connection) == before
        assert set(before) > OWNED


def test_the_migrated_schema_is_what_the_models_say(
    schema: Connection, engine: str, tmp_path: Any, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'models.db'}"
    if engine == "postgresql":
        cluster: Postgres = request.getfixturevalue("postgres")
        url = cluster.create_database(f"models_{secrets.token_hex(6)}")[1]
    with as_owner(url) as connection:
        Base.metadata.create_all(connection)
        wanted = shapes(connection)

    assert {name: shape for name, shape in shapes(schema).items() if name != "alembic_version"} == wanted


def test_alembic_finds_nothing_left_to_migrate(schema: Connection) -> None:
    context = MigrationContext.configure(schema, opts={"compare_type": True, "compare_server_default": True})

    assert compare_metadata(context, Base.metadata) == []


def described(connection: Connection) -> dict[str, set[str]]:
    """Return all there is to say of each table: its shape, its fences, its rights."""
    facts = shapes(connection)
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"))
    else:
        rows = connection.execute(text(FENCES))
    for table, fact in rows:
        facts[table].add(fact)
    return facts


FENCES = """
    SELECT tablename, concat_ws(' ', policyname, permissive, roles, cmd, qual, with_check) FROM pg_policies
    UNION ALL SELECT relname, 'fence ' || relrowsecurity || relforcerowsecurity
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT table_name, concat_ws(' ', 'right', grantee, privilege_type)
    FROM information_schema.role_table_grants WHERE table_schema = 'public'
"""


def shapes(connection: Connection) -> dict[str, set[str]]:
    """Return the columns, keys, indexes, checks and options of each table, as text that can be compared."""
    inspector = inspect(connection)
    facts: dict[str, set[str]] = {}
    for table in inspector.get_table_names():
        columns = [(it["name"], str(it["type"]), it["nullable"], it["default"]) for it in inspector.get_columns(table)]
        rest = (
            inspector.get_pk_constraint(table),
            *inspector.get_unique_constraints(table),
            *inspector.get_foreign_keys(table),
            *inspector.get_check_constraints(table),
            *map(plain_index, inspector.get_indexes(table)),
            inspector.get_table_options(table),
        )
        facts[table] = {str(fact) for fact in (*columns, *rest)}
    return facts


def plain_index(index: Any) -> dict[str, str]:
    """Return an index with its condition as text; SQLite's reflection gives it as an expression object."""
    return {name: str(value) for name, value in index.items() if name != "dialect_options"} | {
        name: str(value) for name, value in index.get("dialect_options", {}).items()
    }


# Fences ----------------------------------------------------------------------------------------------------------


@on_postgresql
def test_every_owned_table_has_its_fence(schema: Connection) -> None:
    fences_of = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity"

    assert set(schema.scalars(text(fences_of))) == OWNED, "A migration raises the fence: kit/fences.py, raise_fence."


@on_postgresql
def test_the_policies_are_just_these(schema: Connection) -> None:
    mine, system = same(schema, fences.MINE), same(schema, fences.SYSTEM)
    rows = schema.execute(text("SELECT tablename, policyname, permissive, cmd, qual, with_check FROM pg_policies"))
    wanted: set[Any] = {(table, "own_merchant", "PERMISSIVE", "ALL", mine, mine) for table in OWNED}
    wanted |= {(table, "system_reads", "PERMISSIVE", "SELECT", system, None) for table in SYSTEM_READS}

    assert {tuple(row) for row in rows} == wanted, "Only tables named in SYSTEM_READS are read across merchants."


@on_postgresql
def test_the_application_may_do_no_more_than_it_needs(schema: Connection) -> None:
    query = "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = :app"
    rights: dict[str, set[str]] = {}
    for table, right in schema.execute(text(query), {"app": APP}):
        rights.setdefault(table, set()).add(right)
    owners = set(schema.scalars(text("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")))

    assert owners == {OWNER}
    assert rights.keys() == OWNED | UNSCOPED.keys()
    assert {table for table in rights if rights[table] == {"SELECT", "INSERT"}} == INSERT_ONLY
    assert {table for table in rights if rights[table] == {"SELECT", "INSERT", "UPDATE", "DELETE"}} == (
        rights.keys() - INSERT_ONLY
    )


@on_postgresql
def test_raw_sql_sees_no_row_of_another_merchant_in_any_table(shop: Shop, other: Shop, postgres: Postgres) -> None:
    for each in (shop, other):
        fill(each)
    name = db.engine().url.database
    with as_owner(postgres.superuser.set(database=name).render_as_string(hide_password=False)) as everything:
        empty = {table for table in OWNED if not {shop.merchant_id, other.merchant_id} <= merchants(everything, table)}
    assert not empty, f"Nothing is proved of tables without rows of both shops: let fill() write some into {empty}."

    with raw(merchant=shop.merchant_id) as connection:
        assert {table for table in OWNED if merchants(connection, table) != {shop.merchant_id}} == set()
    with raw() as connection:
        assert {table for table in OWNED if merchants(connection, table)} == set()
    with raw(system="on") as connection:
        assert {table for table in OWNED if merchants(connection, table)} == SYSTEM_READS.keys()


@on_postgresql
@pytest.mark.parametrize("table", sorted(OWNED))
def test_raw_sql_writes_for_no_other_merchant(app: Miaofa, table: str) -> None:
    row = text(f'INSERT INTO "{table}" (merchant_id) VALUES (:merchant)')

    with raw(merchant=1) as connection, pytest.raises(ProgrammingError, match="row-level security"):
        connection.execute(row, {"merchant": 2})
    with raw(system="on") as connection, pytest.raises(ProgrammingError, match="row-level security"):
        connection.execute(row, {"merchant": 2})
    with raw(merchant=1) as connection, pytest.raises(IntegrityError, match="null value"):  # but for itself it may
        connection.execute(row, {"merchant": 1})


@on_postgresql
def test_the_application_cannot_take_a_fence_down(app: Miaofa) -> None:
    with raw() as connection, pytest.raises(ProgrammingError, match="must be owner"):
        connection.execute(text("ALTER TABLE code DISABLE ROW LEVEL SECURITY"))


def same(connection: Connection, condition: str) -> str:
    """Return a condition as PostgreSQL itself writes it."""
    connection.execute(text("CREATE TEMPORARY TABLE merchants_of (merchant_id bigint) ON COMMIT DROP"))
    connection.execute(text(f"CREATE POLICY it ON merchants_of USING ({condition})"))
    said = connection.scalar(text("SELECT qual FROM pg_policies WHERE tablename = 'merchants_of'"))
    connection.execute(text("DROP TABLE merchants_of"))
    return str(said)


def merchants(connection: Connection, table: str) -> set[int]:
    return set(connection.scalars(text(f'SELECT DISTINCT merchant_id FROM "{table}"')))


# What is never changed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", sorted(INSERT_ONLY))
def test_the_books_and_the_record_are_only_written(shop: Shop, engine: str, table: str) -> None:
    # SQLite knows no TRUNCATE, but another way round.
    third = "INSERT OR REPLACE INTO {0} SELECT * FROM {0}" if engine == "sqlite" else "TRUNCATE {} CASCADE"
    refused = "insert-only" if engine == "sqlite" else f"permission denied for table {table}"
    shop.codes(1)
    assert shop.pay(shop.place())
    redeem_a_list(shop)
    make_busy_firm(shop)
    before = rows(shop, table)
    assert before

    for change in ("UPDATE {} SET merchant_id = merchant_id", "DELETE FROM {}", third):
        with raw(merchant=shop.merchant_id) as connection, pytest.raises(DBAPIError, match=refused):
            connection.execute(text(change.format(table)))
    assert rows(shop, table) == before


@on_sqlite
def test_no_other_table_has_triggers(schema: Connection) -> None:
    triggers = set(schema.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))

    assert triggers == {f"no_{verb}_{table}" for table in INSERT_ONLY for verb in ("update", "delete")}


def rows(shop: Shop, table: str) -> set[Any]:
    kept: Table = Base.metadata.tables[table]
    query = kept.select().where(kept.c.merchant_id == shop.merchant_id)
    return shop.read(lambda: {str(row) for row in db.session().execute(query)})


# Connections -----------------------------------------------------------------------------------------------------


@contextmanager
def as_owner(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


@contextmanager
def raw(**settings: Any) -> Iterator[Connection]:
    """A plain connection of the application's role, outside of any unit; what it did is undone."""
    with db.raw_connection() as connection:
        for name, value in settings.items() if connection.dialect.name == "postgresql" else ():
            words = {"name": f"app.{name}", "value": str(value)}
            connection.execute(text("SELECT set_config(:name, :value, true)"), words)
        yield connection
