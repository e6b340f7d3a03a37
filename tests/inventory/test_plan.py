"""A claim walks the free codes alone, however many were sold and whatever the planner last learnt (B1.7)."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, event, select, text, update
from sqlalchemy.pool import NullPool

from app.catalog import queries as catalog
from app.inventory import allocation, handover, lives
from app.inventory.handover import Piece
from app.inventory.models import Code, Status
from app.inventory.queries import CODES
from app.kit import clock, db, paging
from app.kit.ids import new_id, public
from app.kit.listing import listed
from tests.engines import on_postgresql, on_sqlite
from tests.inventory import pool
from tests.make import Shop, make_shop

COUNT = 10_000 * pool.DEPTH
SOLD = COUNT * 9 // 10


@pytest.fixture(params=["old statistics", "no statistics"])
def crowded(request: pytest.FixtureRequest, engine: str) -> Shop:
    """A shop with many codes of one SKU, nine of ten sold, of which the planner knows little or nothing."""
    if request.param == "old statistics":
        shop: Shop = request.getfixturevalue("shop")
        for count in (100, 200):
            pool.bring(make_shop(shop.app), "\n".join(pool.fresh_codes(count)))
        tell(shop, "ANALYZE code")
    else:
        shop = make_shop(request.getfixturevalue("fresh"))
        if engine == "postgresql":
            tell(shop, "ALTER TABLE code SET (autovacuum_enabled = false)")  # it would analyse
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


def tell(shop: Shop, statement: str) -> None:
    """Run a statement as the owner of the tables."""
    owner = create_engine(shop.app.config["MIAOFA"].database_owner_url, poolclass=NullPool)
    with owner.begin() as connection:
        connection.execute(text(statement))


class Caught(Exception):
    """Carries a statement away before it runs."""


def explain(shop: Shop, how: str, act: Callable[[UUID, int], object], *, quantity: int = 1, before: str = "") -> Any:
    """Let the engine explain the very statement of an act, with codes held before for a part; keeps nothing."""

    def catch(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        raise Caught(statement, parameters)

    def ask() -> Any:
        if before:
            db.session().execute(text(before))
        sku = catalog.get_sku(shop.sku).id
        until = clock.now() - timedelta(hours=1)
        assert claim(sku, quantity, part=PART, until=until)
        event.listen(db.engine(), "before_cursor_execute", catch)
        try:
            with pytest.raises(Caught) as caught:
                act(sku, quantity)
        finally:
            event.remove(db.engine(), "before_cursor_execute", catch)
        statement, parameters = caught.value.args
        return db.session().connection().exec_driver_sql(f"{how} {statement}", parameters).all()

    return undone(shop, ask)


PART = new_id()


def claim(sku: UUID, quantity: int, *, part: UUID | None = None, until: datetime | None = None) -> object:
    """Hold codes for a part."""
    part, until = part or new_id(), until or clock.now()
    return allocation.claim(sku_id=sku, parts=[(part, quantity)], until=until, today=pool.today())


def pieces(quantity: int) -> list[Piece]:
    return [Piece(PART, slot, new_id()) for slot in range(quantity)]


ACTS: dict[str, tuple[Callable[[UUID, int], object], set[str]]] = {
    "claim": (claim, {"ix_code_free", "Tid Scan"}),
    "sell free ones": (
        lambda sku, quantity: handover.sell_free(pieces(quantity), sku_id=sku, today=pool.today(), wait=False),
        {"ix_code_free", "Tid Scan"},
    ),
    "sell held ones": (
        lambda _, quantity: handover.sell_held(pieces(quantity), now=clock.now(), today=pool.today()),
        {"ix_code_held", "pk_code"},
    ),
    "take back": (lambda sku, _: allocation.take_back(sku, clock.now()), {"ix_code_held"}),
    "keep": (lambda *_: allocation.keep([PART]), {"ix_code_held"}),
    "release": (lambda *_: allocation.release([PART]), {"ix_code_held"}),
}


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


@on_postgresql
def test_postgresql_reads_the_codes_it_takes_and_no_others(crowded: Shop) -> None:
    def check() -> None:
        for name, (act, indexes) in ACTS.items():
            for mode, quantity in (("auto", 1), ("auto", 100), ("force_generic_plan", 1), ("force_generic_plan", 10)):
                wish = f"SET LOCAL plan_cache_mode = {mode}"
                how = "EXPLAIN (ANALYZE, FORMAT JSON)"
                ((answer,),) = explain(crowded, how, act, quantity=quantity, before=wish)
                read = read_rows(answer[0]["Plan"])
                assert read.pop("thrown away") < 100, (name, read)
                assert +Counter(read) == Counter(dict.fromkeys(indexes, quantity)), (name, mode, quantity)

    check()
    tell(crowded, "ANALYZE code")
    check()


@on_sqlite
def test_sqlite_walks_the_free_index_and_looks_up_what_it_found(crowded: Shop) -> None:
    free = "SEARCH code USING INDEX ix_code_free (merchant_id=? AND sku_id=? AND lane=?)"
    held = "SEARCH code USING INDEX ix_code_held (merchant_id=?{})"
    by_id = "SEARCH code USING INDEX sqlite_autoindex_code_1 (merchant_id=? AND id=?)"
    expected = {
        "claim": [free, by_id],
        "sell free ones": [free, by_id],
        "sell held ones": [held.format(" AND held_by=?"), by_id],
        "take back": [held.format("")],
        "keep": [held.format(" AND held_by=?")],
        "release": [held.format(" AND held_by=?")],
    }

    for name, (act, _) in ACTS.items():
        rows = [str(row[3]) for row in explain(crowded, "EXPLAIN QUERY PLAN", act)]
        assert sorted(row for row in rows if " code" in row) == sorted(expected[name]), name


def test_deep_in_a_large_batch_a_page_costs_what_the_first_one_costs(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite would walk from the end of the batch to the cursor."""
    if shop.app.config["MIAOFA"].database_url.startswith("postgresql"):
        pytest.skip("PostgreSQL walks from the nearer bound by itself")
    monkeypatch.setattr(lives, "FEW", 100)
    args = {"batch": public("bat", shop.codes(3000).id)}
    below = shop.read(lambda: db.session().scalars(select(Code).order_by(Code.id).offset(60).limit(1)).one().id)
    deep = shop.read(lambda: paging.page(select(Code).where(Code.id <= below), CODES.keys, cursor=None, size=1).next)

    first, last = (steps(shop, args | cursor) for cursor in ({}, {"cursor": str(deep)}))

    assert last < 2 * first


def steps(shop: Shop, args: dict[str, str]) -> int:
    """Return how many hundreds of steps SQLite makes for a page of the list of codes."""
    made: list[None] = []

    def ask() -> None:
        driver: Any = db.session().connection().connection.driver_connection
        driver.set_progress_handler(lambda: made.append(None), 100)
        assert len(listed(CODES, args).page.rows) == 50
        driver.set_progress_handler(None, 0)

    shop.read(ask)
    return len(made)
