"""Tenancy: every row belongs to a merchant, and a unit sees the rows of its own merchant alone.

Two fences, both set at the start of each unit: the session filter below (ORM) and PostgreSQL's row level
security (everything). SQLite has only the first; the tests watch its SQL.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, event
from sqlalchemy.orm import (
    DeclarativeBase,
    LoaderCriteriaOption,
    Mapped,
    Session,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.schema import MetaData

from app.kit import crowd

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


# Of a class whose rows are loaded with their children (`relationship`): these are asked for by `(parent, merchant)`;
# for `(merchant, parent)` SQLite would walk the whole table (see kit/sqlite.py).
PARENT = {"primary_key": ["id", "merchant_id"]}


def bound(scope: Scope, *, writing: bool) -> str:
    """Return what a transaction on PostgreSQL is told right after its BEGIN; it forgets it at its end."""
    mine = "; SET LOCAL app.system = 'on'" if isinstance(scope, System) else f"; SET LOCAL app.merchant = '{scope:d}'"
    return mine + WALKING if writing else mine


# Writers walk indexes in their order, whatever stale statistics promise of other plans: right after an import the
# planner takes a merchant for empty and would read all its sold codes for each claim (B1.7).
WALKING = "".join(f"; SET LOCAL enable_{plan} = off" for plan in ("seqscan", "bitmapscan", "sort"))
WALKING += "; SET LOCAL lock_timeout = '3s'"


class Scoped(Session):
    """A session with one scope for life: it filters ORM statements, and hands Core ones to its connection as they are.

    An event of SQLAlchemy's could filter as well, but makes it prepare every statement twice.
    """

    def __init__(self, connection: Connection, scope: Scope) -> None:
        super().__init__(connection, expire_on_commit=False)
        self._line = connection
        self.scope = scope

    def execute(self, statement: Any, params: Any = None, **more: Any) -> Any:
        crowd.give_way()
        if statement._propagate_attrs:  # the mark of the ORM
            return super().execute(self._filtered(statement), params, **more)
        if self._new or self._deleted or self.identity_map._modified:
            self.flush()
        return self._line.execute(statement, params, execution_options=more.get("execution_options"))

    def scalars(self, statement: Any, params: Any = None, **more: Any) -> Any:
        return self.execute(statement, params, **more).scalars()

    def scalar(self, statement: Any, params: Any = None, **more: Any) -> Any:
        return self.execute(statement, params, **more).scalar()

    def _filtered(self, statement: Any) -> Any:
        filtered = statement.is_select or statement.is_update or statement.is_delete
        return statement.options(_only(self.scope)) if filtered and isinstance(self.scope, int) else statement


@lru_cache(maxsize=1024)
def _only(merchant: int) -> LoaderCriteriaOption:
    """Return the filter of one merchant; making it costs more than the statement it is for."""
    return with_loader_criteria(Owned, lambda cls: cls.merchant_id == merchant, include_aliases=True)


@event.listens_for(Session, "before_flush")
def _stamp(session: Session, *_: Any) -> None:
    """Give new rows the merchant of their session, and refuse those of another."""
    scope = getattr(session, "scope", None)
    for row in session.new:
        if not isinstance(row, Owned):
            continue
        if not isinstance(scope, int):
            raise Unscoped(f"{type(row).__name__} cannot be written in {scope}")
        if row.merchant_id is None:
            row.merchant_id = scope
        elif row.merchant_id != scope:
            raise Unscoped(f"{type(row).__name__} of merchant {row.merchant_id} in the scope of {scope}")
