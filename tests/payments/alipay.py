"""Alipay's simulator in a thread, its notices kept for the test to bring, and a shop that is paid through it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest
from werkzeug.test import Client as Browser
from werkzeug.wrappers import Response

from app.kit import clock
from app.kit.http import Client
from app.kit.ids import base32
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import providers
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.providers import Account
from app.payments.providers.alipay import Alipay
from simulators.alipay import keys as signing
from simulators.alipay.faults import Faults
from simulators.alipay.gateway import Gateway
from simulators.alipay.keys import Keys
from simulators.alipay.notices import RETRY_DELAYS
from simulators.alipay.pages import create_app
from simulators.alipay.trades import Trade, Trades
from simulators.alipay.wire import Door as Entrance
from simulators.test_gateway.door import Door
from simulators.test_gateway.notices import Notice, NoticeSender
from tests.make import GATEWAY, Shop
from tests.payments.gate import reachable

APP_ID, SELLER = "2021000000000001", "2088101106499364"
SUCCESS, FAIL = (200, "success"), (400, "fail")


@cache
def keys() -> Keys:
    """Return the keys of both sides, made once."""
    return Keys.make()


def account(**settings: str) -> Account:
    """Return the application as a merchant enters it; with `mode="cert"` it works with certificates."""
    secrets = {
        "private_key": keys().app_private,
        "alipay_public_key": keys().alipay_public,
        "app_cert": keys().app_cert,
        "alipay_cert": keys().alipay_cert,
        "root_cert": keys().root_cert,
    }
    return Account(APP_ID, {"seller_id": SELLER, **settings}, {name: Secret(key) for name, key in secrets.items()})


@dataclass(frozen=True)
class Letter:
    """A notice on its way: when it is due, and how often it was brought in vain."""

    at: float
    notice: Notice
    tried: int = 0


class Postbox(NoticeSender):
    """Plans notices as the gateway does, its faults included, and waits for somebody to bring them."""

    def __init__(self, trades: Trades, faults: Faults, now: Callable[[], float]) -> None:
        super().__init__(trades.record_try, clock=now, plan=faults.plan)
        self.now, self.letters = now, list[Letter]()

    def start(self) -> None:
        """Post nothing by ourselves."""

    def stop(self) -> None:
        """Nothing of ours runs."""

    def send(self, notice: Notice, tried: int = 0) -> threading.Event:
        self.letters += [Letter(self.now() + delay, planned, tried) for delay, planned in self.plan(notice)]
        brought = threading.Event()
        brought.set()
        return brought

    def take(self) -> Letter | None:
        due = sorted((letter for letter in self.letters if letter.at <= self.now()), key=lambda letter: letter.at)
        if due:
            self.letters.remove(due[0])
        return due[0] if due else None

    def again(self, letter: Letter) -> None:
        if letter.tried < len(RETRY_DELAYS):
            self.letters.append(replace(letter, at=self.now() + RETRY_DELAYS[letter.tried], tried=letter.tried + 1))


class Bank:
    """The gateway at an address of its own, its clock apart from ours."""

    def __init__(self, now: Callable[[], datetime], strict_seconds: float | None = None) -> None:
        self.now = now
        self.trades, self.faults = Trades(), Faults()
        self.post = Postbox(self.trades, self.faults, self.clock)
        entrance = Entrance(APP_ID, keys(), strict_seconds)
        self.gateway = Gateway(entrance, self.trades, self.post, SELLER, clock=self.clock, faults=self.faults)
        self._door = Door(create_app(self.gateway), self.faults)
        self._thread = threading.Thread(target=self._door.serve, daemon=True)
        self._thread.start()
        self.gateway.url = self.url = f"http://127.0.0.1:{self._door.port}"

    def clock(self) -> float:
        return self.now().timestamp()

    def close(self) -> None:
        self._door.stop()
        self._thread.join()
        self.gateway.stop()

    def open(self, page: str) -> Response:
        """Open what a buyer was sent to, or scanned."""
        return Browser(create_app(self.gateway), Response).get(page, follow_redirects=True)

    def press(self, page: str, choice: str = "pay") -> Response:
        """Open it and press a button there; only a button that is there can be pressed."""
        browser = Browser(create_app(self.gateway), Response)
        shown = browser.get(page, follow_redirects=True)
        text = shown.get_data(as_text=True)
        if f'value="{choice}"' not in text:
            return shown
        action = text.split('<form method="post" action="')[1].split('"')[0]
        return browser.post(action, data={"choice": choice})

    def ill(self, name: str, **more: Any) -> None:
        self.faults.cause(name, **more)

    def well(self) -> None:
        self.faults.clear()

    def trade(self, number: str) -> Trade:
        found = self.gateway.find(number)
        assert found
        return found


def form(fields: Mapping[str, str], *, key: str = "") -> bytes:
    """Return a notice of these fields, signed as Alipay does or with another key, computed here."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    sign = signing.sign(key or keys().alipay_private, text.encode())
    return urlencode({**fields, "sign": sign, "sign_type": "RSA2"}).encode()


