"""A claim walks the free codes alone, however many were sold and whatever the planner last learnt (B1.7)."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, event, insert, select, text, update
from sqlalchemy.pool import NullPool

from app.catalog import queries as catalog
from app.inventory import allocation
from app.inventory.models import Code, Status
from app.kit import clock, db
from app.kit.ids import new_id
from tests.inventory import pool
from tests.make import Shop

COUNT = 20_000 * pool.DEPTH
SOLD = COUNT * 9 // 10


@pytest.fixture
def crowded(shop: Shop) -> Shop:
    """A shop with many codes of one SKU, nine of ten sold."""
    pool.bring(shop, pool.fresh_codes(1)[0])
    model = shop.read(lambda: db.session().scalars(select(Code)).one())
    same = {column.name: getattr(model, column.name) for column in Code.__table__.columns}
    for start in range(0, COUNT, 5000):
        rows = [
            same | {"id": new_id(), "pick": model.pick + n, "fingerprint": b"%32d" % n, "line": n}
            for n in range(start + 1, start + 5001)
        ]
        shop.write(lambda rows=rows: db.session().execute(insert(Code.__table__), rows))  # type: ignore[misc]
    shop.write(lambda: db.session().execute(update(Code).where(Code.line <= SOLD).values(status=Status.SOLD)))
    return shop


def explain(shop: Shop, how: str, *, quantity: int = 1, before: str = "") -> Any:
    """Let the engine explain the very statement of a claim; keeps nothing."""
    seen: list[Any] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    def ask() -> Any:
        now = clock.now()
        if before:
            db.session().execute(text(before))
        sku = catalog.get_sku(shop.sku).id
        event.listen(db.engine(), "before_cursor_execute", note)
        try:
            claimed = allocation.claim(sku_id=sku, part_id=new_id(), quantity=quantity, until=now, today=pool.today())
        finally:
            event.remove(db.engine(), "before_cursor_execute", note)
        assert len(claimed) == quantity
        ((statement, parameters),) = seen
        return db.session().connection().exec_driver_sql(f"{how} {statement}", parameters).all()

    return shop.read(ask)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def x_test_print(crowded: Shop) -> None:
    pass


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_print(crowded: Shop) -> None:
    for before in ("", "SET LOCAL plan_cache_mode = force_generic_plan"):
        for q in (1, 10):
            for row in explain(crowded, "EXPLAIN (ANALYZE)", before=before, quantity=q):
                print(row[0])
    owner = create_engine(crowded.app.config["MIAOFA"].database_owner_url, poolclass=NullPool)
    with owner.connect() as c:
        c.execute(text("ANALYZE code")); c.commit()
    for row in explain(crowded, "EXPLAIN (ANALYZE)"):
        print(row[0])
    for row in explain(crowded, "EXPLAIN (ANALYZE)", quantity=100):
        print(row[0])
    assert 0


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_print2(crowded: Shop) -> None:
    for row in explain(crowded, "EXPLAIN QUERY PLAN"):
        print(row)
    assert 0
