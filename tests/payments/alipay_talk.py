"""The questions to Alipay, asked in the name of one application, and a buyer who follows what they lead to."""

from datetime import timedelta

import pytest

from app.kit import clock
from app.kit.effects import Answer, Done
from app.kit.http import Client
from app.kit.money import Money
from app.payments.providers import (
    Finding,
    Payback,
    Scene,
    Start,
    Told,
    Trade,
)
from app.payments.providers.alipay import Alipay
from tests.payments.alipay import APP_ID, Bank, account

NUMBER = "T202601010001"
DUE = Money(1990, "CNY")


class Talk:
    """The questions, asked in the name of one application."""

    def __init__(self, bank: Bank, http: Client, **settings: str) -> None:
        self.gateway, self.bank, self.http, self.account = Alipay(bank.url), bank, http, account(**settings)

    def start(self, scene: Scene = Scene.DESKTOP, *, number: str = NUMBER, subject: str = "充值卡") -> Answer:
        pages = ("http://127.0.0.1:9/hooks/x", "http://127.0.0.1:9/o/x?from=pay")
        now = clock.now()
        start = Start(number, DUE, subject, *pages, now, now + timedelta(minutes=15), scene)
        return self.gateway.start(start, self.account, self.http)

    def page(self, scene: Scene = Scene.DESKTOP) -> str:
        answer = self.start(scene)
        assert isinstance(answer, Done)
        return str(answer.value.page)

    def pay(self, scene: Scene = Scene.DESKTOP) -> Told:
        assert self.bank.press(self.page(scene)).status_code in (200, 303)
        trade = self.bank.trade(NUMBER)
        return Told(NUMBER, trade.trade_no, APP_ID, DUE, "ALIPAYACCOUNT", "2088000000000001")

    def query(self, number: str = NUMBER) -> Answer:
        return self.gateway.query(Trade(number), self.account, self.http)

    def close(self) -> Answer:
        return self.gateway.close(Trade(NUMBER), self.account, self.http)

    def payback(self, amount: int = 1990, number: str = "R1") -> Payback:
        return Payback(number, NUMBER, self.bank.trade(NUMBER).trade_no, Money(amount, "CNY"), DUE, reason="a/b=c&d")

    def refund(self, amount: int = 1990, number: str = "R1") -> Answer:
        return self.gateway.refund(self.payback(amount, number), self.account, self.http)

    def refund_query(self, amount: int = 1990, number: str = "R1") -> Answer:
        return self.gateway.refund_query(self.payback(amount, number), self.account, self.http)

    def probe(self) -> dict[str, Finding]:
        answer = self.gateway.probe(self.account, self.http)
        assert isinstance(answer, Done)
        return {finding.name: finding for finding in answer.value}


@pytest.fixture
def talk(bank: Bank, client: Client) -> Talk:
    return Talk(bank, client)
