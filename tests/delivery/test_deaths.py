"""Whatever dies or says no while buyers are told: each is told once, or is listed with the reason."""

import signal
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.delivery import queries, service
from app.delivery.effects import AT_RISK
from app.delivery.guide import Guide
from app.delivery.models import About, Channel, State
from app.delivery.service import routing
from app.delivery.service.routing import Route, Wish
from app.kit import bell, clock, db, effects, mail
from app.kit.crypto.keys import DataKey
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.orders.models import Order
from tests import processes
from tests.delivery import dying
from tests.delivery.test_telling import messages, relay, sell
from tests.kit.depth import DEPTH
from tests.make import Shop
from tests.payments.market import Market
from tests.smtp import MailServer

RUNNER = "app.kit.effects.runner.Runner"
BEFORE, AFTER = "call.before:delivery.mail", "call.after:delivery.mail"


# A worker dies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "times", "letters", "state"),
    [
        (f"commit.before:{RUNNER}.serve", 1, 0, State.QUEUED),
        (f"commit.after:{RUNNER}.serve", 1, 0, State.UNKNOWN),
        (BEFORE, 1, 0, State.UNKNOWN),
        (AFTER, 1, 1, State.UNKNOWN),
        (f"commit.before:{RUNNER}._settle", 1, 1, State.UNKNOWN),
        (f"commit.after:{RUNNER}._settle", 1, 1, State.SENT),
    ],
)
def test_a_worker_that_is_killed_has_told_once_or_it_is_listed(
    shop: Shop, server: MailServer, place: str, times: int, letters: int, state: State
) -> None:
    order = sell(shop)
    relay(shop)

    assert kill(shop, server, place, times) == -signal.SIGKILL

    with later(minutes=6):
        effects.drain()
        (message,) = messages(shop, order)
        if state is State.QUEUED:  # nobody had begun, so it is simply sent
            assert (message.state, arrived(server, shop, order)) == (State.SENT, 1)
            return
        assert (message.state, arrived(server, shop, order)) == (state, letters)
        if state is State.UNKNOWN:
            assert "nobody knows" in message.note
            assert [row.id for row in shop.read(lambda: queries.list_stuck(9))] == [message.id]
            shop.write(lambda: service.send_again(message.id, now=clock.now(), by=SYSTEM))
            shop.drain()
            assert messages(shop, order)[0].state is State.SENT
            assert arrived(server, shop, order) == letters + 1  # a double goes by the same name


def test_a_death_leaves_those_of_its_batch_in_doubt_and_no_others(shop: Shop, server: MailServer) -> None:
    orders = [sell(shop) for _ in range(AT_RISK + 4)]
    relay(shop)

    assert kill(shop, server, BEFORE, 3) == -signal.SIGKILL
    with later(minutes=6):
        effects.drain()

    found = [message.state for order in orders for message in messages(shop, order)]
    assert (found.count(State.UNKNOWN), found.count(State.SENT)) == (AT_RISK, 4)
    assert arrived(server, shop, *orders) == 4 + 2  # two had left before the death; they stand among the unknown


def kill(shop: Shop, server: MailServer, place: str, times: int) -> int | None:
    """Let a worker of this installation run until it dies at a place, and return how it ended."""
    settings = replace(
        shop.app.config["MIAOFA"],
        mail=f"smtp://127.0.0.1:{server.port}",
        mail_from="shop@example.com",
        log_level="ERROR",
    )
    ahead = clock.now() - clock._system()
    errand = (settings, place, times, shop.merchant_id, ahead)
    worker = processes.clean().Process(target=dying.drain, args=errand)
    worker.start()
    worker.join(60)
    return worker.exitcode


# The mail server dies, or says no --------------------------------------------------------------------------------


def test_a_server_that_is_away_costs_no_letter(market: Market, server: MailServer) -> None:
    server.dead = True
    order = sell(market.shop)
    market.work()
    (message,) = messages(market.shop, order)
    assert message.state is State.QUEUED
    assert message.note

    server.dead = False
    market.wait(minutes=5)

    assert states(market.shop, order) == [State.SENT]
    assert arrived(server, market.shop, order) == 1