def fields_of(body: bytes) -> dict[str, str]:
    """Return what a notice says, without its signature."""
    return {name: value for name, value in parse_qsl(body.decode()) if name not in ("sign", "sign_type")}


# A shop in trade -------------------------------------------------------------------------------------------------


class Watch:
    """A clock that can be moved on."""

    ahead = timedelta()

    def now(self) -> datetime:
        return clock._system() + self.ahead


@dataclass
class Till:
    """What people do with a shop that is paid through Alipay."""

    shop: Shop
    bank: Bank
    method_id: UUID
    watch: Watch

    def start(self, order: Order) -> str:
        return self.shop.start(order, self.method_id)

    def buy(self, order: Order) -> str:
        """Start a payment and pay; the notice lies ready."""
        page = self.start(order)
        assert self.bank.press(page).status_code in (200, 303)
        return page

    def number(self, order: Order) -> str:
        """Return the trade's number, which Alipay knows it by."""
        return base32(self.shop.read(lambda: orders.list_tenders_of(order.id))[0].id)

    def post(self, body: bytes) -> tuple[int, str]:
        """Post a form to the shop's hook, as Alipay does."""
        method = next(one for one in self.shop.read(paying.list_methods) if one.id == self.method_id)
        kind = "application/x-www-form-urlencoded"
        answer = self.shop.app.test_client().post(f"/hooks/{method.hook_token}", data=body, content_type=kind)
        return answer.status_code, answer.get_data(as_text=True)

    def bring(self) -> list[tuple[int, str]]:
        """Bring the notices that are due, to the address each names."""
        answers = []
        while letter := self.bank.post.take():
            path = urlsplit(letter.notice.url).path
            kind = "application/x-www-form-urlencoded"
            answer = self.shop.app.test_client().post(path, data=letter.notice.body, content_type=kind)
            answers.append((answer.status_code, answer.get_data(as_text=True)))
            if answers[-1] != SUCCESS:
                self.bank.post.again(letter)
        return answers

    def wait(self, **time: float) -> None:
        """Let time pass, and whatever is due then happen."""
        self.watch.ahead += timedelta(**time)
        self.bring()
        self.shop.drain()

    def word(self, order: Order) -> str:
        """Return the shop's word for an order."""
        return orders.status(self.shop.order(order), now=clock.now())


@contextmanager
def trading(shop: Shop, **settings: str) -> Iterator[Till]:
    """Let a shop be paid through Alipay, at a clock that can be moved on."""
    watch = Watch()
    bank = Bank(watch.now)
    providers.configure({"test": GATEWAY, "alipay": Alipay(bank.url)})
    try:
        with reachable(bank.url), clock.running(watch.now):
            given, now = account(**settings), clock.now()
            method = shop.write(lambda: payments.add_method(provider_name="alipay", account=given, now=now))
            yield Till(shop, bank, method.id, watch)
    finally:
        providers.configure({"test": GATEWAY})
        bank.close()


@pytest.fixture
def till(shop: Shop) -> Iterator[Till]:
    """A shop that is paid through Alipay."""
    with trading(shop) as till:
        yield till


@pytest.fixture
def bank() -> Iterator[Bank]:
    """The gateway alone."""
    bank = Bank(clock.now)
    try:
        with reachable(bank.url):
            yield bank
    finally:
        bank.close()


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(timeout=1.0) as client:
        yield client
