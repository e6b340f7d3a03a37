"""WeChat Pay from our side: an account there, a payment to start, and questions asked over real HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.kit import clock
from app.kit.effects import Answer, Done
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import Account, Payback, Scene, Start, Trade
from app.payments.providers.wechat import WeChat
from tests.payments.gate import reachable
from tests.simulators.wechat_office import Office, keys, served

TRADE = Trade("0000000000000000000000ABCD", due=Money(1999, "CNY"))
NUMBER = f"{TRADE.trade}-N"
NOTIFY = "http://127.0.0.1:9/hooks/abc"
KEYS = ("private_key", "certificate", "public_key", "api_v3_key", "app_secret")


def account_of(**changes: str) -> Account:
    """Return what a merchant enters, with some of it changed."""
    known = keys()
    settings = {"appid": known.appid, "public_key_id": known.public_key_id, "h5": "yes", "jsapi": "yes"}
    secrets = {name: getattr(known, name) for name in KEYS}
    number = changes.pop("mchid", known.mchid)
    for name, value in changes.items():
        (secrets if name in KEYS else settings)[name] = value
    return Account(number, settings, {name: Secret(text) for name, text in secrets.items()})


def start_of(scene: Scene = Scene.DESKTOP, **changes: Any) -> Start:
    """Return a payment to start."""
    now = clock.now()
    start = Start(
        TRADE.trade,
        Money(1999, "CNY"),
        "Alice · 卡",
        NOTIFY,
        "http://127.0.0.1:9/o/x?from=pay",
        now,
        datetime(now.year + 1, 1, 1, tzinfo=UTC),
        scene,
        ip="203.0.113.7",
        payer="oBuyer",
    )
    return replace(start, **changes)


class Talk:
    """Our verbs, asked in the name of one merchant."""

    def __init__(self, office: Office, client: Client, account: Account | None = None) -> None:
        self.office, self.client = office, client
        self.gateway = WeChat(office.url)
        self.account = account or account_of()

    def start(self, scene: Scene = Scene.DESKTOP, **changes: Any) -> Answer:
        return self.gateway.start(start_of(scene, **changes), self.account, self.client)

    def started(self, scene: Scene = Scene.DESKTOP, **changes: Any) -> str:
        """Start a payment and return what the buyer's page gets."""
        answer = self.start(scene, **changes)
        assert isinstance(answer, Done), answer
        page: str = answer.value.page
        return page

    def query(self) -> Answer:
        return self.gateway.query(TRADE, self.account, self.client)

    def close(self) -> Answer:
        return self.gateway.close(TRADE, self.account, self.client)

    def refund(self, amount: int = 1999, number: str = "REFUND0001", **changes: Any) -> Answer:
        return self.gateway.refund(self.payback(amount, number, **changes), self.account, self.client)

    def refund_query(self, amount: int = 1999, number: str = "REFUND0001", **changes: Any) -> Answer:
        return self.gateway.refund_query(self.payback(amount, number, **changes), self.account, self.client)

    def payback(self, amount: int, number: str, **changes: Any) -> Payback:
        order = self.office.order(NUMBER) or {}
        trade_no = order.get("transaction_id", "4200000000000000000000000000")
        back = Payback(number, TRADE.trade, trade_no, Money(amount, "CNY"), Money(1999, "CNY"))
        return replace(back, **changes)

    def bill(self, day: date) -> Answer:
        return self.gateway.bill(day, self.account, self.client)

    def probe(self) -> dict[str, tuple[bool, str]]:
        answer = self.gateway.probe(self.account, self.client)
        assert isinstance(answer, Done)
        return {found.name: (found.well, found.message) for found in answer.value}

    def ask(self, name: str) -> Answer:
        question: Callable[[], Answer] = getattr(self, name)
        return question()


def later(**time: float) -> Callable[[], datetime]:
    """Return a clock that goes wrong by so much."""
    return lambda: clock._system() + timedelta(**time)


@pytest.fixture
def office() -> Iterator[Office]:
    """WeChat Pay, which posts nothing by itself."""
    with served(posts=False) as office:
        yield office


@pytest.fixture
def talk(office: Office) -> Iterator[Talk]:
    """A conversation with it."""
    with reachable(office.url), Client(timeout=1.0) as client:
        yield Talk(office, client)


@pytest.fixture
def paid(talk: Talk, office: Office) -> Office:
    """WeChat Pay with one order that was paid."""
    talk.started()
    assert office.pay(NUMBER)
    return office
