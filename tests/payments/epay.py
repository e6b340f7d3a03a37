"""A shop that is paid through a site of the epay protocol, the site itself over HTTP, and a clock moved by hand."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest
from flask import request
from sqlalchemy import select

from app.kit import clock, db, effects
from app.kit.effects import Effect
from app.kit.http import Client
from app.kit.ids import base32
from app.kit.money import Money
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import providers
from app.payments import service as payments
from app.payments.models import Attempt, Method, Notice
from app.payments.providers import Account, Payback, Scene, Start, Trade
from app.payments.providers.epay.gateway import Epay
from simulators.epay import signing
from simulators.epay.__main__ import serve
from simulators.epay.faults import Faults
from simulators.epay.notices import Letter, Post
from simulators.epay.site import Merchant, Site
from simulators.epay.trades import Trades
from tests.make import GATEWAY, Shop
from tests.payments.gate import reachable
from tests.payments.market import rows

PID, KEY = "1001", "testkey89unxUn8"
DUE = Money(1999, "CNY")


@cache
def pair() -> tuple[str, str]:
    """Return the merchant's and the platform's private keys."""
    return signing.new_key(), signing.new_key()


def account(url: str, version: int = 1, **settings: str) -> Account:
    """Return the shop's account at a site."""
    mine, theirs = pair()
    keys = {"key": KEY} if version == 1 else {"private_key": mine, "platform_key": signing.public(theirs)}
    given = {"version": str(version), "url": url, "types": "alipay"} | settings
    return Account(PID, given, {name: Secret(key) for name, key in keys.items()})


class Postbox(Post):
    """Keeps letters until somebody brings them."""

    def __init__(self) -> None:
        self.letters: list[tuple[float, Letter]] = []

    def start(self) -> None:
        """Send nothing by ourselves."""

    def stop(self) -> None:
        """Nothing of ours runs."""

    def bring(self, letter: Letter, delay: float = 0, tried: int = 0) -> None:
        """Keep a letter that is due after a while."""
        self.letters.append((clock.now().timestamp() + delay, letter))

    def take(self) -> Letter | None:
        """Return the next letter that is due."""
        due = sorted(pair for pair in self.letters if pair[0] <= clock.now().timestamp())
        if not due:
            return None
        self.letters.remove(due[0])
        return due[0][1]


@dataclass
class Stand:
    """A site that runs, and our gateway that speaks to it."""

    site: Site
    url: str
    app: Any
    asked: list[str] = field(default_factory=list)  # paths and queries that reached the site

    @property
    def gateway(self) -> Epay:
        return Epay(self.url)

    def habit(self, *habits: str) -> None:
        """Let the fork do things its way."""
        self.site.faults.habits.update(habits)

    def ill(self, name: str, **more: Any) -> None:
        self.site.faults.cause(name, **more)

    def well(self) -> None:
        self.site.faults.set(())

    def start(self, number: str = "T1", *, scene: Scene = Scene.DESKTOP, version: int = 1, **settings: str) -> Any:
        """Start a payment by the gateway alone."""
        back = "https://shop.example/o/x?from=pay&n=1"
        start = Start(number, DUE, "Card", "https://shop.example/hooks/x", back, clock.now(), scene=scene)
        return self.gateway.start(start, account(self.url, version, **settings), Client())

    def visit(self, url: str) -> None:
        """Look at the site's page as a browser does."""
        assert Client().get(url).status == 200

    def paid(self, number: str = "T1", version: int = 1) -> str:
        """Start a payment and pay it; returns the site's number."""
        self.visit(self.start(number, version=version).value.page)
        return self.pay(number)

    def pay(self, number: str = "T1") -> str:
        trade = self.site.find({"out_trade_no": number})
        assert self.site.pay(trade).status == 1
        return trade.trade_no

    def ask(self, verb: str, said: Any, version: int = 1, **settings: str) -> Any:
        """Ask by a verb of the gateway."""
        return getattr(self.gateway, verb)(said, account(self.url, version, **settings), Client())

    def trade(self, number: str = "T1", *, late: bool = False) -> Trade:
        """Return what the shop asks about; `late` when the time to pay is up."""
        return Trade(number, due=DUE, expires_at=clock.now() + timedelta(minutes=-1 if late else 10))

    def payback(self, number: str = "R1", minor: int = 1999, trade_no: str = "") -> Payback:
        return Payback(number, "T1", trade_no, Money(minor, "CNY"), DUE)


