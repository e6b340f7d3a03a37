"""An import that is cut off anywhere goes on where it stopped: no row twice, none lost."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.inventory import files
from app.inventory.models import Batch, BatchState, ImportChunk
from app.inventory.queries import get_batch
from app.inventory.service import imports
from app.kit import clock, db
from app.ledger import queries as ledger
from tests.inventory import pool
from tests.make import Shop, at_once


class Killed(BaseException):
    """The process dies here."""


def die(batch: Batch) -> None:
    raise Killed


@pytest.fixture
def rows() -> list[str]:
    """A header and rows for two chunks and four slices, with repeats in each slice but the first."""
    rows = pool.fresh_codes(2600, 107)
    rows[2050], rows[2450], rows[2590] = rows[0], rows[1], rows[2040]
    rows[2595] = "\x07" * 107
    return rows


def expected(rows: list[str]) -> list[str]:
    return [row for number, row in enumerate(rows) if number not in {2050, 2450, 2590, 2595}]


def find_batch(shop: Shop) -> Batch:
    return shop.read(lambda: db.session().scalars(select(Batch).order_by(Batch.id.desc()).limit(1)).one())


def go_on(shop: Shop, batch: Batch, progress: Callable[[Batch], None] = lambda _: None) -> Batch:
    """Do what a worker does with an import that nobody works on any more."""
    return imports._work_off(shop.merchant_id, batch.id, clock.now(), progress)


def test_killed_after_each_slice_it_ends_with_every_row_once(shop: Shop, rows: list[str]) -> None:
    with pytest.raises(Killed):
        pool.bring(shop, "\n".join(["code", *rows]), progress=die)
    batch, kills = find_batch(shop), 1
    assert (batch.state, batch.lines, batch.imported) == (BatchState.IMPORTING, 2001, 2000)
    assert len(pool.codes(shop)) == 2000

    while batch.state is BatchState.IMPORTING:
        try:
            batch = go_on(shop, batch, die)
        except Killed:
            kills += 1

    assert kills == 3
    assert pool.numbers(batch) == (2596, 3, 0, 1)
    assert pool.codes(shop) == expected(rows)
    assert [line for line, _, _ in pool.issues(shop, batch)] == [2052, 2452, 2592, 2597]
    assert pool.traces(shop) == {"batch": 1, "import_chunk": 0, "code": 2596, "import_issue": 4, "told": 1}


def test_a_slice_that_dies_before_its_commit_has_not_happened(shop: Shop, rows: list[str]) -> None:
    with pytest.raises(Killed):
        pool.bring(shop, "\n".join(rows), progress=die)
    before = find_batch(shop)

    def torn() -> None:
        imports._import_slice(before.id, clock.now())
        raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            shop.write(torn)

    after = shop.read(lambda: get_batch(before.id))
    assert (after.lines, after.next_chunk, after.next_row) == (before.lines, before.next_chunk, before.next_row)
    assert len(pool.codes(shop)) == 2000
    assert pool.numbers(go_on(shop, before)) == (2596, 3, 0, 1)


def test_several_who_go_on_with_it_at_once_do_not_get_in_each_others_way(shop: Shop, rows: list[str]) -> None:
    with pytest.raises(Killed):
        pool.bring(shop, "\n".join(rows), progress=die)
    batch = find_batch(shop)

    ended = at_once([lambda: go_on(shop, batch)] * 3)

    assert {pool.numbers(done) for done in ended} == {(2596, 3, 0, 1)}  # type: ignore[arg-type]
    assert pool.codes(shop) == expected(rows)
    assert pool.traces(shop)["told"] == 1


def test_an_import_that_is_over_stays_over(shop: Shop) -> None:
    batch = pool.bring(shop, "A1\nB2")

    again = go_on(shop, batch)

    assert pool.numbers(again) == (2, 0, 0, 0)
    assert pool.traces(shop) == {"batch": 1, "import_chunk": 0, "code": 2, "import_issue": 0, "told": 1}
    assert len(shop.read(lambda: ledger.list_entries("purchase", batch.id))) == 2


def test_while_it_is_staged_the_file_lies_sealed(shop: Shop) -> None:
    chunks: list[bytes] = []

    def stop(batch: Batch) -> None:
        chunks.extend(shop.read(lambda: list(db.session().scalars(select(ImportChunk.sealed)))))

    pool.bring(shop, "\n".join(["CANARY-4711", *pool.fresh_codes(3000, 100)]), progress=stop)

    assert sum(len(chunk) for chunk in chunks) > files.CHUNK
    assert not any(b"CANARY" in chunk or b"4711" in chunk for chunk in chunks)
