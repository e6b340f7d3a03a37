"""200 notices a second of every gateway, while people look at products and at their orders: none may be lost.

The notices are signed ahead and sent by a process of its own (steady.py), each at its moment whether or not those
before it were answered. One in twenty is of the first version of epay, which only makes us ask its site: that counts
as answered when the site is told, and as paid when all is quiet again. Value is what 99 of 100 notices are answered in.
"""

import json
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import func, select

from app.catalog.models import Product
from app.kit import db
from app.kit.effects import Effect
from app.kit.events import EventRow, Outbox
from app.orders.events import OrderPaid
from app.orders.models import Order, Payment, Tender
from app.payments.models import Attempt, Notice, NoticeState
from bench import client, gateways, notices, promises, requests, steady
from bench.cpu import Meter
from bench.figures import Figure, figure, judged, percentile_ms
from bench.gateways import Desk, PatientSite
from bench.requests import Request
from bench.stage import SLUG, Stage

RATE = 200  # notices a second
PAGES = 50  # a second: products and orders in turn
ASKED = 20  # each so manieth notice makes us ask
MOST_MS = 300
VISITORS = 16
WARM_UP = 10  # notices of each gateway that go ahead, and some pages, for processes that have just begun
LINES = 8  # over so many connections, so that each process has its share
AHEAD = 5.0  # seconds for the sender to read what it is to send
PATIENCE = 120.0
SPREAD = 0.02  # seconds that a notice may come earlier or later than its turn

NEVER = float("inf")

Sent = tuple[float, str, Request]


def measure(stage: Stage, served: PatientSite, site: str) -> Iterator[Figure]:
    """Set everything up, let the storm come, and look at what is left of it."""
    desks, first = gateways.desks(stage, served, site), gateways.first_desk(stage, served, site)
    count = int(RATE * stage.size.storm)
    asked = count // ASKED
    stage.shop.codes(count + VISITORS + len(desks) * WARM_UP)
    stage.serve()
    looked = list(visits(stage, int(PAGES * stage.size.storm)))
    notices.place(stage, count - asked + len(desks) * WARM_UP)
    stage.tidy()
    notices.played(stage, desks, WARM_UP, over_lines)
    over_lines(stage, [request for _, _, request in looked[: 2 * VISITORS]])
    trusted = gateways.mixed(desks, requests.list_owed(stage, count - asked))
    begun = [notices.begin(stage, first) for _ in range(asked)]
    came, meter = send(stage, served, storm(trusted, begun, first), begun, looked)
    yield told(stage, came, meter, count)


def over_lines(stage: Stage, sent: Sequence[Request]) -> Sequence[float]:
    """Send requests over several connections, one line after the other, and return the seconds of all answers."""
    return [lap for line in range(LINES) for lap in client.send(stage.port, sent[line::LINES]).check().laps]


def storm(trusted: Sequence[Any], begun: Sequence[Any], first: Desk) -> list[tuple[float, Desk, Any]]:
    """Give every notice its moment, the gateways mixed and no two of them in step."""
    pairs = [*trusted, *((first, owed) for _, owed in begun)]
    dice = Random(7)
    dice.shuffle(pairs)
    moments = [place / RATE + dice.uniform(0, SPREAD) for place in range(len(pairs))]
    return [(at, desk, owed) for at, (desk, owed) in zip(moments, pairs, strict=True)]


def send(
    stage: Stage, served: PatientSite, planned: Sequence[tuple[float, Desk, Any]], begun: Sequence[Any], looked: Any
) -> tuple[dict[str, Any], Meter]:
    """Sign everything, have it sent, and return what came of it."""
    shown = {owed.id: gateways.pay_at(served, page, NEVER) for page, owed in begun}
    file = stage.folder / "storm"
    steady.write(file, [(at, desk.name, desk.write(owed)) for at, desk, owed in planned] + list(looked))
    at = time.time() + AHEAD
    served.moments.update({shown[owed.id]: at + moment for moment, _, owed in planned if owed.id in shown})
    command = ("-m", "bench.steady", str(stage.port), str(file), str(at))
    with stage.python(*command, stdout=subprocess.PIPE) as process:
        time.sleep(max(0.0, at - time.time()))
        meter = Meter().start()
        printed, _ = process.communicate(timeout=stage.size.storm + PATIENCE)
        meter.stop()
    if process.returncode:
        raise RuntimeError("The sender broke; its words are above.")
    return json.loads(printed), meter