def test_a_server_that_stays_away_for_a_day_is_told_to_the_shop(market: Market, server: MailServer) -> None:
    server.dead = True
    order = sell(market.shop)
    for _ in range(30):
        market.wait(hours=1)

    (message,) = messages(market.shop, order)
    assert message.state is State.FAILED
    assert message.note


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_server_that_dies_with_the_letter_leaves_it_in_doubt(shop: Shop, server: MailServer, cut: str) -> None:
    server.cut = cut
    order = sell(shop)
    shop.drain()

    (message,) = messages(shop, order)
    assert message.state is State.UNKNOWN
    assert "no answer to the letter" in message.note
    assert len(server.letters) == (cut == "after")


def test_a_reader_who_is_put_off_is_told_later(market: Market, server: MailServer) -> None:
    said = iter(["451 greylisted, try again", "451 greylisted, try again"])
    server.on_rcpt = lambda to: next(said, "250 OK")
    order = sell(market.shop)
    market.work()
    assert messages(market.shop, order)[0].note == "451 greylisted, try again"

    for _ in range(3):
        market.wait(minutes=2)

    assert states(market.shop, order) == [State.SENT]


def test_redis_may_be_gone(shop: Shop, server: MailServer) -> None:
    before = bell._redis
    bell.hang("redis://127.0.0.1:1")
    try:
        order = sell(shop)
        shop.drain()  # as the sweeper does, which needs no bell
    finally:
        bell._redis = before

    assert states(shop, order) == [State.SENT]
    assert len(server.letters) == 1


# Poison ----------------------------------------------------------------------------------------------------------


def test_a_poisoned_address_holds_up_no_other(shop: Shop, server: MailServer) -> None:
    server.on_rcpt = lambda to: "550 no" if to.startswith("eve") else "250 OK"
    orders = [sell(shop, f"{name}@example.com") for name in ("dora", "eve", "fay")]
    shop.drain()

    assert [states(shop, order) for order in orders] == [[State.SENT], [State.FAILED], [State.SENT]]


def test_a_letter_that_cannot_be_written_holds_up_no_other(
    shop: Shop, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = sell(shop, "eve@example.com"), sell(shop)
    write = mail.write

    def fail(name: str, *, to: str, **more: Any) -> mail.Letter:
        if to.startswith("eve"):
            raise LookupError(to)
        return write(name, to=to, **more)

    monkeypatch.setattr(mail, "write", fail)
    shop.drain()

    assert (states(shop, bad), states(shop, good)) == ([State.QUEUED], [State.SENT])
    assert messages(shop, bad)[0].note == "the letter cannot be written: LookupError"


def test_a_contact_whose_key_is_gone_holds_up_no_other(shop: Shop, server: MailServer) -> None:
    bad, good = sell(shop), sell(shop)
    relay(shop)
    shop.write(lambda: setattr(db.get(Order, bad.id), "contact_key_id", bad.id))  # a key that nobody has
    shop.drain()

    assert shop.read(lambda: db.find(DataKey, bad.id)) is None
    assert (states(shop, bad), states(shop, good)) == ([State.QUEUED], [State.SENT])


# Fairness --------------------------------------------------------------------------------------------------------


def test_another_shop_does_not_wait_behind_a_busy_one(shop: Shop, other: Shop, server: MailServer) -> None:
    order = sell(shop)
    shop.drain()
    many = 200 * DEPTH
    shop.write(lambda: ask(order, many))
    theirs = sell(other, "fay@example.com")
    relay(other)

    began = time.monotonic()
    while states(other, theirs) != [State.SENT] and time.monotonic() < began + 30:
        effects.drain(seconds=0.1)

    assert time.monotonic() - began < 5
    assert sum(state is State.QUEUED for state in states(shop, order)) > many / 4


def ask(order: Order, count: int) -> None:
    guide, found = Guide(), routing.list_orders([order.id])[order.id]
    route = Route(Channel.EMAIL, found.contact_mask)
    for _ in range(count):
        routing.ask(found, Wish(About.READY, new_id(), clock.now()), route, guide, now=clock.now())


def arrived(server: MailServer, shop: Shop, *orders: Order) -> int:
    """Count the letters about these orders that the server took; other tests may have left some of theirs."""
    names = {f"<{message.id}@example.com>" for order in orders for message in messages(shop, order)}
    return sum(letter.message["Message-ID"] in names for letter in server.letters)


def states(shop: Shop, order: Order) -> list[State]:
    return [message.state for message in messages(shop, order)]


def later(**passed: float) -> Any:
    """Let time be later by so much, and run on."""
    ahead = clock.now() - clock._system() + timedelta(**passed)
    return clock.running(lambda: clock._system() + ahead)
