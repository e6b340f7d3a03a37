"""How many letters to buyers one worker sends a second, to a mail server on this machine; and how fair it is.

The floor is the same letters, written beforehand, over one connection with nothing of the shop around them.
"""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from uuid import UUID

from sqlalchemy import func, insert, select

from app.delivery.models import About, Channel, Delivery, State
from app.delivery.service import routing
from app.kit import clock, db, effects, mail
from app.kit.ids import new_id
from app.kit.smtp import Server, Smtp
from bench.cpu import Meter
from bench.figures import Figure, figure, judged
from bench.stage import Stage
from tests.make import Shop, make_shop

LEAST = 300  # letters a second of one worker, on PostgreSQL
MOST_DELAY = 5.0  # seconds until another merchant's first
ORDERS = 100
AT_ONCE = 500
PATIENCE = 60.0


def measure(stage: Stage) -> Figure:
    """Send many letters and return how fast that went, and how long another shop's first waits behind more."""
    with sink(stage) as way:
        before, mail._opener = mail._opener, way.opened
        try:
            return told(stage, floor(way, stage.size.mails), *speed(stage), fairness(stage))
        finally:
            mail._opener = before


def told(
    stage: Stage, bare: float, seconds: float, neighbours: float | None, cpu: dict[str, float], delay: float
) -> Figure:
    value = stage.size.mails / seconds
    good = delay <= MOST_DELAY and (value >= LEAST or stage.engine == "sqlite")
    return figure(
        "mails",
        engine=stage.engine,
        value=value,
        unit="letters/s",
        floor=bare,
        bar=LEAST,
        met=judged(good, neighbours),
        others_first_s=round(delay, 2),
        bar_others_first_s=MOST_DELAY,
        queued=stage.size.queued_mails,
        letters=stage.size.mails,
        seconds=round(seconds, 2),
        cpu_ms_each=cpu,
        neighbours=neighbours,
    )


def speed(stage: Stage) -> tuple[float, float | None, dict[str, float]]:
    """Return the seconds of one process for all letters of a shop, what strangers took, and processor ms a letter."""
    ask(stage.shop, sell(stage.shop, ORDERS), stage.size.mails)
    meter, began, used = Meter().start(), time.perf_counter(), time.process_time()
    effects.drain()
    seconds, used = time.perf_counter() - began, time.process_time() - used
    sent = stage.shop.read(lambda: counted(State.SENT))
    if sent != stage.size.mails:
        raise RuntimeError(f"{stage.size.mails} letters were asked for, and {sent} have left.")
    cpu = meter.stop().ms_each(sent) | {"worker": round(1000 * used / sent, 2)}
    return seconds, meter.neighbours, cpu


def fairness(stage: Stage) -> float:
    """Ask for one letter of another shop behind all of a busy one, and return the seconds until it has left."""
    other = make_shop(stage.shop.app)
    ask(stage.shop, sell(stage.shop, 1), stage.size.queued_mails)
    ask(other, sell(other, 1), 1)
    began = time.perf_counter()
    while other.read(lambda: counted(State.QUEUED)) and time.perf_counter() - began < PATIENCE:
        effects.drain(seconds=0.05)
    delay = time.perf_counter() - began
    if not stage.shop.read(lambda: counted(State.QUEUED)):
        raise RuntimeError("The busy shop had nothing left to send, so nothing is proved.")
    return delay


@contextmanager
def letterbox() -> Iterator[dict[str, str]]:
    """Run a mail server beside a shop that is served, and yield the settings by which it sends its letters there."""
    with subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield {"MAIL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": "shop@example.com"}
        finally:
            process.terminate()


@contextmanager
def sink(stage: Stage) -> Iterator[Smtp]:
    with stage.python("-m", "bench.sink", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Smtp(Server("127.0.0.1", int(process.stdout.readline()), ""), "shop@example.com")


def sell(shop: Shop, count: int, contacts: Iterable[str] = repeat("")) -> list[UUID]:
    """Sell a code each to so many buyers; what they are told of it is handed out by nobody here."""
    shop.codes(count)
    orders = [shop.place(contact=contact) for _, contact in zip(range(count), contacts, strict=False)]
    assert all(shop.pay(order) for order in orders)
    return [order.id for order in orders]


def ask(shop: Shop, orders: list[UUID], count: int, channel: Channel = Channel.EMAIL) -> None:
    """Ask for messages about these orders in turn."""
    for begin in range(0, count, AT_ONCE):
        mine = [orders[place % len(orders)] for place in range(begin, min(begin + AT_ONCE, count))]
        shop.write(lambda: _ask(mine, channel))  # noqa: B023 (called in this turn)


def _ask(orders: list[UUID], channel: Channel) -> None:
    now = clock.now()
    rows = [
        {
            "merchant_id": db.merchant_id(),
            "id": new_id(),
            "order_id": order_id,
            "source_id": new_id(),
            "about": About.READY,
            "channel": channel,
            "state": State.QUEUED,
            "link_id": new_id(),
            "to_mask": "",
            "note": "",
            "created_at": now,
            "sent_at": None,
        }
        for order_id in orders
    ]
    db.session().execute(insert(Delivery.__table__), rows)  # type: ignore[arg-type]
    for row in rows:
        effects.intend(routing.KINDS[channel], UUID(str(row["id"])), due_at=now, deadline=now + routing.LIFE)


def floor(way: Smtp, count: int) -> float:
    """Return how many letters a second go over a bare connection."""
    text = "A letter of about this length.\n" * 20
    letter = mail.Letter("dora@example.com", "Your codes are ready", text, f"<p>{text}</p>")
    with way.opened() as line:
        line.send(letter, key=new_id())
        began = time.perf_counter()
        for _ in range(count):
            line.send(letter, key=new_id())
        return count / (time.perf_counter() - began)


def counted(state: State) -> int:
    return db.session().scalar(select(func.count()).select_from(Delivery).where(Delivery.state == state)) or 0
