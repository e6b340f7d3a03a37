"""Whatever dies while carriers take messages: each is told once, by one channel, or is listed with the reason."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from app.delivery import queries
from app.delivery.models import Channel, Delivery, State
from app.kit import clock, effects
from app.orders.models import Order
from tests import processes
from tests.delivery import dying
from tests.delivery.dying import Deaf
from tests.delivery.routes import DORA, PHONE, later, learn, plan, rows, sell
from tests.delivery.test_telling import relay
from tests.make import Shop
from tests.messages.carriers import connect
from tests.smtp import MailServer

pytestmark = pytest.mark.both_engines
RUNNER = "app.kit.effects.runner.Runner"
BEFORE, AFTER = "call.before:delivery.sms", "call.after:delivery.sms"
PLACES = (f"commit.after:{RUNNER}.serve", BEFORE, AFTER, f"commit.before:{RUNNER}._settle")


@pytest.mark.parametrize("place", PLACES)
def test_a_carrier_that_can_be_asked_is_asked_and_tells_once(shop: Shop, tmp_path: Path, place: str) -> None:
    file, order = begin(shop, tmp_path, knows=True)

    assert kill(shop, place, file, knows=True) == -signal.SIGKILL
    with later(minutes=6):
        effects.drain()

    (message,) = rows(shop, order)
    assert message.state is State.ACCEPTED
    assert arrived(file, message) == 1


@pytest.mark.parametrize("place", PLACES)
def test_a_carrier_that_cannot_say_leaves_it_listed_and_no_other_channel_tells(
    shop: Shop, server: MailServer, tmp_path: Path, place: str
) -> None:
    file, order = begin(shop, tmp_path, knows=False)
    learn(shop, PHONE, Channel.EMAIL, DORA)

    assert kill(shop, place, file, knows=False) == -signal.SIGKILL
    with later(minutes=6):
        effects.drain()

        (message,) = rows(shop, order)
        assert (message.state, message.note) == (State.UNKNOWN, "it cannot say")
        assert [row.id for row in shop.read(lambda: queries.list_stuck(9))] == [message.id]
    with later(hours=25):
        effects.drain()

    assert [row.state for row in rows(shop, order)] == [State.UNKNOWN]
    assert arrived(file, message) == (place in (AFTER, PLACES[-1]))
    assert server.letters == []


def test_two_runners_send_a_message_once(shop: Shop, tmp_path: Path) -> None:
    file, order = begin(shop, tmp_path, knows=True)
    orders = [order, *(sell(shop) for _ in range(9))]
    relay(shop)
    workers = [
        processes.clean().Process(target=dying.drain_deaf, args=errand(shop, "nowhere", file, knows=True))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    found = [message for one in orders for message in rows(shop, one)]
    assert [message.state for message in found] == [State.ACCEPTED] * 10
    assert [arrived(file, message) for message in found] == [1] * 10


def begin(shop: Shop, folder: Path, *, knows: bool) -> tuple[Path, Order]:
    """Let a shop tell by SMS first, and sell something of which nobody is told yet."""
    file = folder / "arrived"
    connect(shop, Deaf(file, knows=knows))
    plan(shop, channels=(Channel.SMS, Channel.EMAIL))
    order = sell(shop)
    relay(shop)
    return file, order


def kill(shop: Shop, place: str, file: Path, *, knows: bool) -> int | None:
    worker = processes.clean().Process(target=dying.drain_deaf, args=errand(shop, place, file, knows=knows))
    worker.start()
    worker.join(60)
    return worker.exitcode


def errand(shop: Shop, place: str, file: Path, *, knows: bool) -> tuple[object, ...]:
    ahead: timedelta = clock.now() - clock._system()
    return shop.app.config["MIAOFA"], place, 1, shop.merchant_id, ahead, file, knows


def arrived(file: Path, message: Delivery) -> int:
    """Count how often a message came to its buyer."""
    return file.read_text().count(message.id.hex) if file.exists() else 0
