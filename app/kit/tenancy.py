"""Tenancy: every row belongs to a merchant, and a unit sees the rows of its own merchant alone.

Two fences, both set at the start of each unit: the session filter below (ORM) and PostgreSQL's row level
security (everything). SQLite has only the first; the tests watch its SQL.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, event, text
from sqlalchemy.orm import (
    DeclarativeBase,
    LoaderCriteriaOption,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.schema import MetaData

PLATFORM = 0  # the merchant that owns what happens to no merchant: log-ins, password resets

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclass(frozen=True)
class System:
    """The scope of the few reads that look across merchants; `reason` says why they may."""

    reason: str


Scope = int | System


class Unscoped(RuntimeError):
    """A merchant's rows were asked for outside their merchant: always a bug."""


class Base(DeclarativeBase):
    """The root of all tables; a table that stands directly on it belongs to no merchant (a named few)."""

    metadata = MetaData(naming_convention=CONVENTION)


class Owned(Base):
    """A table whose rows belong to a merchant; `merchant_id` leads its keys."""

    __abstract__ = True

    merchant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, sort_order=-100)


def enter(session: Session, scope: Scope, *, writing: bool) -> None:
    """Bind a fresh session to `scope` for its whole life."""
    session.info["scope"] = scope
    if session.get_bind().dialect.name == "postgresql":
        merchant, system = ("", "on") if isinstance(scope, System) else (str(scope), "")
        told = WRITING if writing else READING
        session.connection().execute(told, {"merchant": merchant, "system": system})


SCOPED = "SELECT set_config('app.merchant', :merchant, true), set_config('app.system', :system, true)"
# Writers walk indexes in their order, whatever stale statistics promise of other plans: right after an import the
# planner takes a merchant for empty and would read all its sold codes for each claim (B1.7).
WALKING = ", ".join(f"set_config('enable_{plan}', 'off', true)" for plan in ("seqscan", "bitmapscan", "sort"))
READING = text(SCOPED)
WRITING = text(f"{SCOPED}, {WALKING}, set_config('lock_timeout', '3s', true)")


@event.listens_for(Session, "do_orm_execute")
def _filter(state: ORMExecuteState) -> None:
    scope = state.session.info.get("scope")
    filtered = state.is_orm_statement and (state.is_select or state.is_update or state.is_delete)
    if filtered and isinstance(scope, int):  # the filter reaches ORM statements alone, so Core need not carry it
        state.statement = state.statement.options(_only(scope))


@lru_cache(maxsize=1024)
def _only(merchant: int) -> LoaderCriteriaOption:
    """Return the filter of one merchant; making it costs more than the statement it is for."""
    return with_loader_criteria(Owned, lambda cls: cls.merchant_id == merchant, include_aliases=True)


@event.listens_for(Session, "before_flush")
def _stamp(session: Session, *_: Any) -> None:
    """Give new rows the merchant of their session, and refuse those of another."""
    scope = session.info.get("scope")
    for row in session.new:
        if not isinstance(row, Owned):
            continue
        if not isinstance(scope, int):
            raise Unscoped(f"{type(row).__name__} cannot be written in {scope}")
        if row.merchant_id is None:
            row.merchant_id = scope
        elif row.merchant_id != scope:
            raise Unscoped(f"{type(row).__name__} of merchant {row.merchant_id} in the scope of {scope}")