def told(stage: Stage, came: dict[str, Any], meter: Meter, count: int) -> Figure:
    quiet = settle(stage)
    kinds = came["kinds"]
    check(stage, count, came)
    worst = {kind: said["p99_ms"] for kind, said in kinds.items() if kind not in ("product", "order")}
    answered = sum(said["answered"] for said in kinds.values())
    return figure(
        "storm",
        engine=stage.engine,
        value=max(worst.values()),
        unit="ms, p99 of the slowest gateway",
        floor=0,
        bar=MOST_MS,
        met=not came["wrong"] and judged(max(worst.values()) <= MOST_MS, meter.neighbours),
        notices=count,
        rate=RATE,
        pages_rate=PAGES,
        seconds=stage.size.storm,
        lost=0,
        kinds=kinds,
        counted=counted(stage),
        quiet_after_seconds=round(quiet, 1),
        sender_behind_p99_ms=came["behind_p99_ms"],
        lines=came["lines"],
        cpu_ms=meter.ms_each(answered),
        neighbours=meter.neighbours,
        **({"wrong": came["wrong"], "first_wrong": came["first_wrong"]} if came["wrong"] else {}),
    )


def counted(stage: Stage) -> dict[str, dict[str, float]]:
    """Return after how long payments counted since their notices came: of trusted ones, and of those asked about."""
    e, tender = EventRow.__table__.c, Notice.tender_id == Tender.id
    paid = (e.subject_id == Tender.order_id) & (e.name == OrderPaid.name)
    query = select(Notice.state, Notice.at, e.id).join(Tender, tender).join(EventRow.__table__, paid)
    laps = defaultdict(list)
    for state, at, number in stage.shop.read(lambda: db.session().execute(query).all()):
        laps[NoticeState(state).name.lower()].append((number.int >> 80) / 1000 - at.timestamp())
    return {
        state: {"p50_ms": percentile_ms(found, 0.5), "p99_ms": percentile_ms(found, 0.99)}
        for state, found in laps.items()
    }


def settle(stage: Stage) -> float:
    """Wait until every order is paid and every event told, and return how many seconds that took."""
    began = time.monotonic()
    left = select(func.count()).select_from(Outbox)
    while requests.count_due(stage) > VISITORS or stage.shop.read(lambda: db.session().scalar(left) or 0):
        if time.monotonic() > began + PATIENCE:
            break  # the check tells what is missing
        time.sleep(0.1)
    return time.monotonic() - began


def check(stage: Stage, count: int, came: dict[str, Any]) -> None:
    """Raise unless each notice was kept and each order delivered, and the books agree."""
    kept = select(Notice.state, func.count()).group_by(Notice.state)
    states = {
        NoticeState(state).name: number for state, number in stage.shop.read(lambda: db.session().execute(kept).all())
    }
    paying = states.get("APPLIED", 0)
    if paying + states.get("HEARD", 0) < count or requests.count_due(stage) > VISITORS:
        left = f"{requests.count_due(stage)} orders are not paid"
        wrong = f"{came['wrong']} answers were wrong {came['first_wrong']}"
        raise promises.Broken(f"Of {count} notices: {states}; {left}; {wrong}; asked about: {asked_in_vain(stage)}")
    promises.check(stage.shop)


def asked_in_vain(stage: Stage) -> dict[str, int]:
    """Count what was asked of gateways about orders that are not paid, by kind, state, tries and note."""
    unpaid = select(Attempt.id).join(Order, Order.id == Attempt.order_id).where(Order.payment == Payment.PENDING)
    told = select(Effect.kind, Effect.state, Effect.attempts, Effect.note).where(Effect.subject_id.in_(unpaid))
    rows = stage.shop.read(lambda: db.session().execute(told).all())
    return dict(Counter(f"{row.kind} {row.state.name} after {row.attempts} {row.note}".strip() for row in rows))


# People -----------------------------------------------------------------------------------------------------------


def visits(stage: Stage, count: int) -> Iterator[Sent]:
    """Yield the pages that people look at meanwhile: products, and orders by who placed them."""
    slug = stage.shop.read(lambda: db.session().scalars(select(Product.slug)).one())
    product = Request("GET", f"/s/{SLUG}/p/{slug}", 200, {"Accept-Language": "zh-CN"})
    own = [order_page(stage, slug) for _ in range(VISITORS)]
    for number in range(count):
        at = number / PAGES
        yield (at, "order", own[number // 2 % VISITORS]) if number % 2 else (at, "product", product)


def order_page(stage: Stage, slug: str) -> Request:
    """Place an order as a new browser and return what its page is asked for with."""
    form = {"product": slug, "sku": stage.shop.sku, "quantity": 1}
    sent = requests.place(form, *requests.session(stage, slug))
    answer = httpx.post(f"http://127.0.0.1:{stage.port}{sent.path}", content=sent.body, headers=dict(sent.headers))
    cookies = [sent.headers["Cookie"], *(line.partition(";")[0] for line in answer.headers.get_list("Set-Cookie"))]
    return Request("GET", urlsplit(answer.headers["Location"]).path, 200, {"Cookie": "; ".join(cookies)})
