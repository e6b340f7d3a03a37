"""An import that is cut off anywhere goes on where it stopped: no row twice, none lost."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.inventory import files, tasks
from app.inventory.errors import ImportStopped, NothingToRetry
from app.inventory.models import Batch, BatchState, ImportChunk
from app.inventory.queries import BATCHES, IMPORT, get_batch
from app.inventory.service import imports as importing
from app.inventory.service import receive, retry_import, staging
from app.kit import clock, db
from app.kit import tasks as kit
from app.kit.listing import listed
from app.ledger import queries as ledger
from tests.inventory import pool
from tests.make import Shop, at_once


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def rows() -> list[str]:
    """Rows for two chunks and four slices, with repeats in each slice but the first."""
    rows = pool.fresh_codes(2600, 107)
    rows[2050], rows[2450], rows[2590] = rows[0], rows[1], rows[2040]
    rows[2595] = "\x07" * 107
    return rows


def expected(rows: list[str]) -> list[str]:
    return [row for number, row in enumerate(rows) if number not in {2050, 2450, 2590, 2595}]


def started(shop: Shop, rows: list[str]) -> Batch:
    """Let a file be received by a process that dies before it imports a line."""
    now, order = clock.now(), pool.order(shop.sku)
    pieces = pool.cut("\n".join(rows), 50_000)
    task = receive(shop.merchant_id, order, pieces, now=now, today=pool.today(now))
    return shop.read(lambda: get_batch(kit.get(task).subject_id))


def step(shop: Shop, batch: Batch) -> Batch:
    """Do one step of the import, as a worker does."""
    shop.write(lambda: tasks.take_slice(batch.id))
    return shop.read(lambda: get_batch(batch.id))


def go_on(shop: Shop, batch: Batch) -> Batch:
    """Do what a worker does with an import that nobody works on any more."""
    task = shop.read(lambda: kit.find(IMPORT, batch.id))
    assert task
    kit.run(shop.merchant_id, task.id)
    return shop.read(lambda: get_batch(batch.id))


def test_what_is_received_is_imported_by_whoever_comes(shop: Shop, rows: list[str]) -> None:
    batch = started(shop, ["code", *rows])
    assert (batch.state, batch.imported) == (BatchState.IMPORTING, 0)

    while kit.drain():
        pass

    batch = shop.read(lambda: get_batch(batch.id))
    task = shop.read(lambda: kit.find(IMPORT, batch.id))
    assert task
    assert (batch.state, pool.numbers(batch)) == (BatchState.READY, (2596, 3, 0, 1))
    assert (task.state, task.done, task.total) == (kit.State.DONE, 2601, 2601)
    assert pool.codes(shop) == expected(rows)
    assert [line for line, _, _ in pool.issues(shop, batch)] == [2052, 2452, 2592, 2597]
    assert pool.traces(shop) == {"batch": 1, "import_chunk": 0, "code": 2596, "import_issue": 4, "told": 1}


def test_a_slice_that_dies_before_its_commit_has_not_happened(shop: Shop, rows: list[str]) -> None:
    before = step(shop, started(shop, rows))

    def torn() -> None:
        importing.import_slice(before.id, now=clock.now())
        raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            shop.write(torn)

    after = shop.read(lambda: get_batch(before.id))
    assert (after.lines, after.next_chunk, after.next_row) == (before.lines, before.next_chunk, before.next_row)
    assert len(pool.codes(shop)) == importing.SLICE
    assert pool.numbers(go_on(shop, before)) == (2596, 3, 0, 1)


def test_several_who_go_on_with_it_at_once_do_not_get_in_each_others_way(shop: Shop, rows: list[str]) -> None:
    batch = started(shop, rows)

    ended = at_once([lambda: go_on(shop, batch)] * 3)

    assert {pool.numbers(done) for done in ended} == {(2596, 3, 0, 1)}  # type: ignore[arg-type]
    assert pool.codes(shop) == expected(rows)
    assert pool.traces(shop)["told"] == 1


def test_slices_taken_without_any_lease_do_not_mix(shop: Shop, rows: list[str]) -> None:
    batch = started(shop, rows)

    at_once([lambda: [step(shop, batch) for _ in range(3)]] * 3)

    assert pool.numbers(go_on(shop, batch)) == (2596, 3, 0, 1)
    assert pool.codes(shop) == expected(rows)
    assert pool.traces(shop)["told"] == 1


def test_an_import_that_is_over_stays_over(shop: Shop) -> None:
    batch = pool.bring(shop, "A1\nB2")

    again = step(shop, batch)

    assert pool.numbers(again) == (2, 0, 0, 0)
    assert pool.traces(shop) == {"batch": 1, "import_chunk": 0, "code": 2, "import_issue": 0, "told": 1}
    assert len(shop.read(lambda: ledger.list_entries("purchase", batch.id))) == 2


def test_while_it_is_staged_the_file_lies_sealed(shop: Shop) -> None:
    started(shop, ["CANARY-4711", *pool.fresh_codes(3000, 100)])

    chunks = shop.read(lambda: list(db.session().scalars(select(ImportChunk.sealed))))

    assert sum(len(chunk) for chunk in chunks) > files.CHUNK
    assert not any(b"CANARY" in chunk or b"4711" in chunk for chunk in chunks)


# Uploads that never end ------------------------------------------------------------------------------------------


def half_received(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die while it receives a file: nothing of it cleans up."""

    def pieces() -> Iterator[bytes]:
        yield "\n".join(pool.fresh_codes(6000, 100)).encode()
        raise Killed

    with monkeypatch.context() as dead:
        dead.setattr(staging, "discard", lambda _: None)
        with pytest.raises(Killed):
            pool.bring(shop, pieces())


