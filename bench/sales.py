"""How many orders are placed and paid in a second, over HTTP: the real form, then the gateway's signed notices."""

import secrets
from collections.abc import Iterator
from typing import Any

import httpx
from sqlalchemy import func, select

from app.catalog.models import Product
from app.kit import clock, db
from app.kit.events import Outbox
from app.kit.ids import base32
from app.orders.models import Order, Tender, TenderState
from app.payments.models import Method
from bench import client, promises
from bench.client import Run
from bench.cpu import Meter
from bench.figures import Figure, figure, percentile_ms
from bench.load import fire
from bench.pages import cookies_of, token_of
from bench.stage import SLUG, Stage
from tests.make import Notice

CONNECTIONS = 8  # as many as the web's threads
MOST_PER_SECOND = 2000  # requests are made before the clock starts, so many are enough
WARM_UP = 0.1  # share of the requests, and of the time
FLOOR_SECONDS = 3.0


def measure(stage: Stage) -> Iterator[Figure]:
    """Place orders, then pay them, and check the books."""
    yield load(stage, "place", forms(stage), expect=303, step="place")
    yield load(stage, "notice", notices(stage), expect=200, step="apply")
    promises.check(stage.shop)


def load(stage: Stage, bench: str, connections: list[list[str]], *, expect: int, step: str) -> Figure:
    """Send the requests, a part of them to warm up, and return the figure beside its floor."""
    seconds = min(FLOOR_SECONDS, stage.size.seconds)
    bare = stage.floor(step, seconds=seconds, clients=CONNECTIONS)
    first = [requests[: max(1, int(len(requests) * WARM_UP))] for requests in connections]
    rest = [requests[len(warm) :] for requests, warm in zip(connections, first, strict=True)]
    fire(stage, first, expect=expect, seconds=stage.size.seconds * 2 * WARM_UP).check()
    meter = Meter().start()
    run = fire(stage, rest, expect=expect, seconds=stage.size.seconds).check()
    meter.stop()
    return told(stage, bench, run, bare, meter)


def told(stage: Stage, bench: str, run: Run, bare: dict[str, float], meter: Meter) -> Figure:
    count = len(run.laps)
    return figure(
        bench,
        engine=stage.engine,
        value=run.rate,
        unit="orders/s",
        floor=bare["value"],
        p50_ms=percentile_ms(run.laps, 0.5),
        p99_ms=percentile_ms(run.laps, 0.99),
        floor_p50_ms=bare["p50_ms"],
        floor_p99_ms=bare["p99_ms"],
        orders=count,
        connections=CONNECTIONS,
        client="python",
        client_ms=round(1000 * run.cpu / count, 2),
        cpu_ms=meter.ms_each(count),
        neighbours=meter.neighbours,
        outbox_left=stage.shop.read(lambda: db.session().scalar(select(func.count()).select_from(Outbox))),
    )


# Requests --------------------------------------------------------------------------------------------------------


def forms(stage: Stage) -> list[list[str]]:
    """Return the order forms of each connection: one session and token, but each form by a new device."""
    slug = stage.shop.read(lambda: db.session().scalars(select(Product.slug)).one())
    each = int(MOST_PER_SECOND * stage.size.seconds / CONNECTIONS)
    return [list(forms_of_one(stage, slug, each)) for _ in range(CONNECTIONS)]


def forms_of_one(stage: Stage, product: str, count: int) -> Iterator[str]:
    with httpx.Client(base_url=f"http://127.0.0.1:{stage.port}") as browser:
        token = token_of(browser.get(f"/s/{SLUG}/p/{product}"))
        headers = {"Cookie": cookies_of(browser)}
    form = {"csrf_token": token, "product": product, "sku": stage.shop.sku, "quantity": 1}
    for number in range(count):
        typed = form | {"contact": f"buyer{number}@example.com", "idem": secrets.token_hex(16)}
        yield client.request("POST", f"/s/{SLUG}/orders", headers=headers, form=typed)


def notices(stage: Stage) -> list[list[str]]:
    """Return, spread over the connections, the notice that pays each order which is not paid yet."""
    hook = stage.shop.read(lambda: db.session().scalars(select(Method.hook_token)).one())
    due = stage.shop.read(_due)
    made = [notice_of(stage, hook, row) for row in due]
    return [made[number::CONNECTIONS] for number in range(CONNECTIONS)]


def notice_of(stage: Stage, hook: str, due: Any) -> str:
    notice = Notice(
        stage.shop,
        {
            "merchant_no": stage.shop.slug,
            "out_trade_no": base32(due.id),
            "trade_no": f"TG{due.number}",
            "amount": due.amount,
            "currency": due.currency,
            "status": "paid",
            "paid_at": clock.now().isoformat(),
        },
    )
    headers = notice.headers() | {"Content-Type": "application/json"}
    return client.request("POST", f"/hooks/{hook}", headers=headers, body=notice.body)


def _due() -> list[Any]:
    query = (
        select(Tender.id, Tender.amount, Tender.currency, Order.number)
        .join(Order, (Order.merchant_id == Tender.merchant_id) & (Order.id == Tender.order_id))
        .where(Tender.state == TenderState.DUE)
        .order_by(Order.id)
    )
    return list(db.session().execute(query))
