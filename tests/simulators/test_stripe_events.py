"""The simulated Stripe as shops are told by it, and as a program."""

import os
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe as sdk

from simulators.stripe.faults import BadFault, read_flag
from simulators.stripe.gateway import account_of
from tests.simulators.stripe_desk import KEY, WISH, Desk, Shop, desk, running, shop, told
from tests.simulators.till import ROOT, eventually

__all__ = ["desk", "shop"]  # fixtures


# Telling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_an_event_comes_again_until_a_2xx_each_time_signed_anew(desk: Desk, shop: Shop, answer: int) -> None:
    secret = desk.tell(shop)
    shop.answers = [answer] * 2
    desk.gateway.expire(desk.who, desk.opened().id)

    eventually(lambda: len(shop.letters) == 3)
    time.sleep(0.1)

    assert len(shop.letters) == 3
    assert len({body for body, _ in shop.letters}) == 1
    told(shop, secret, "checkout.session.expired")


def test_what_was_not_told_is_told_after_a_restart(shop: Shop, tmp_path: Path) -> None:
    path = str(tmp_path / "stripe.db")
    shop.answers = [500]
    with running(path, delays=(60.0,)) as desk:
        desk.tell(shop)
        desk.gateway.expire(desk.who, desk.opened().id)
        eventually(lambda: len(shop.letters) == 1)

    with running(path):
        eventually(lambda: len(shop.letters) == 2)


@pytest.mark.parametrize("name", ["forged", "stale"])
def test_a_bad_event_is_not_believed_by_the_library(desk: Desk, shop: Shop, name: str) -> None:
    secret = desk.tell(shop)
    desk.gateway.faults.cause(name, times=1)
    desk.gateway.expire(desk.who, desk.opened().id)
    eventually(lambda: len(shop.letters) == 1)

    with pytest.raises(sdk.SignatureVerificationError):
        sdk.StripeClient("sk_test_x").construct_event(*shop.letters[0], secret)


def test_two_silent_and_late_events(desk: Desk, shop: Shop) -> None:
    desk.tell(shop)
    faults = desk.gateway.faults
    faults.cause("twice", times=1)
    desk.gateway.expire(desk.who, desk.opened().id)
    eventually(lambda: len(shop.letters) == 2)

    faults.cause("silent", times=1)
    desk.gateway.expire(desk.who, desk.opened().id)
    faults.cause("late", seconds=0.3, times=1)
    desk.gateway.expire(desk.who, desk.opened().id)
    time.sleep(0.1)
    assert len(shop.letters) == 2
    eventually(lambda: len(shop.letters) == 3)


# The program -----------------------------------------------------------------------------------------------------


def test_faults_are_asked_for_on_this_machine_only(desk: Desk) -> None:
    def ask(**headers: str) -> int:
        line = HTTPConnection(urlsplit(desk.url).netloc, timeout=10)
        wish = '{"faults": [{"name": "late", "seconds": 1}]}'
        line.request("POST", "/faults", wish, {"Content-Type": "application/json"} | headers)
        return line.getresponse().status

    assert ask() == 200
    assert [fault.name for fault in desk.gateway.faults.left] == ["late"]
    assert ask(**{"X-Forwarded-For": "1.2.3.4"}) == ask(Origin="http://evil.example") == ask(Host="evil.example") == 403


@pytest.mark.parametrize("flag", ["sick", "late:on=refund", "late:seconds=x", "late:colour=1"])
def test_a_fault_that_there_is_not_is_told(flag: str) -> None:
    with pytest.raises(BadFault):
        read_flag(flag)


def test_the_command_serves_says_what_to_enter_and_ends_cleanly(shop: Shop) -> None:
    command = [sys.executable, "-m", "simulators.stripe", "--port", "0", "--key", KEY, "--endpoint", shop.url]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE")}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        secret, url = lines[1].split()[-1], lines[2].split()[-1]
        assert account_of(KEY) in lines[0]
        assert KEY not in lines[0]
        client: Any = sdk.StripeClient(KEY, base_addresses={"api": url}).v1
        client.checkout.sessions.expire(client.checkout.sessions.create(params=WISH).id)
        told(shop, secret, "checkout.session.expired")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_simulator_never_imports_the_shop_nor_the_library() -> None:
    names = "{m.split('.')[0] for m in sys.modules} & {'app', 'stripe'}"
    script = f"import simulators.stripe.__main__, sys; print({names})"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
