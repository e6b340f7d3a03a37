"""Web, worker, sweeper, Redis, the mail server and the SMS service die while buyers are told of their codes.

Gateways repeat what nobody answered. In the end each buyer has been told once; of whom nobody can say that, the shop
has a message that is listed as unknown, with its reason, and those were told at most once.
"""

import base64
import json
import os
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app import create_app
from app.delivery.models import Delivery, State
from app.kit import clock, db
from app.kit.events import Outbox
from app.messages import connecting
from app.orders.models import Fulfilment, Order
from app.payments.models import Method
from deploy import redis as ports
from simulators.sms.keys import ALIYUN, Keys
from tests.conftest import NewDatabase, watched
from tests.engines import Redis
from tests.kit.depth import DEPTH
from tests.make import GATEWAY, MASTER, SECRET, Shop, make_settings, make_shop
from tests.messages.sms_side import READY, account_of
from tests.torture.parts import Parts

COUNT = 2000 if DEPTH >= 10 else 200  # buyers, half of them by phone
TURN = 3.0 if DEPTH >= 10 else 1.2  # seconds between two deaths
AWAY = 1.0  # seconds until a part is back
PATIENCE = 480.0 if DEPTH >= 10 else 240.0  # what a dead worker may have begun is asked about for minutes
TOLD = {State.SENT, State.ACCEPTED, State.DELIVERED}
MESSAGES = select(Delivery.order_id, Delivery.state, Delivery.note)
VICTIMS = ("worker", "mail", "web", "sms", "redis", "sweeper")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    (tmp_path / "said").mkdir()
    with Parts(tmp_path / "said") as parts:
        yield parts


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def shop(engine: str, tmp_path: Path, migrated_database: NewDatabase) -> Iterator[Shop]:
    app = watched(create_app(make_settings(tmp_path, *migrated_database(engine, tmp_path))))
    with app.app_context():
        yield make_shop(app)
        db.engine().dispose()


class Town:
    """A shop with all its parts, and what the buyers were told by mail and by SMS."""

    def __init__(self, shop: Shop, parts: Parts, redis: Redis, folder: Path) -> None:
        self.shop, self.parts, self.redis, self.folder = shop, parts, redis, folder
        self._keys = folder / "sms.json"
        self.web, self.mail, self.sms = ports.free_port(), ports.free_port(), ports.free_port()
        here = {"PATH": os.environ["PATH"]}
        python, env = [sys.executable, "-m"], self._env()
        parts.add("mail", [*python, "tests.torture.post", str(self.mail), str(folder / "letters")], here)
        kept = ("--keys", str(self._keys), "--state", str(folder / "sms.db"))
        parts.add("sms", [*python, "simulators.sms", "--port", str(self.sms), *kept], here)
        parts.add("worker", [sys.executable, "worker.py", "work"], env)
        parts.add("sweeper", [sys.executable, "worker.py", "sweep"], env)
        address = ("--host", "127.0.0.1", "--port", str(self.web), "--blocking-threads", "4", "--no-ws")
        parts.add("web", [*python, "granian", "--interface", "wsgi", *address, "wsgi:app"], env)
        self._connect()

    def _env(self) -> dict[str, str]:
        settings = self.shop.app.config["MIAOFA"]
        return {
            "PATH": os.environ["PATH"],
            "INSTANCE": str(settings.instance),
            "DATABASE_URL": settings.database_url,
            "SECRET_KEYS": SECRET,
            "MASTER_KEYS": base64.b64encode(MASTER).decode(),
            "TEST_GATEWAY_URL": GATEWAY.origin,
            "TEST_GATEWAY_SECRET": "the secret of the test gateway",
            "REDIS_URL": self.redis.url,
            "MAIL": f"smtp://127.0.0.1:{self.mail}",
            "MAIL_FROM": "shop@example.com",
            "GATEWAYS": f"aliyun=http://127.0.0.1:{self.sms}",
            "LOG_LEVEL": "WARNING",
        }

    def _connect(self) -> None:
        """Let the shop send by the SMS service, once that has made its keys."""
        until(lambda: self._keys.exists() and bool(self._keys.read_text()), self)
        account = account_of(ALIYUN, Keys(**json.loads(self._keys.read_text())))
        known: dict[str, Any] = {"provider_name": ALIYUN, "account": account, "now": clock.now()}
        carrier = self.shop.write(lambda: connecting.add_carrier(**known))
        self.shop.write(lambda: connecting.set_templates(carrier.id, {("ready", "en"): READY[ALIYUN]}))

    def kill(self, name: str) -> None:
        """Let one die, and be back a moment later."""
        if name == "redis":
            self.redis.stop()
            time.sleep(AWAY)
            self.redis.start()
            return
        self.parts.kill(name)
        time.sleep(AWAY)
        self.parts.start(name)

    @property
    def told(self) -> Counter[str]:
        """Count by address what the buyers were told."""
        letters = self.folder.joinpath("letters").read_text().split()
        with sqlite3.connect(self.folder / "sms.db") as book:
            phones = [phone for (phone,) in book.execute("SELECT phone FROM taken")]
        return Counter([*letters, *(f"+86{phone[-11:]}" for phone in phones)])