def test_an_upload_whose_process_died_is_never_stock_and_is_gone_after_an_hour(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_received(shop, monkeypatch)
    left = pool.traces(shop)
    assert (left["batch"], left["code"], left["import_chunk"] > 0) == (1, 0, True)
    assert not shop.read(lambda: listed(BATCHES, {})).page.rows
    while kit.drain():
        pass
    assert pool.traces(shop) == left

    hour = clock.now() + timedelta(hours=1, seconds=1)
    with clock.running(lambda: hour):
        kit.drain()

    assert pool.traces(shop) == pool.NOTHING
    assert sum(shop.stock().values()) == 0


def test_an_import_that_has_begun_is_not_discarded(shop: Shop, rows: list[str]) -> None:
    batch = started(shop, rows)

    shop.write(lambda: staging.discard([batch.id]))

    assert pool.numbers(go_on(shop, batch)) == (2596, 3, 0, 1)


# Imports that stop -----------------------------------------------------------------------------------------------


def test_an_import_that_stops_says_so_and_goes_on_when_it_is_told_to(
    shop: Shop, rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = step(shop, started(shop, rows))

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    moment = clock.now()
    with monkeypatch.context() as torn, clock.running(lambda: moment):
        torn.setattr(importing, "take_in", broken)
        for _ in range(8):
            moment += timedelta(hours=2)
            kit.drain()
    stopped = shop.read(lambda: get_batch(batch.id))
    assert (stopped.state, stopped.lines) == (BatchState.FAILED, importing.SLICE)
    assert len(pool.codes(shop)) == importing.SLICE

    shop.write(lambda: retry_import(batch.id, now=clock.now()))

    assert pool.numbers(go_on(shop, batch)) == (2596, 3, 0, 1)
    with pytest.raises(NothingToRetry):
        shop.write(lambda: retry_import(batch.id, now=clock.now()))


def test_whoever_waits_for_an_import_that_stops_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(batch_id: object) -> kit.Step:
        tasks.stop(batch_id, "broken")  # type: ignore[arg-type]
        return kit.Step(finished=True)

    kinds = [kind if kind.name != IMPORT else kit.Kind(IMPORT, stop) for kind in tasks.KINDS]
    monkeypatch.setattr("app.kit.tasks.kinds._kinds", {kind.name: kind for kind in kinds})

    with pytest.raises(ImportStopped, match="stopped after 0 lines"):
        pool.bring(shop, "A1\nB2")
