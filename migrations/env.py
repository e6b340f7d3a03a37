"""Runs migrations as the owner of the tables (DATABASE_OWNER_URL), on either engine."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app.kit import db
from app.kit.columns import Choice, Moment
from app.kit.ids import Id
from app.kit.tenancy import Base

OWN_TYPES = {Id: "app.kit.ids", Moment: "app.kit.columns"}
LOCK_TIMEOUT = "SET lock_timeout = '3s'"


def run() -> None:
    """Bring the schema to the asked revision, in one transaction a revision."""
    engine = create_engine(current_app.config["MIAOFA"].database_owner_url, poolclass=NullPool)
    db.prepare(engine)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(LOCK_TIMEOUT))
            connection.commit()
        else:  # changing a table there means making it anew, and its children must not mind
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            render_as_batch=True,
            compare_type=True,
            render_item=render,
        )
        with context.begin_transaction():
            context.run_migrations()


def render(kind: str, item: Any, autogen: Any) -> str | bool:
    """Write our own column types by name; a choice is a smallint with a CHECK."""
    if kind != "type":
        return False
    if isinstance(item, Choice):
        return "sa.SmallInteger()"
    for own, module in OWN_TYPES.items():
        if isinstance(item, own):
            autogen.imports.add(f"from {module} import {own.__name__}")
            return f"{own.__name__}()"
    return False


run()
