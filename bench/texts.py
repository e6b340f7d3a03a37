"""How many messages by SMS one worker sends a second, to the simulator of a carrier on this machine.

Each goes to a phone of its own, since carriers take few a minute for one. The floor is the same message over one
connection to the simulator, signed and read, with nothing of the shop around it.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import httpx

from app.delivery.models import Channel, State
from app.kit import effects
from app.kit.http import Client
from app.kit.party import Account
from app.messages import connecting
from app.messages.providers.aliyun import Aliyun
from bench.cpu import Meter
from bench.figures import Figure, figure, judged
from bench.mails import ask, counted, sell
from bench.stage import Stage
from deploy import redis
from simulators.sms.keys import ALIYUN, Keys
from tests.messages.carriers import connect
from tests.messages.sms_side import READY, account_of, message
from tests.payments.gate import reachable

LEAST = 300  # messages a second of one worker
PATIENCE = 20.0


@dataclass(frozen=True)
class Desk:
    """A running simulator, and the shop's account there."""

    party: Aliyun
    account: Account


def measure(stage: Stage) -> Figure:
    """Send many messages and return how fast that went."""
    count = stage.size.texts
    with desk(stage) as carrier:
        line = connect(stage.shop, carrier.party, carrier.account, template=False)
        stage.shop.write(lambda: connecting.set_templates(line.id, {("ready", "zh"): READY[ALIYUN]}))
        bare = floor(carrier, count)
        stage.shop.drain()
        ask(stage.shop, sell(stage.shop, count, phones(1)), count, Channel.SMS)
        before, meter, began = told(stage), Meter().start(), time.perf_counter()
        effects.drain()
        seconds, sent = time.perf_counter() - began, told(stage) - before
    if sent != count:
        raise RuntimeError(f"{count} messages were asked for, and {sent} have left.")
    return figure(
        "texts",
        engine=stage.engine,
        value=sent / seconds,
        unit="messages/s",
        floor=bare,
        bar=LEAST,
        met=judged(sent / seconds >= LEAST, meter.stop().neighbours),
        messages=sent,
        seconds=round(seconds, 2),
        cpu_ms_each=meter.ms_each(sent),
        neighbours=meter.neighbours,
    )


@contextmanager
def desk(stage: Stage) -> Iterator[Desk]:
    """Run the simulator in a process of its own."""
    port, keys = redis.free_port(), stage.folder / "sms.json"
    url = f"http://127.0.0.1:{port}"
    command = ("-m", "simulators.sms", "--port", str(port), "--keys", str(keys))
    with stage.python(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), reachable(url):
        _wait(url)
        yield Desk(Aliyun(url), account_of(ALIYUN, Keys(**json.loads(keys.read_text()))))


def phones(group: int) -> Iterator[str]:
    """Yield numbers that were sent nothing yet."""
    yield from (f"+86138{group}{number:07d}" for number in range(10**7))


def floor(carrier: Desk, count: int) -> float:
    """Return how many messages a second are taken over one bare connection."""
    with Client() as client:
        began = time.perf_counter()
        for _, phone in zip(range(count), phones(0), strict=False):
            carrier.party.send(message(to=phone), READY[ALIYUN], carrier.account, client)
        return count / (time.perf_counter() - began)


def told(stage: Stage) -> int:
    states = (State.SENT, State.ACCEPTED, State.DELIVERED)
    return sum(stage.shop.read(partial(counted, state)) for state in states)


def _wait(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The simulator did not start.")
