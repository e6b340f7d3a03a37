"""Watches the SQL of tests: a statement on a merchant's table names its merchant, on SQLite as on PostgreSQL.

PostgreSQL's row level security would hide a forgotten filter; here it fails on both engines.
"""

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, event

from app.kit import db
from app.kit.tenancy import Base, Owned, System

OWNED = {str(mapper.class_.__tablename__) for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)}
TABLE = re.compile(r'(?:FROM|JOIN|INTO|UPDATE)\s+"?(\w+)"?', re.IGNORECASE)
READ_BY_SYSTEM = {"effect", "membership", "outbox", "task"}


class Unscoped(AssertionError):
    """A statement went to a merchant's table without naming the merchant."""


def watch(engine: Engine) -> None:
    """Fail every statement of a unit that touches owned tables without its merchant's id among its parameters."""
    event.listen(engine, "before_cursor_execute", _check)


def _check(_c: Any, _cursor: Any, statement: str, parameters: Any, _ctx: Any, many: bool) -> None:
    if not db.is_open():
        return
    tables = _owned(statement)
    if not tables:
        return
    scope = db.unit().scope
    if isinstance(scope, System):
        if not tables <= READ_BY_SYSTEM:
            raise Unscoped(f"{scope} reads {tables}: {statement}")
        return
    rows = parameters if many and isinstance(parameters, list) else [parameters]  # one for rows joined in a VALUES
    for row in rows:
        if scope not in (row.values() if isinstance(row, dict) else row):
            raise Unscoped(f"no merchant in {statement} with {row}")


@lru_cache(4096)  # the same words come again and again
def _owned(statement: str) -> frozenset[str]:
    return frozenset(name for name in TABLE.findall(statement) if name in OWNED)
