"""SQLite finds what belongs to one order or product by an index, whatever it knows of the sizes of tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Mapper, RelationshipProperty, selectinload

from app.delivery import queries as delivery
from app.entitlements import queries as entitlements
from app.entitlements.models import State
from app.exchanges import queries as exchanges
from app.gifting import gift_lists
from app.kit import clock, db
from app.kit.tenancy import PARENT, Base
from app.orders import queries as orders
from app.orders.models import Line, Order
from app.payments import queries as payments
from app.refunds import queries as refunds
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


@on_sqlite
def test_what_belongs_to_an_order_is_found_by_its_index_and_sorted_after(shop: Shop) -> None:
    shop.codes(1)
    order, now = shop.place().id, clock.now()

    plans = shop.read(lambda: plans_of(lambda: [ask(order, now) for ask in ASKED_OF_AN_ORDER]))

    assert len(plans) >= len(ASKED_OF_AN_ORDER)
    assert [plan for plan in plans if "(merchant_id=?)" in plan or "from_id" in plan] == []


ASKED_OF_AN_ORDER: tuple[Callable[[UUID, datetime], object], ...] = (
    lambda order, now: delivery.find_newest_link(order, now=now),
    lambda order, _now: delivery.list_links(order),
    lambda order, _now: delivery.list_of_order(order),
    lambda order, _now: refunds.list_of_order(order),
    lambda order, _now: payments.list_paybacks_of_order(order),
    lambda order, _now: exchanges.list_of_order(order),
    lambda order, now: gift_lists.list_given(order, from_id=None, now=now),
    lambda order, now: gift_lists.list_of_order(order, now=now),
    lambda order, now: gift_lists.list_received([b"contact"], order, now=now),
    lambda order, _now: entitlements.list_of_orders([order], [order], state=State.READY),
    lambda order, _now: orders.find_latest_paid("buyer@example.com"),
)


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
