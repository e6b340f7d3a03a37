"""Redis forgets everything and then is gone while people buy: no paid order is lost, all are delivered (B1.3)."""

import base64
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import create_app
from app.catalog.models import Kind
from app.inventory import service as importing
from app.kit import bell, clock, db, effects, tasks
from app.kit.effects import Effect
from app.kit.effects.models import ALIVE
from app.kit.events import SYSTEM, Outbox
from app.kit.money import Money
from app.kit.tasks import Task
from app.orders.models import Fulfilment, Order, Payment
from tests.conftest import NewDatabase, watched
from tests.engines import Redis
from tests.kit.depth import DEPTH
from tests.make import GATEWAY, MASTER, SECRET, Shop, fresh_code, make_product, make_settings, make_shop
from tests.payments.gate import SUCCESS, send
from tests.torture.world import ROOT

OUTAGE = 30.0 if DEPTH >= 10 else 5.0
BUYERS = 3
LATE = 20
PATIENCE = 120.0


@dataclass
class Load:
    """Buyers at the door: they order and pay again and again; one pays orders whose code is gone by now."""

    shop: Shop
    late: list[Order]
    paid: list[Order] = field(default_factory=list)
    slowest: float = 0.0
    faults: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self.threads = [threading.Thread(target=self._buy, args=(number,)) for number in range(BUYERS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _buy(self, number: int) -> None:
        with self.shop.app.app_context():
            while not self.over.is_set():
                began = time.monotonic()
                try:
                    self._buy_one(late=number == 0)
                except BaseException as fault:
                    self.faults.append(fault)
                self.slowest = max(self.slowest, time.monotonic() - began)

    def _buy_one(self, *, late: bool) -> None:
        order = self.late.pop() if late and self.late else self.shop.place()
        assert send(self.shop.notice(order)) == SUCCESS
        self.paid.append(order)


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def shop(engine: str, redis: Redis, tmp_path: Path, migrated_database: NewDatabase) -> Iterator[Shop]:
    """A shop whose worker and sweeper are processes of their own, and whose doorbell is a real Redis."""
    urls = migrated_database(engine, tmp_path)
    app = watched(create_app(make_settings(tmp_path, *urls, redis_url=redis.url)))
    with app.app_context():
        yield make_shop(app)
        db.engine().dispose()


@contextmanager
def process(role: str, shop: Shop, redis: Redis) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the worker or the sweeper of the shop's installation."""
    settings = shop.app.config["MIAOFA"]
    env = {"PATH": os.environ["PATH"], "INSTANCE": str(settings.instance), "SECRET_KEYS": SECRET}
    env |= {"DATABASE_URL": settings.database_url, "MASTER_KEYS": base64.b64encode(MASTER).decode()}
    env |= {"REDIS_URL": redis.url, "TEST_GATEWAY_URL": GATEWAY.origin, "LOG_LEVEL": "WARNING"}
    env |= {"TEST_GATEWAY_SECRET": "the secret of the test gateway"}
    with (settings.instance / f"{role}.txt").open("wb") as log:
        running = subprocess.Popen([sys.executable, "worker.py", role], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            yield running
        finally:
            running.terminate()
            running.wait(30)


def test_redis_flushall_at_peak(shop: Shop, redis: Redis) -> None:
    shop.codes(3000)
    scarce, late = orders_without_codes(shop, LATE)

    with process("work", shop, redis) as worker:
        with process("sweep", shop, redis) as sweeper, Load(shop, late) as load:
            time.sleep(1.5)
            redis.flush()
            time.sleep(1.0)
            redis.stop()
            time.sleep(OUTAGE / 2)
            leave_file(shop, scarce, count=LATE)  # nobody can be rung for it
            time.sleep(OUTAGE / 2)
            redis.start()
            time.sleep(1.0)
            load.over.set()
            began = time.monotonic()
            until(lambda: waiting(shop) == {}, shop, worker, sweeper)
        assert load.faults == []
        assert len(load.paid) > 2 * LATE
        assert {order.id for order in load.paid} == delivered(shop)
        assert time.monotonic() - began < PATIENCE
        assert load.slowest < 5.0

        # The worker has found Redis again: with no sweeper about, the doorbell alone brings it.
        assert worker.poll() is None
        time.sleep(max(bell.QUIET_SECONDS, bell.RUNG_MILLISECONDS / 1000))  # we do not ring before
        other, (_, queued) = orders_without_codes(shop, 2)
        assert send(shop.notice(shop.place(sku=other))) == SUCCESS
        assert send(shop.notice(queued)) == SUCCESS
        leave_file(shop, other, count=1)
        until(lambda: shop.order(queued).fulfilment is Fulfilment.DONE, shop, worker)


def orders_without_codes(shop: Shop, count: int) -> tuple[str, list[Order]]:
    """Place orders of a new product with one code, each after the time of the one before; return its SKU and them."""
    sku, now = make_product(shop, kind=Kind.CODE), clock.now()
    shop.imports(fresh_code(), sku=sku)
    return sku, [shop.place(sku=sku, at=now - timedelta(minutes=20 * ago)) for ago in range(count, 0, -1)]


def leave_file(shop: Shop, sku: str, *, count: int) -> None:
    """Upload a file of codes and leave its import to a worker."""
    now = clock.now()
    order = importing.ImportOrder(sku, secrets.token_hex(4), "codes.csv", "Supplier", Money(1000, "CNY"), None, SYSTEM)
    text = "\n".join(fresh_code() for _ in range(count)).encode()
    importing.import_codes(shop.merchant_id, order, [text], now=now, today=now.date(), seconds=0)


def delivered(shop: Shop) -> set[object]:
    """Return the paid orders that have their codes."""
    done = select(Order.id).where(Order.payment == Payment.PAID, Order.fulfilment == Fulfilment.DONE)
    return set(shop.read(lambda: db.session().scalars(done).all()))


def waiting(shop: Shop) -> dict[str, int]:
    """Count what is left to do now."""
    now = clock.now()
    queries = {
        "orders": select(func.count()).where(Order.payment == Payment.PAID, Order.fulfilment != Fulfilment.DONE),
        "events": select(func.count()).select_from(Outbox),
        "effects": select(func.count()).select_from(Effect).where(ALIVE, Effect.due_at <= now),
        "tasks": select(func.count()).where(Task.state == tasks.State.WAITING, Task.due_at <= now),
        "given up": select(func.count()).where(Effect.state == effects.State.GIVEN_UP),
        "failed": select(func.count()).where(Task.state == tasks.State.FAILED),
    }
    counted = shop.read(lambda: {name: db.session().scalar(query) or 0 for name, query in queries.items()})
    return {name: count for name, count in counted.items() if count}


def until(holds: Callable[[], bool], shop: Shop, *processes: "subprocess.Popen[bytes]") -> None:
    """Wait until something holds, for as long as people may have to wait and these processes live."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end or any(running.poll() is not None for running in processes):
            logs = [path.read_text()[-3000:] for path in shop.app.config["MIAOFA"].instance.glob("*.txt")]
            raise AssertionError(f"still waiting for {waiting(shop)}\n" + "\n".join(logs))
        time.sleep(0.1)
