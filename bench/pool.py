"""What a claim costs in a small pool and in a large one, most of it sold: the size must not matter.

Each pool is in a database of its own. Runs come in pairs, one in each pool, in turns first; what is compared is the
two runs of a pair. `claim` is the verb that holds a code, without the commit, which would hide it behind the disk;
`place` is a whole order. On PostgreSQL the pages that one claim touches are counted as well, from the plan of the
very statement that was run.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import event

from app.catalog import queries as catalog
from app.inventory import service as inventory
from app.kit import clock, db
from app.kit.ids import new_id
from bench import seeder
from bench.cpu import Meter
from bench.figures import Figure, figure, judged
from bench.stage import Stage
from tests.make import Shop

SOLD = 0.9
CLAIMS, PLACES, EXPLAINED = 25, 20, 20  # of a run
WARM_UP = 20
MOST_RATIO = 1.25


@dataclass(frozen=True)
class Pool:
    """A shop with one SKU whose codes are mostly sold."""

    shop: Shop
    codes: int
    sku_id: UUID

    def claim(self) -> float:
        """Hold one code in a transaction of its own and return the seconds until its commit."""
        return self.shop.write(lambda: timed(self._hold))

    def place(self) -> float:
        """Place an order for one code and return the seconds."""
        return timed(self.shop.place)

    def buffers(self) -> int:
        """Return how many pages a claim touches; the claim is undone."""
        touched: list[int] = []

        def look() -> None:
            with watched() as claims:
                self._hold()
            connection = db.session().connection()
            for statement, parameters in list(claims):
                plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
                told = plan.scalar_one()
                top = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
                touched.append(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
            raise Undo

        try:
            self.shop.write(look)
        except Undo:
            return sum(touched)
        raise AssertionError("unreachable")

    def _hold(self) -> None:
        now = clock.now()
        want = inventory.Want(new_id(), self.sku_id, 1)
        inventory.hold([want], until=now + timedelta(minutes=15), now=now, today=now.date())


class Undo(Exception):
    """Leaves a unit without a trace."""


def measure(stage: Stage) -> Figure:
    """Compare the two pools and return the figure: how much more the large one takes."""
    pools = [open_pool(stage, codes) for codes in stage.size.pools]
    stage.rest()
    for pool in pools:
        with pool.shop.app.app_context():
            for _ in range(WARM_UP):
                pool.place(), pool.claim()
    meter = Meter().start()
    claims = pairs(pools, Pool.claim, CLAIMS, stage.size.pairs)
    places = pairs(pools, Pool.place, PLACES, stage.size.pairs)
    meter.stop()
    buffers = [pages(pool) for pool in pools] if stage.engine == "postgresql" else []
    ratios = {"claim": ratio(claims), "place": ratio(places)}
    if buffers:
        ratios["buffers"] = round(buffers[1] / buffers[0], 3)
    small, large = (median(times) for times in zip(*claims, strict=True))
    return told(stage, small, large, ratios, buffers, meter.neighbours)


def told(
    stage: Stage, small: float, large: float, ratios: dict[str, float], buffers: list[float], neighbours: float | None
) -> Figure:
    good = all(each <= MOST_RATIO for each in ratios.values())
    own = {"ratio": ratios["claim"]}  # of pairs, not of the two medians
    return (
        figure(
            "pool",
            engine=stage.engine,
            value=1000 * large,
            unit="ms/claim",
            floor=1000 * small,
            bar_ratio=MOST_RATIO,
            met=judged(good, neighbours),
            ratios=ratios,
            buffers=buffers or None,
            pools=stage.size.pools,
            sold=SOLD,
            pairs=stage.size.pairs,
            neighbours=neighbours,
        )
        | own
    )


def open_pool(stage: Stage, codes: int) -> Pool:
    shop, owner_url = stage.annex(f"pool-{codes}")
    with shop.app.app_context():
        seeder.fill(shop, owner_url, codes=codes, sold=SOLD)
        return Pool(shop, codes, shop.read(lambda: catalog.get_sku(shop.sku).id))


def pairs(pools: list[Pool], verb: Callable[[Pool], float], calls: int, count: int) -> list[tuple[float, float]]:
    """Return the seconds a call took in the small and in the large pool, run by run, the median of a run's calls.

    The pools take turns call by call, the first one now the one and now the other: a machine that is twice as fast for
    a tenth of a second is so for both.
    """
    found = []
    for _ in range(count):
        took: dict[int, list[float]] = {pool.codes: [] for pool in pools}
        for number in range(calls):
            for pool in pools if number % 2 else reversed(pools):
                with pool.shop.app.app_context():
                    took[pool.codes].append(verb(pool))
        small, large = (median(took[pool.codes]) for pool in pools)
        found.append((small, large))
    return found


def timed(verb: Callable[[], object]) -> float:
    began = time.perf_counter()
    verb()
    return time.perf_counter() - began


def ratio(found: list[tuple[float, float]]) -> float:
    return round(median(large / small for small, large in found), 3)


def pages(pool: Pool) -> float:
    with pool.shop.app.app_context():
        return median(pool.buffers() for _ in range(EXPLAINED))


@contextmanager
def watched() -> Iterator[list[tuple[str, Any]]]:
    """Note the statements that change codes, as they go to the database."""
    seen: list[tuple[str, Any]] = []

    def executed(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "UPDATE code" in statement:
            seen.append((statement, parameters))

    event.listen(db.engine(), "before_cursor_execute", executed)
    try:
        yield seen
    finally:
        event.remove(db.engine(), "before_cursor_execute", executed)