@contextmanager
def paying(town: Town, orders: list[Order]) -> Iterator[None]:
    """Send the notice of each order, again and again until it is answered, while the block lasts and after it."""
    hook = town.shop.read(lambda: db.session().scalar(select(Method.hook_token).where(Method.provider == "test")))
    notices = [town.shop.notice(order) for order in orders]

    def send() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{town.web}", timeout=5) as client:
            while notices:
                notice = notices[-1]
                try:
                    answer = client.post(f"/hooks/{hook}", content=notice.body, headers=notice.headers())
                except httpx.TransportError:
                    time.sleep(0.05)
                    continue
                if answer.status_code == 200:
                    notices.pop()

    sender = threading.Thread(target=send)
    sender.start()
    yield
    sender.join(PATIENCE)
    assert not notices, town.parts.words


def test_each_buyer_is_told_once_whoever_dies(
    shop: Shop, parts: Parts, redis: Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.codes(COUNT)
    orders = [shop.place(contact=address(number)) for number in range(COUNT)]
    town, began = Town(shop, parts, redis, tmp_path), time.monotonic()

    with paying(town, orders):
        for victim in VICTIMS:
            time.sleep(TURN)
            town.kill(victim)
    until(lambda: not left(shop), town)

    found = shop.read(lambda: db.session().execute(MESSAGES).all())
    assert {row.order_id for row in found} == {order.id for order in orders}
    assert len(found) == COUNT
    told, contacts = town.told, {order.id: address(number) for number, order in enumerate(orders)}
    for row in found:
        times = told[contacts[row.order_id]]
        is_listed = row.state is State.UNKNOWN and bool(row.note) and times <= 1
        assert is_listed or (row.state in TOLD and times == 1), (row, times)
    with capsys.disabled():
        listed = Counter(row.note for row in found if row.state is State.UNKNOWN)
        print(f"\n{COUNT} buyers told in {time.monotonic() - began:.0f} s; unknown: {dict(listed)}")


def address(number: int) -> str:
    return f"+86139{number:08d}" if number % 2 else f"b{number}@example.com"


def left(shop: Shop) -> dict[str, int]:
    """Count what is not delivered, not told of, or on its way."""
    queries = {
        "orders": select(func.count()).select_from(Order).where(Order.fulfilment != Fulfilment.DONE),
        "events": select(func.count()).select_from(Outbox),
        "messages": select(func.count()).select_from(Delivery).where(Delivery.state == State.QUEUED),
    }
    counted = shop.read(lambda: {name: db.session().scalar(query) or 0 for name, query in queries.items()})
    return {name: count for name, count in counted.items() if count}


def until(holds: Any, town: Town) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"{left(town.shop)}\n{town.parts.words}"
        time.sleep(0.2)
