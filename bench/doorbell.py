"""How long after a sale its letter leaves: by a shop that runs, idle, and beside a shop with very many queued.

Value is p95 from the moment an order is paid, by a notice over HTTP, until its letter is in the hands of a mail server
on this machine; in between lie the outbox, the doorbell and a worker. There is no floor.
"""

import time
from collections.abc import Iterator

import httpx
from sqlalchemy import select

from app.delivery.models import Delivery, State
from app.kit import db
from app.orders.models import Order
from bench import requests
from bench.cpu import Meter
from bench.figures import Figure, figure, judged, percentile_ms
from bench.mails import ORDERS, ask, counted, sell
from bench.stage import Stage
from tests.make import make_shop

MOST_MS = {0: 500}  # with so many queued elsewhere
MOST_MS_BESIDE = 5000
PAUSE = 0.5  # seconds between two sales: an idle shop has one at a time
WARM_UP = 5
PATIENCE = 60.0


def measure(stage: Stage) -> Iterator[Figure]:
    """Measure it idle, then with each number of letters queued by another shop."""
    count = stage.size.told
    stage.shop.codes(WARM_UP + count * (1 + len(stage.size.queues)))
    busy = make_shop(stage.shop.app)
    orders = sell(busy, ORDERS)
    stage.shop.drain()
    stage.serve()
    told(stage, WARM_UP)
    for queued in (0, *stage.size.queues):
        ask(busy, orders, max(0, queued - busy.read(lambda: counted(State.QUEUED))))
        meter = Meter().start()
        laps = told(stage, count)
        meter.stop()
        left = busy.read(lambda: counted(State.QUEUED))
        if queued and not left:
            raise RuntimeError("The busy shop had nothing left to send, so nothing is proved.")
        yield shown(stage, queued, laps, meter, left)


def shown(stage: Stage, queued: int, laps: list[float], meter: Meter, left: int) -> Figure:
    value, bar = percentile_ms(laps, 0.95), MOST_MS.get(queued, MOST_MS_BESIDE)
    return figure(
        "doorbell",
        engine=stage.engine,
        value=value,
        unit="ms, p95 from paid to sent",
        floor=0,
        bar=bar,
        met=judged(value <= bar, meter.neighbours),
        queued=queued,
        still_queued=left,
        sales=len(laps),
        p50_ms=percentile_ms(laps, 0.5),
        worst_ms=percentile_ms(laps, 1),
        neighbours=meter.neighbours,
    )


def told(stage: Stage, count: int) -> list[float]:
    """Sell to so many buyers, one after the other, and return the seconds from paid to sent of each."""
    orders = []
    with httpx.Client(base_url=f"http://127.0.0.1:{stage.port}") as client:
        for _ in range(count):
            orders.append(stage.shop.place().id)
            (notice,) = requests.notices(stage, 1)
            client.post(notice.path, content=notice.body, headers=dict(notice.headers)).raise_for_status()
            time.sleep(PAUSE)
    laps = select(Order.paid_at, Delivery.sent_at).join(Delivery, Delivery.order_id == Order.id)
    laps = laps.where(Order.id.in_(orders), Delivery.state == State.SENT)
    until = time.monotonic() + PATIENCE
    while len(found := stage.shop.read(lambda: db.session().execute(laps).all())) < count:
        if time.monotonic() > until:
            raise RuntimeError(f"Of {count} letters only {len(found)} have left.")
        time.sleep(0.1)
    return [(sent - paid).total_seconds() for paid, sent in found if paid and sent]
