"""A process that imports is killed at each commit, and so is the one that goes on with it: no row twice, none lost."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.inventory import files
from app.inventory.models import Batch, BatchState, ImportChunk
from app.inventory.service import imports as importing
from app.kit import clock, db, failpoint, tasks
from app.ledger import queries as ledger
from app.web.dispatch import Miaofa
from tests.inventory import pool
from tests.make import Shop, make_product, make_shop

FEWEST = 20
FAR = 500


@pytest.fixture
def shop(fresh: Miaofa) -> Shop:
    """A shop in an empty installation: hours pass here, and those of others would have all their work done as well."""
    return make_shop(fresh)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small chunks and slices, so that a short file is received and imported in many units."""
    monkeypatch.setattr(files, "CHUNK", 700)
    monkeypatch.setattr(importing, "SLICE", 20)


def run_until(point: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process that is killed at its `point`th failpoint; tell whether it came to its end."""
    child = multiprocessing.get_context("fork").Process(target=_live, args=(point, work))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode == 0


def _live(point: int, work: Callable[[], object]) -> None:
    db.engine().dispose(close=False)  # the connections are our parent's
    reached = iter(range(1, FAR))
    failpoint.arm(lambda _: os.kill(os.getpid(), signal.SIGKILL) if next(reached) == point else None)
    work()
    os._exit(0)


def later(hours: int, work: Callable[[], object]) -> Callable[[], object]:
    """Return the work done hours later: leases and the time for an upload have run out."""

    def done() -> object:
        moment: datetime = clock.now() + timedelta(hours=hours)
        with clock.running(lambda: moment):
            return work()

    return done


def drain() -> None:
    while tasks.drain():
        pass


@pytest.mark.usefixtures("small")
def test_killed_at_any_commit_an_import_ends_with_every_row_once_or_was_never_there(shop: Shop) -> None:
    ends = list(kill_everywhere(shop))

    assert len(ends) >= FEWEST
    assert {"complete", "never there"} == set(ends)
    assert ends == sorted(ends, reverse=True)  # from the commit on that begins it, it is never lost


def kill_everywhere(shop: Shop) -> Iterator[str]:
    """Kill an import at its first failpoint, the next one at its second, and so on, and yield how each ended."""
    for point in range(1, FAR):
        sku = make_product(shop, kind=Kind.CODE)
        rows = pool.fresh_codes(60, 30)
        rows[30], rows[50], rows[55] = rows[3], rows[29], "\x07"
        if run_until(point, lambda: pool.bring(shop, "\n".join(rows), sku=sku, piece=700)):  # noqa: B023 (runs here)
            return
        if point % 3 == 0 or pool.DEPTH > 1:
            run_until(1 + point % 7, later(2, drain))
        later(4, drain)()
        yield ending(shop, sku, [row for number, row in enumerate(rows) if number not in {30, 50, 55}])


def ending(shop: Shop, sku: str, expected: list[str]) -> str:
    """Return what has become of an import, and check that it is whole."""
    number = shop.read(lambda: catalog.get_sku(sku).id)
    batches = shop.read(lambda: db.session().scalars(select(Batch).where(Batch.sku_id == number)).all())
    assert not shop.read(lambda: db.session().scalars(select(ImportChunk.number)).all())
    if not batches:
        assert pool.codes(shop, sku) == []
        return "never there"
    (batch,) = batches
    assert (batch.state, pool.numbers(batch)) == (BatchState.READY, (57, 2, 0, 1))
    assert pool.codes(shop, sku) == expected
    assert [line for line, _, _ in pool.issues(shop, batch)] == [31, 51, 56]
    assert len(shop.read(lambda: ledger.list_entries("purchase", batch.id))) == 2
    return "complete"
