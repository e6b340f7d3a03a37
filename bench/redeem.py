"""How fast entitlements are redeemed: one by one by their codes, and a list of them as a task.

`redeem` is the verb as a page calls it, without HTTP: a code is looked up and used, one unit each. Its floor is that
of a paid order, `apply`: much the same number of rows. `bulk` is a list by codes as a task, from its confirmation to
its end; its floor is the same verb one by one.
"""

import time
from collections.abc import Iterator, Sequence
from statistics import median

from app.catalog import queries as catalog
from app.inventory.queries import Typed
from app.kit import clock, tasks
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.queries import Channel
from app.redemption.service import Asked, Draft, Rule, Use, Via
from bench import counter, exports
from bench.cpu import Meter
from bench.figures import Figure, figure, judged, percentile_ms
from bench.stage import Stage
from tests.make import Shop, fresh_code, make_shop

LEAST_ROWS = 500  # a second, as a task
LEAST_RATIO = 0.35
PARCEL = 1000  # codes an order
DOOR = Via(Channel.ENTERPRISE, SYSTEM)


def measure(stage: Stage) -> Iterator[Figure]:
    """Redeem one by one and as a list, and check that every use is counted once."""
    shop = make_shop(stage.shop.app)
    rule(shop)
    one_by_one, listed = stage.size.redeemed, stage.size.bulk_rows
    codes = sell(shop, one_by_one + listed)
    shop.drain()
    stage.tidy()
    single = verb(stage, shop, codes[:one_by_one])
    yield single
    yield bulk(stage, shop, codes[one_by_one:], single["value"])


def serve(stage: Stage, names: set[str]) -> Iterator[Figure]:
    """Redeem at the counter of a shop that is served, and take a large list away."""
    rule(stage.shop)
    codes = sell(stage.shop, stage.size.scanned if "counter" in names else 100)
    stage.shop.drain()
    stage.serve()
    if "counter" in names:
        yield counter.measure(stage, codes)
    if "export" in names:
        yield from exports.measure(stage)


def rule(shop: Shop) -> None:
    """Let the shop redeem what it sells."""
    sku_id = shop.read(lambda: catalog.get_sku(shop.sku).id)
    shop.write(lambda: redemption.set_rule(sku_id, Rule(), now=clock.now(), by=SYSTEM))


def sell(shop: Shop, count: int) -> list[str]:
    """Sell codes in large orders and return them."""
    codes = [fresh_code() for _ in range(count)]
    shop.imports("\n".join(codes))
    for at in range(0, count, PARCEL):
        if not shop.pay(shop.place(min(PARCEL, count - at))):
            raise RuntimeError("A payment was not believed.")
    return codes


def verb(stage: Stage, shop: Shop, codes: Sequence[str]) -> Figure:
    """Redeem codes one after the other; the floor has its turn before and after."""
    bare, meter = [stage.floor("apply", seconds=stage.size.seconds, clients=1)], Meter().start()
    laps = [timed(shop, code) for code in codes]
    meter.stop()
    bare.append(stage.floor("apply", seconds=stage.size.seconds, clients=1))
    value, floor = len(laps) / sum(laps), median(each["value"] for each in bare)
    return figure(
        "redeem",
        engine=stage.engine,
        value=value,
        unit="uses/s",
        floor=floor,
        bar_ratio=LEAST_RATIO,
        met=judged(value >= LEAST_RATIO * floor, meter.neighbours),
        p50_ms=percentile_ms(laps, 0.5),
        p99_ms=percentile_ms(laps, 0.99),
        uses=len(laps),
        neighbours=meter.neighbours,
    )


def timed(shop: Shop, code: str) -> float:
    """Find a code and use it, and return the seconds until its commit."""

    def use() -> bool:
        (found,) = queries.find_typed([Typed(Secret(code))])
        assert found is not None
        (outcome,) = redemption.redeem([Use(found, new_id().hex)], DOOR, now=clock.now())
        return outcome.redeemed is not None

    began = time.perf_counter()
    if not shop.write(use):
        raise RuntimeError("A fresh code was not redeemed.")
    return time.perf_counter() - began


def bulk(stage: Stage, shop: Shop, codes: Sequence[str], one_by_one: float) -> Figure:
    """Redeem codes as a list and return the figure; `draft_seconds` is how long its preview took."""
    rows, began = [Asked(Typed(Secret(code))) for code in codes], time.perf_counter()
    number = redemption.draft_bulk(shop.merchant_id, Draft(DOOR), rows, now=clock.now())
    drafted, meter = time.perf_counter(), Meter().start()
    said = shop.write(lambda: redemption.confirm_bulk(number, count=len(codes), now=clock.now(), by=SYSTEM))
    work = shop.read(lambda: tasks.find(queries.BULK, number))
    if said or work is None:
        raise RuntimeError(f"The list was not confirmed: {said}")
    tasks.run(shop.merchant_id, work.id)
    seconds = time.perf_counter() - drafted
    meter.stop()
    done = shop.read(lambda: queries.get_bulk(number)).done
    if done != len(codes):
        raise RuntimeError(f"Of {len(codes)} rows {done} were redeemed.")
    value = done / seconds
    return figure(
        "bulk",
        engine=stage.engine,
        value=value,
        unit="rows/s",
        floor=one_by_one,
        bar=LEAST_ROWS,
        met=judged(value >= LEAST_ROWS, meter.neighbours),
        rows=done,
        seconds=round(seconds, 2),
        draft_seconds=round(drafted - began, 2),
        neighbours=meter.neighbours,
    )
