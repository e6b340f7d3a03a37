"""SQLite finds what belongs to one order or product by an index, whatever it knows of the sizes of tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Mapper, RelationshipProperty, selectinload

from app.kit import db
from app.kit.tenancy import PARENT, Base
from app.orders.models import Line, Order
from tests.engines import on_sqlite
from tests.make import Shop

MANY = 1_000_000


def test_every_row_with_children_is_named_before_its_merchant() -> None:
    mappers: list[Mapper[Any]] = list(Base.registry.mappers)
    parents = {relation.parent for mapper in mappers for relation in mapper.relationships if is_list(relation)}

    assert len(parents) >= 4
    for parent in parents:
        assert [column.name for column in parent.primary_key] == PARENT["primary_key"], parent


def is_list(relation: RelationshipProperty[Any]) -> bool:
    return bool(relation.uselist)


@on_sqlite
@pytest.mark.parametrize("count", [1, 2, 30])
def test_the_lines_of_orders_are_found_by_their_index(shop: Shop, count: int) -> None:
    shop.codes(count)
    placed = [shop.place().id for _ in range(count)]
    query = select(Order).where(Order.id.in_(placed)).options(selectinload(Order.lines))

    with large(Line.__tablename__):
        plans = shop.read(lambda: plans_of(lambda: db.session().scalars(query).all()))

    (lines,) = [plan for plan in plans if "order_line" in plan]
    assert "SEARCH order_line USING INDEX ix_order_line_merchant_id_order_id (merchant_id=? AND order_id=?)" in lines


def plans_of(work: Callable[[], object]) -> list[str]:
    """Run questions in the running unit and return what SQLite makes of each."""
    asked: list[tuple[str, Any]] = []

    def note(_line: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        asked.append((statement, given))

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)
    line = db.session().connection()
    plans = [line.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all() for statement, given in asked]
    return ["; ".join(step.detail for step in plan) for plan in plans]


@contextmanager
def large(table: str) -> Iterator[None]:
    """Let SQLite believe that a table has many rows of a single merchant."""
    indexes = text("SELECT name, (SELECT count(*) FROM pragma_index_info(name)) FROM pragma_index_list(:table)")
    with db.engine().connect().execution_options(unit="write") as line:
        line.exec_driver_sql("ANALYZE")
        told = [
            (table, name, f"{MANY} {MANY}" + " 1" * (columns - 1))
            for name, columns in line.execute(indexes, {"table": table})
        ]
        line.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl = ?", (table,))
        line.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", told)
        line.commit()
        line.exec_driver_sql("ANALYZE sqlite_schema")
    db.engine().dispose()
    try:
        yield
    finally:
        with db.engine().connect().execution_options(unit="write") as line:
            line.exec_driver_sql("DELETE FROM sqlite_stat1")
            line.commit()
        db.engine().dispose()
