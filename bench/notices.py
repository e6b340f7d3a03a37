"""What a notice costs, by the gateway that sends it: from its arrival to the commit that its answer tells of.

Every figure stands beside the test gateway's, whose notices are the plainest. All gateways take turns, notice by
notice over one connection, so that whatever else the machine does is as dear for each. `cpu_ms` is the processor time
of a notice in this process, `verify_ms` what reading and believing it takes of that, `rsa_ms` the RSA signature alone.
A gateway may cost `MOST_RATIO` of the test gateway, or that and its RSA.

Of a site of the first version of epay a notice only makes us ask: `answered` is told, and `applied` from the moment
the site answered our question.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context
from statistics import median
from urllib.parse import urlsplit

from sqlalchemy import func, select

from app.kit import clock, db
from app.kit.crypto import rsa
from app.orders import queries as orders
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Notice, NoticeState
from app.payments.queries import Wire
from bench import client, gateways, promises, requests
from bench.cpu import Meter
from bench.figures import Figure, figure, judged, percentile_ms
from bench.gateways import Desk, PatientSite
from bench.load import fire
from bench.profiling import call, environ_of
from bench.profiling import served as ringing
from bench.requests import Owed, Request
from bench.sales import MOST_PER_SECOND
from bench.stage import Stage
from simulators.epay.trades import Trade
from tests.payments import alipay

MOST_RATIO = 1.3
MOST_MS = 300  # until a notice is answered, and until the site's answer counts
WARM_UP = 10  # of each gateway
VERIFIED = 200
PATIENCE = 30.0
LOOK = 0.002


def measure(stage: Stage, served: PatientSite, site: str) -> Iterator[Figure]:
    """Measure each gateway whose notices count by themselves, then the one that is asked."""
    size, desks = stage.size, gateways.desks(stage, served, site)
    stage.shop.codes(len(desks) * (2 * size.noticed + 2 * WARM_UP) + size.confirmed + 1)
    stage.serve()
    place(stage, len(desks) * (2 * size.noticed + 2 * WARM_UP))
    stage.tidy()
    yield from told(stage, desks)
    yield confirmed(stage, gateways.first_desk(stage, served, site), served)
    promises.check(stage.shop)


def place(stage: Stage, count: int) -> None:
    """Place orders through the form, many at once."""
    sent = requests.places(stage, count)
    while sent:
        some, sent = sent[:MOST_PER_SECOND], sent[MOST_PER_SECOND:]
        run = fire(stage, some, connections=8, seconds=PATIENCE)
        if run.wrong or run.answered < len(some):
            raise RuntimeError(f"{run.answered} of {len(some)} orders were placed: {run.first_wrong}")


# Notices that count by themselves --------------------------------------------------------------------------------


def told(stage: Stage, desks: Sequence[Desk]) -> Iterator[Figure]:
    """Return a figure for each gateway, all of one run."""
    played(stage, desks, WARM_UP, over_http)
    meter = Meter().start()
    laps = played(stage, desks, stage.size.noticed, over_http)
    meter.stop()
    played(stage, desks, WARM_UP, inside)
    cpu = {name: 1000 * median(own) for name, own in played(stage, desks, stage.size.noticed, inside).items()}
    verify, bare = verifying(stage, desks), rsa_ms()
    for desk in desks:
        yield cost(stage, desk.name, laps, meter.neighbours, bare if desk.by_rsa else 0.0) | {
            "cpu_ms": round(cpu[desk.name], 2),
            "cpu_ratio": round(cpu[desk.name] / cpu["test"], 3),
            "verify_ms": round(verify[desk.name], 3),
        }


def cost(stage: Stage, name: str, laps: dict[str, list[float]], neighbours: float | None, rsa_alone: float) -> Figure:
    """Return what the notices of one gateway cost beside those of the test gateway."""
    value, floor = (1000 * median(laps[each]) for each in (name, "test"))
    return figure(
        "notices",
        engine=stage.engine,
        gateway=name,
        value=value,
        unit="ms",
        floor=floor,
        bar_ratio=MOST_RATIO,
        met=judged(value - rsa_alone <= MOST_RATIO * floor, neighbours),
        p99_ms=percentile_ms(laps[name], 0.99),
        rsa_ms=round(rsa_alone, 3),
        notices=len(laps[name]),
        neighbours=neighbours,
    )


Play = Callable[[Stage, Sequence[Request]], Sequence[float]]


def played(stage: Stage, desks: Sequence[Desk], count: int, play: Play) -> dict[str, list[float]]:
    """Let every gateway send so many notices, each gateway in its turn; return the seconds of each."""
    pairs = gateways.mixed(desks, requests.list_owed(stage, count * len(desks)))
    before = count_paying(stage)
    laps = play(stage, [desk.write(owed) for desk, owed in pairs])
    if count_paying(stage) - before != len(pairs):
        raise RuntimeError(f"Of {len(pairs)} notices {count_paying(stage) - before} paid something.")
    found: dict[str, list[float]] = {desk.name: [] for desk in desks}
    for (desk, _), lap in zip(pairs, laps, strict=True):
        found[desk.name].append(lap)
    return found


def over_http(stage: Stage, sent: Sequence[Request]) -> Sequence[float]:
    return client.send(stage.port, sent).check().laps


def inside(stage: Stage, sent: Sequence[Request]) -> Sequence[float]:
    """Let the application answer in this process, and return the processor time of each notice."""
    laps, environs = [], [environ_of(each) for each in sent]
    with ringing(stage):
        for environ in environs:
            began = time.thread_time()
            Context().run(call, stage.shop.app, environ, Counter())
            laps.append(time.thread_time() - began)
    return laps


def count_paying(stage: Stage) -> int:
    """Count the notices that paid."""
    paid = select(func.count()).select_from(Notice).where(Notice.state == NoticeState.APPLIED)
    return stage.shop.read(lambda: db.session().scalar(paid) or 0)


def verifying(stage: Stage, desks: Sequence[Desk]) -> dict[str, float]:
    """Return how many ms it takes to read and to believe a notice of each gateway, which take turns in this too."""
    (owed,) = requests.list_owed(stage, 1) or [Owed(stage.shop.method_id, 1999, "CNY", "0")]
    channels = stage.shop.read(lambda: {desk.name: paying.get_channel(desk.method_id) for desk in desks})
    wires = {desk.name: wire_of(desk.write(owed)) for desk in desks}
    laps: dict[str, list[float]] = {desk.name: [] for desk in desks}
    for _ in range(VERIFIED):
        for name, own in laps.items():
            began = time.perf_counter()
            arrived = payments.verify(channels[name], wires[name], now=clock.now())
            own.append(time.perf_counter() - began)
            assert arrived.pays, arrived
    return {name: 1000 * median(own) for name, own in laps.items()}


def wire_of(sent: Request) -> Wire:
    return Wire(dict(sent.headers), sent.body, urlsplit(sent.path).query, sent.method)


def rsa_ms() -> float:
    """Return how many ms one RSA signature takes to be believed, its key known."""
    known, message = alipay.keys(), b"x" * 800
    signature, laps = rsa.sign(known.alipay_private, message), []
    for _ in range(VERIFIED):
        began = time.perf_counter()
        assert rsa.is_signed(known.alipay_public, message, signature)
        laps.append(time.perf_counter() - began)
    return 1000 * median(laps)


# Notices that make us ask ----------------------------------------------------------------------------------------


def confirmed(stage: Stage, desk: Desk, served: PatientSite) -> Figure:
    """Send notices one after another, each once the one before counts."""
    replies, meter = note_replies(served), Meter().start()
    laps: dict[str, list[float]] = {"answered": [], "reply": [], "applied": []}
    for _ in range(stage.size.confirmed):
        page, owed = begin(stage, desk)
        gateways.pay_at(served, page)
        sent, began = desk.write(owed), time.monotonic()
        laps["answered"] += client.send(stage.port, [sent]).check().laps
        counted = await_paid(stage, owed)
        laps["reply"].append(replies[-1] - began)
        laps["applied"].append(counted - replies[-1])
    meter.stop()
    slowest = {name: percentile_ms(own, 0.99) for name, own in laps.items()}
    good = max(slowest["applied"], slowest["answered"]) <= MOST_MS
    return figure(
        "notices",
        engine=stage.engine,
        gateway=desk.name,
        value=slowest["applied"],
        unit="ms after the site's reply",
        floor=0,
        bar=MOST_MS,
        met=judged(good, meter.neighbours),
        **{f"{name}_p50_ms": percentile_ms(own, 0.5) for name, own in laps.items()},
        **{f"{name}_p99_ms": most for name, most in slowest.items()},
        notices=len(laps["applied"]),
        neighbours=meter.neighbours,
    )


def note_replies(served: PatientSite) -> list[float]:
    """Note from now on when the site answered a question about a trade."""
    moments: list[float] = []
    stand = served.stand

    def noted(trade: Trade) -> dict[str, object]:
        moments.append(time.monotonic())
        return stand(trade)

    served.stand = noted  # type: ignore[method-assign]
    return moments


def begin(stage: Stage, desk: Desk) -> tuple[str, Owed]:
    """Place an order and start its payment; return the page its buyer is sent to, and what is owed."""
    order = stage.shop.place()
    page = stage.shop.start(order, desk.method_id)
    (tender,) = stage.shop.read(lambda: orders.list_tenders_of(order.id))
    return page, Owed(tender.id, order.total_amount, order.currency, order.number)


def await_paid(stage: Stage, owed: Owed) -> float:
    """Return when the payment counted, seen from a connection of our own."""
    until = time.monotonic() + PATIENCE
    while stage.shop.read(lambda: orders.list_tenders([owed.id])[owed.id].state) is orders.TenderState.DUE:
        if time.monotonic() > until:
            raise RuntimeError("A notice was never confirmed.")
        time.sleep(LOOK)
    return time.monotonic()
