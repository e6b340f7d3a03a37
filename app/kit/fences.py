"""Fences that migrations put around tables: row level security and grants on PostgreSQL, triggers on SQLite."""

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

MINE = "merchant_id = NULLIF(current_setting('app.merchant', true), '')::bigint"
SYSTEM = "current_setting('app.system', true) = 'on'"


def raise_fence(
    connection: Connection, table: str, *, app_url: str, system_reads: bool = False, insert_only: bool = False
) -> None:
    """Let the application see only its merchant's rows of `table`, and change them only where it may."""
    if connection.dialect.name == "sqlite":
        if insert_only:
            _no_changes_on_sqlite(connection, table)
        return
    for statement in _row_level_security(table, system_reads=system_reads):
        connection.execute(text(statement))
    grant(connection, table, app_url=app_url, insert_only=insert_only)


def lower_fence(connection: Connection, table: str, *, insert_only: bool = False) -> None:
    """Take the fence away again."""
    if connection.dialect.name == "sqlite":
        if insert_only:
            for verb in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER no_{verb}_{table}"))
        return
    for policy in ("own_merchant", "system_reads"):
        connection.execute(text(f'DROP POLICY IF EXISTS {policy} ON "{table}"'))
    connection.execute(text(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY'))
    connection.execute(text(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY'))


def grant(connection: Connection, table: str, *, app_url: str, insert_only: bool = False) -> None:
    """Give the application's role what it needs of `table`; nothing to do where owner and application are one."""
    if connection.dialect.name == "sqlite":
        return
    role = make_url(app_url).username
    if not role or role == connection.execute(text("SELECT current_user")).scalar():
        return
    rights = "SELECT, INSERT" if insert_only else "SELECT, INSERT, UPDATE, DELETE"
    connection.execute(text(f'GRANT {rights} ON "{table}" TO "{role}"'))


def _row_level_security(table: str, *, system_reads: bool) -> list[str]:
    statements = [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',  # the owner as well
        f'CREATE POLICY own_merchant ON "{table}" USING ({MINE}) WITH CHECK ({MINE})',
    ]
    if system_reads:
        statements.append(f'CREATE POLICY system_reads ON "{table}" FOR SELECT USING ({SYSTEM})')
    return statements


def _no_changes_on_sqlite(connection: Connection, table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        connection.execute(
            text(
                f'CREATE TRIGGER no_{verb.lower()}_{table} BEFORE {verb} ON "{table}"'
                f" BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
            )
        )
