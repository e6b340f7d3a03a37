"""Books without a shop around them, and a way behind their fences to damage them as no code of ours can."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Connection, Table, create_engine, func, select, text
from sqlalchemy.pool import NullPool

from app.kit import clock, db
from app.kit.ids import new_id, public
from app.kit.money import Money
from app.kit.tenancy import Base
from app.ledger import queries, service
from app.ledger.models import Transaction
from app.ledger.service import Leg, Posting

T = TypeVar("T")
TABLES = Base.metadata.tables
ENTRY, TRANSACTION, BALANCE = TABLES["entry"], TABLES["ledger_tx"], TABLES["ledger_balance"]


@dataclass
class Books:
    """The books of one merchant."""

    merchant_id: int
    owner_url: str

    def read(self, fn: Callable[[], T]) -> T:
        return db.read(self.merchant_id, fn)

    def write(self, fn: Callable[[], T]) -> T:
        return db.write(self.merchant_id, fn)

    def post(self, *legs: tuple[str, int, str], kind: str = "sale", at: datetime | None = None) -> UUID:
        """Post one transaction now (or at a time of the past, as if it were then) and return its id."""
        now = at or clock.now()
        legs = legs or (("asset:gateway", 1999, "CNY"), ("income:sales", -1999, "CNY"))
        taken = tuple(Leg(account, Money(minor, currency)) for account, minor, currency in legs)
        posting = Posting(kind, new_id(), now, now.date(), taken)
        with clock.running(lambda: now):
            self.write(lambda: service.post([posting]))
        wanted = select(Transaction.id).where(Transaction.subject_id == posting.subject_id)
        return self.read(lambda: db.session().scalars(wanted).one())

    def roll(self, *, now: datetime | None = None) -> list[date]:
        """Roll up day after day until nothing is left to roll, and return the days."""
        rolled: list[date] = []
        while day := self.write(lambda: service.roll(now=now or clock.now())):
            rolled.append(day)
        return rolled

    def balances(self) -> dict[str, int]:
        return {name: money.minor for name, money in self.read(queries.balances).items()}

    def check(self) -> list[tuple[str, str]]:
        """Check the books and return what is wrong, and where."""
        return [(fault.what, fault.where) for fault in self.read(queries.check)]

    def count(self, table: Table) -> int:
        mine = select(func.count()).select_from(table).where(table.c.merchant_id == self.merchant_id)
        return self.read(lambda: db.session().scalar(mine)) or 0

    @contextmanager
    def behind(self) -> Iterator[Connection]:
        """A connection that no fence holds: no triggers, no foreign keys, no row level security."""
        engine = create_engine(self.owner_url, poolclass=NullPool)
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET session_replication_role = replica"))
                yield connection
                return
            triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _ in triggers:
                connection.execute(text(f"DROP TRIGGER {name}"))
            yield connection
            for _, sql in triggers:
                connection.execute(text(sql))

    def damage(self, table: Table, tx: UUID | None = None, line: int | None = None, **changes: Any) -> int:
        """Change rows behind the fences, or remove them where no changes are given; return how many."""
        mine = [table.c.merchant_id == self.merchant_id]
        if tx is not None:
            mine.append((table.c.id if table is TRANSACTION else table.c.tx_id) == tx)
        if line is not None:
            mine.append(table.c.line == line)
        with self.behind() as connection:
            statement = table.update().where(*mine).values(changes) if changes else table.delete().where(*mine)
            return connection.execute(statement).rowcount


def owner_url(app: Any, request: pytest.FixtureRequest) -> str:
    """Return the address under which nothing is refused: the file itself, or the cluster's superuser."""
    url: str = app.config["MIAOFA"].database_owner_url
    if url.startswith("sqlite"):
        return url
    name = url.rpartition("/")[2].partition("?")[0]
    return str(request.getfixturevalue("postgres").superuser.set(database=name).render_as_string(hide_password=False))


def tx(number: UUID) -> str:
    return public("tx", number)
