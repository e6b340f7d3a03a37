"""How a large export leaves: its first byte, its rows a second, and what it adds to the memory of the web.

The rows are written straight into the tables, since only their number matters: entitlements of a hundred orders, each
with its voucher, every third one used.
"""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from app.catalog import queries as catalog
from app.entitlements.models import Entitlement, State
from app.kit import clock, db
from app.kit.ids import new_id
from app.orders.models import Order
from app.redemption.models import Channel, Redemption, Voucher
from bench.cpu import Meter, of_role
from bench.figures import Figure, figure
from bench.pages import sign_in
from bench.stage import SLUG, Stage

PATH = f"/office/{SLUG}/redemption/entitlements/export"
SLICE = 5000
USED = 3  # every third
MOST_FIRST, MOST_MB = 1.0, 60.0  # seconds, megabytes above idle
LOOK = 0.05  # seconds
WARM_UP = 16  # files


def measure(stage: Stage) -> Iterator[Figure]:
    """Fill the shop and take its list of entitlements away as CSV and as XLSX."""
    fill(stage, stage.size.exported)
    stage.tidy()
    cookies = sign_in(stage)
    for kind in ("csv", "xlsx"):
        yield export(stage, kind, cookies)


def fill(stage: Stage, count: int) -> None:
    """Write so many entitlements for the orders there are."""
    shop = stage.shop
    sku_id = shop.read(lambda: catalog.get_sku(shop.sku).id)
    orders = shop.read(lambda: db.session().scalars(select(Order.id).limit(100)).all())
    for start in range(0, count, SLICE):
        some = [(orders[n % len(orders)], n) for n in range(start, min(count, start + SLICE))]
        rows = [[*_rows(shop.merchant_id, sku_id, order, n)] for order, n in some]
        for place, model in enumerate((Entitlement, Voucher, Redemption)):
            batch = [row[place] for row in rows if row[place]]
            shop.write(lambda: db.insert((model.__table__, batch)))  # noqa: B023 (now)


def _rows(merchant_id: int, sku_id: Any, order_id: Any, number: int) -> Iterator[dict[str, Any]]:
    """Yield the row of an entitlement, of its voucher and of its use, {} where there is none."""
    mine = {"merchant_id": merchant_id, "order_id": order_id, "sku_id": sku_id}
    made, at, used = new_id(), clock.now() - timedelta(days=1), int(number % USED == 0)
    yield mine | {
        "id": made,
        "part_id": new_id(),
        "slot": 0,
        "code_id": None,
        "state": State.READY,
        "granted_at": at,
        "ready_at": at,
        "reveals": 0,
        "first_revealed_at": None,
        "used": used,
        "last_used_at": at if used else None,
        "tail": f"{number:06}"[-4:],
    }
    window = {"valid_from": at - timedelta(days=1), "valid_until": None}
    yield mine | window | {"entitlement_id": made, "code_id": None, "uses": 1, "uses_left": 1 - used}
    by = {"actor_type": "system", "actor_id": None, "network": "", "reference": "", "reason": ""}
    use = {"at": at, "uses": 1, "uses_left": 0, "channel": Channel.COUNTER, "location_id": None, "undoes_id": None}
    yield mine | by | use | {"id": new_id(), "entitlement_id": made, "idem": made.bytes} if used else {}


def export(stage: Stage, kind: str, cookies: str) -> Figure:
    """Take an empty file some times, so that each process has begun, then the whole one; return its figure."""
    for _ in range(WARM_UP):
        take(stage, kind, cookies, day="2000-01-01")
    idle = rss()
    with Watch() as watch:
        meter = Meter().start()
        first, seconds, size = take(stage, kind, cookies)
        meter.stop()
    grown = max((watch.peak[pid] - idle.get(pid, 0.0) for pid in watch.peak), default=0.0)
    good = first <= MOST_FIRST and grown <= MOST_MB
    return figure(
        "export",
        engine=stage.engine,
        kind=kind,
        value=stage.size.exported / seconds,
        unit="rows/s",
        floor=0,
        first_byte_seconds=round(first, 3),
        seconds=round(seconds, 2),
        rows=stage.size.exported,
        megabytes=round(size / 1e6, 1),
        rss_above_idle_mb=round(grown, 1),
        idle_mb=round(max(idle.values(), default=0.0), 1),
        bar={"first_byte_seconds": MOST_FIRST, "rss_above_idle_mb": MOST_MB},
        met=good,
        neighbours=meter.neighbours,
    )


def take(stage: Stage, kind: str, cookies: str, day: str = "") -> tuple[float, float, int]:
    """Read a file to its end and return when its first byte came, when its last, and its bytes."""
    began, first, size, lines = time.perf_counter(), 0.0, 0, 0
    address, asked = f"http://127.0.0.1:{stage.port}{PATH}", {"kind": kind, "day": day}
    with httpx.stream("GET", address, params=asked, headers={"Cookie": cookies}, timeout=600) as answer:
        if answer.status_code != 200:
            raise RuntimeError(f"{PATH} answered {answer.status_code}.")
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - began
            size += len(piece)
            lines += piece.count(b"\n")
    if kind == "csv" and not day and lines <= stage.size.exported:
        raise RuntimeError(f"The file has {lines} lines, not more than {stage.size.exported}.")
    return first, time.perf_counter() - began, size


class Watch:
    """Remembers the most memory that each process of the web had while its block ran."""

    def __enter__(self) -> "Watch":
        self.peak: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            for pid, size in rss().items():
                self.peak[pid] = max(self.peak.get(pid, 0.0), size)


def rss() -> dict[int, float]:
    """Return the megabytes of memory that each process of the web has just now."""
    sizes = {}
    for pid in of_role("web"):
        try:
            said = (Path("/proc") / str(pid) / "status").read_text()
        except OSError:
            continue  # it ended meanwhile, or there is no /proc
        lines = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
        sizes[pid] = int(lines.get("VmRSS", "0").split()[0]) / 1024
    return sizes