@contextmanager
def standing() -> Iterator[Stand]:
    """Let a site run."""
    mine, theirs = pair()
    site = Site(Merchant(PID, KEY, mine, theirs), Trades(), Postbox(), Faults(), lambda: clock.now().timestamp())
    server = serve(site)
    stand = Stand(site, f"http://127.0.0.1:{server.port}", server.app)
    stand.app.before_request(lambda: stand.asked.append(request.full_path))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        with reachable(stand.url):
            yield stand
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        site.trades.close()


@dataclass
class Trading:
    """A shop in trade with the site."""

    shop: Shop
    stand: Stand
    method_id: UUID
    ahead: timedelta = timedelta()

    @property
    def site(self) -> Site:
        return self.stand.site

    def number(self, order: Order) -> str:
        """Return the number of an order's trade, as the site knows it."""
        return base32(self.shop.read(lambda: orders.list_tenders_of(order.id))[0].id)

    def start(self, order: Order) -> str:
        """Start a payment and look at the site's page."""
        url = self.shop.start(order, self.method_id)
        self.stand.visit(url)
        return url

    def pay(self, order: Order) -> str:
        """Pay at the site; its notice is on its way."""
        return self.stand.pay(self.number(order))

    def signed(self, order: Order, trade_no: str = "9", **changes: str) -> dict[str, str]:
        """Return a notice signed with the merchant's key, as anybody could who has it."""
        fields = {
            "pid": PID,
            "trade_no": trade_no,
            "out_trade_no": self.number(order),
            "type": "alipay",
            "name": "订单",
            "money": "19.99",
            "trade_status": "TRADE_SUCCESS",
        } | changes
        return self.site.signed(fields, 1)

    def send(self, fields: dict[str, str], *, post: bool = False) -> tuple[int, str]:
        """Bring fields to the shop's hook."""
        method: Method = self.shop.read(lambda: db.get(Method, self.method_id))
        path, client = f"/hooks/{method.hook_token}", self.shop.app.test_client()
        answer = client.post(path, data=fields) if post else client.get(f"{path}?{urlencode(fields)}")
        return answer.status_code, answer.get_data(as_text=True)

    def bring(self) -> list[tuple[int, str]]:
        """Bring the notices that are due; returns what the shop answered."""
        answers = []
        assert isinstance(self.site.post, Postbox)
        while letter := self.site.post.take():
            answers.append(self.send(letter.fields, post=letter.by_post))
        return answers

    def work(self) -> None:
        """Let the workers do what is due."""
        self.shop.drain()

    def wait(self, **time: float) -> None:
        """Let time pass, and whatever is due then happen."""
        self.ahead += timedelta(**time)
        self.bring()
        self.work()

    def buy(self, order: Order) -> str:
        """Pay an order, and let the notice come and be confirmed."""
        self.start(order)
        number = self.pay(order)
        assert self.bring() == [(200, "success")]
        self.work()
        return number

    def word(self, order: Order) -> str:
        return orders.status(self.shop.order(order), now=clock.now())

    def inbox(self) -> list[tuple[str, str]]:
        """List what became of the notices, oldest first."""
        query = select(Notice).order_by(Notice.at, Notice.id)
        found = self.shop.read(lambda: db.session().scalars(query).all())
        return [(notice.state.name, notice.reason) for notice in found]

    def effects(self, kind: str) -> list[Effect]:
        """List the outside calls of one kind, oldest first."""
        attempts = [attempt.id for attempt in self.shop.read(lambda: rows(Attempt))]
        listed = self.shop.read(lambda: effects.list_of(attempts))
        return [effect for some in listed.values() for effect in some if effect.kind == kind]


@contextmanager
def trading(shop: Shop, version: int = 1, **settings: str) -> Iterator[Trading]:
    """Let a shop be paid through a site that runs."""
    with standing() as stand:
        providers.configure({"test": GATEWAY, "epay": stand.gateway})
        given = account(stand.url, version, **settings)
        method = shop.write(lambda: payments.add_method(provider_name="epay", account=given, now=clock.now()))
        trade = Trading(shop, stand, method.id)
        try:
            with clock.running(lambda: clock._system() + trade.ahead):
                yield trade
        finally:
            providers.configure({"test": GATEWAY})


@pytest.fixture(scope="module", name="running")
def epay_running() -> Iterator[Stand]:
    """One site for the tests of a module."""
    with standing() as stand:
        yield stand


@pytest.fixture(name="stand")
def epay_stand(running: Stand) -> Iterator[Stand]:
    """The site, well and with no trades."""
    running.well()
    running.site.faults.habits.clear()
    running.asked.clear()
    rows = running.site.trades._rows
    rows.executescript("DELETE FROM trade; DELETE FROM refund")
    with clock.running(clock._system):
        yield running


def encoded(fields: dict[str, str]) -> str:
    """Return fields as a form."""
    return urlencode(fields)


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query))
