"""What sales keep of their speed while a large file is imported: with and without it in turns, on one machine."""

import time
from statistics import median
from uuid import UUID

from app.inventory import queries as inventory
from app.inventory import service as importing
from app.inventory.models import BatchState
from app.kit import clock, tasks
from app.kit.events import SYSTEM
from app.kit.money import Money
from bench import profiling, requests
from bench.figures import Figure, figure, judged
from bench.load import Run, fire
from bench.sales import MOST_PER_SECOND
from bench.stage import Stage
from tests.make import fresh_code

CONNECTIONS = 16
LEAST_KEPT = 0.8
CHUNK = 50_000  # bytes a piece of the upload
SETTLED = 1.0  # seconds until the worker is at it


def measure(stage: Stage) -> Figure:
    """Sell alone and beside an import, as often as the size says, and return the share of speed that was kept."""
    stage.shop.codes(stage.size.codes)
    stage.serve()
    stage.tidy()
    fire(stage, _orders(stage, 1.0), connections=CONNECTIONS, seconds=1)
    turns = [_turn(stage) for _ in range(stage.size.rounds)]
    kept = median(beside.rate / alone.rate for alone, beside, _ in turns)
    wrong = sum(run.wrong for turn in turns for run in turn[:2])
    return figure(
        "beside",
        engine=stage.engine,
        value=kept,
        unit="of the sales alone",
        floor=0,
        bar=LEAST_KEPT,
        met=not wrong and judged(kept >= LEAST_KEPT, None),
        alone=[round(alone.rate) for alone, _, _ in turns],
        beside=[round(beside.rate) for _, beside, _ in turns],
        p99_ms=[(alone.p99_ms, beside.p99_ms) for alone, beside, _ in turns],
        imported_per_second=[round(rate) for _, _, rate in turns],
        **({"wrong": wrong} if wrong else {}),
    )


def _turn(stage: Stage) -> tuple[Run, Run, float]:
    """Return sales alone, sales beside an import, and the codes a second that the import took in meanwhile."""
    alone = fire(stage, _orders(stage, stage.size.seconds), connections=CONNECTIONS, seconds=stage.size.seconds)
    batch = _upload(stage, stage.size.codes)
    time.sleep(SETTLED)
    before, began = _lines(stage, batch), time.monotonic()
    beside = fire(stage, _orders(stage, stage.size.seconds), connections=CONNECTIONS, seconds=stage.size.seconds)
    took = (_lines(stage, batch) - before) / (time.monotonic() - began)
    _await(stage, batch)
    return alone, beside, took


def _orders(stage: Stage, seconds: float) -> list[requests.Request]:
    return requests.places(stage, int(MOST_PER_SECOND * seconds))


def _upload(stage: Stage, count: int) -> UUID:
    """Leave a file of fresh codes to the worker and return its batch."""
    shop, now = stage.shop, clock.now()
    data = "\n".join(fresh_code() for _ in range(count)).encode()
    order = importing.ImportOrder(shop.sku, "large", "large.csv", "Supplier", Money(1000, "CNY"), None, SYSTEM)
    pieces = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    with profiling.served(stage):
        task = importing.receive(shop.merchant_id, order, pieces, now=now, today=now.date())
    return shop.read(lambda: tasks.get(task)).subject_id


def _lines(stage: Stage, batch: UUID) -> int:
    return stage.shop.read(lambda: inventory.get_batch(batch).lines)


def _await(stage: Stage, batch: UUID) -> None:
    while stage.shop.read(lambda: inventory.get_batch(batch).state) is BatchState.IMPORTING:
        time.sleep(0.1)
