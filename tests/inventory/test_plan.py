"""A claim walks the free codes alone, however many were sold and whatever the planner last learnt (B1.7)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, event, select, text, update
from sqlalchemy.pool import NullPool

from app.catalog import queries as catalog
from app.inventory import allocation
from app.inventory.models import Code, Status
from app.kit import clock, db
from app.kit.ids import new_id
from tests.inventory import pool
from tests.make import Shop, make_shop

COUNT = 20_000 * pool.DEPTH
SOLD = COUNT * 9 // 10


@pytest.fixture
def crowded(shop: Shop) -> Shop:
    """A shop with many codes of one SKU, nine of ten sold; the planner's statistics are from before it came."""
    for count in (100, 200):
        pool.bring(make_shop(shop.app), "\n".join(pool.fresh_codes(count)))
    analyse(shop)
    pool.bring(shop, pool.fresh_codes(1)[0])
    model = shop.read(lambda: db.session().scalars(select(Code)).one())
    shop.write(lambda: multiply(model, COUNT))
    shop.write(lambda: db.session().execute(update(Code).where(Code.line <= SOLD).values(status=Status.SOLD)))
    return shop


def multiply(model: Code, count: int) -> None:
    """Insert `count` codes like `model`, made by the database itself."""
    number, fresh = ("randomblob(16)", "randomblob(32)")
    if not db.is_sqlite():
        number, fresh = "gen_random_uuid()", "sha256(gen_random_uuid()::text::bytea)"
    same = [column.name for column in Code.__table__.columns]
    other = {"id": number, "fingerprint": fresh, "pick": "code.pick + n.i", "line": "n.i"}
    values = ", ".join(other.get(name, f"code.{name}") for name in same)
    statement = f"""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
        INSERT INTO code ({", ".join(same)}) SELECT {values} FROM code, n WHERE code.merchant_id = :merchant
    """
    db.session().execute(text(statement), {"count": count, "merchant": model.merchant_id})


def analyse(shop: Shop) -> None:
    """Let the database learn how full the table is, as its owner."""
    owner = create_engine(shop.app.config["MIAOFA"].database_owner_url, poolclass=NullPool)
    with owner.begin() as connection:
        connection.execute(text("ANALYZE code"))


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

    return undone(shop, ask)


class Undo(Exception):
    """Carries an answer out of a write unit that is to leave nothing."""


def undone(shop: Shop, fn: Callable[[], Any]) -> Any:
    """Return what `fn` answers in a write unit, as a sale runs in, and keep nothing of what it did."""

    def answer() -> None:
        raise Undo(fn())

    with pytest.raises(Undo) as done:
        shop.write(answer)
    return done.value.args[0]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def read_rows(plan: dict[str, Any]) -> dict[str, int]:
    """Return how many rows of codes a plan read, by index, and how many of them it threw away."""
    read: dict[str, int] = {"thrown away": 0}
    for node in nodes(plan):
        if node.get("Relation Name") == "code" and "Scan" in node["Node Type"]:
            name = node.get("Index Name", node["Node Type"])
            read[name] = read.get(name, 0) + int(node["Actual Rows"] * node["Actual Loops"])
        read["thrown away"] += sum(int(count) for word, count in node.items() if word.startswith("Rows Removed"))
    return read


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_postgresql_reads_the_codes_it_takes_and_no_others(crowded: Shop) -> None:
    def check() -> None:
        for mode in ("auto", "force_generic_plan"):
            for quantity in (1, 10, 100):
                wish = f"SET LOCAL plan_cache_mode = {mode}"
                ((answer,),) = explain(crowded, "EXPLAIN (ANALYZE, FORMAT JSON)", quantity=quantity, before=wish)
                read = read_rows(answer[0]["Plan"])
                assert read.pop("thrown away") < 100, read
                assert read == {"ix_code_free": quantity, "pk_code": quantity}

    check()
    analyse(crowded)
    check()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_sqlite_walks_the_free_index_and_looks_up_what_it_found(crowded: Shop) -> None:
    searches = [str(row[3]) for row in explain(crowded, "EXPLAIN QUERY PLAN") if " code " in row[3]]

    assert sorted(searches) == [
        "SEARCH code USING INDEX ix_code_free (merchant_id=? AND sku_id=? AND lane=?)",
        "SEARCH code USING INDEX sqlite_autoindex_code_1 (merchant_id=? AND id=?)",
    ]
