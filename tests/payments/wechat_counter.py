"""A shop that is paid through WeChat Pay, and both their clocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.entitlements import queries as entitled
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import base32
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import providers
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Attempt, NoticeState, PaybackState
from app.payments.providers import Account
from app.payments.providers.wechat import WeChat
from app.refunds import service as refunds
from simulators.wechat.notices import Letter
from tests.make import GATEWAY, Shop
from tests.payments.gate import inbox, reachable
from tests.payments.market import rows
from tests.payments.wechat import account_of
from tests.simulators.wechat_office import Office, served

TAKEN = (200, '{"code":"SUCCESS"}')
NOT_TAKEN = (400, '{"code":"FAIL","message":"失败"}')
APPLIED, REFUSED, SURPLUS, HEARD = NoticeState.APPLIED, NoticeState.REFUSED, NoticeState.SURPLUS, NoticeState.HEARD


@dataclass
class Counter:
    """A shop that is paid through WeChat Pay, and both their clocks."""

    shop: Shop
    office: Office
    ahead: timedelta = timedelta()

    def order(self) -> Order:
        """Place an order and start its payment."""
        order = self.shop.place()
        self.started(order)
        return order

    def started(self, order: Order) -> str:
        code = self.shop.start(order)
        assert code.startswith("weixin://"), code
        return code

    def number(self, order: Order) -> str:
        (tender,) = self.shop.read(lambda: orders.list_tenders_of(order.id))
        return f"{base32(tender.id)}-N"

    def pay(self, order: Order, **more: str) -> bool:
        return self.office.pay(self.number(order), **more)

    def post(self, letter: Letter) -> tuple[int, str]:
        """Let the shop's hook have a letter, and return the answer."""
        client = self.shop.app.test_client()
        answer = client.post(urlsplit(letter.url).path, data=letter.body, headers=letter.headers)
        return answer.status_code, answer.get_data(as_text=True)

    def bring(self) -> list[tuple[int, str]]:
        """Let the letters arrive that WeChat has written."""
        return [self.post(letter) for letter in self.office.letters()]

    def letter(self, order: Order) -> Letter:
        return self.office.letter(self.number(order))

    def wait(self, **time: float) -> None:
        """Let time pass on both sides, and whatever is due happen; no letter comes."""
        self.ahead += timedelta(**time)
        self.office.ahead = self.ahead.total_seconds()
        self.shop.drain()

    def states(self) -> list[tuple[NoticeState, str]]:
        return [(notice.state, notice.reason) for notice in inbox(self.shop)]

    def attempts(self) -> list[Attempt]:
        return list(self.shop.read(lambda: rows(Attempt)))

    def word(self, order: Order) -> str:
        return orders.status(self.shop.order(order), now=clock.now())

    def refund(self, order: Order) -> None:
        self.shop.write(lambda: refunds.refund(order.id, reason="asked for", now=clock.now(), by=SYSTEM))
        self.shop.drain()

    def paybacks(self, order: Order) -> list[PaybackState]:
        return [one.state for one in self.shop.read(lambda: paying.list_paybacks_of_order(order.id))]


@pytest.fixture
def counter(shop: Shop) -> Iterator[Counter]:
    with served(posts=False) as office, reachable(office.url):
        providers.configure({"test": GATEWAY, "wechat": WeChat(office.url)})
        try:
            shop.method_id = connect(shop, account_of())
            shop.codes(9)
            counter = Counter(shop, office)
            with clock.running(lambda: clock._system() + counter.ahead):
                yield counter
        finally:
            providers.configure({"test": GATEWAY})


def connect(shop: Shop, account: Account) -> Any:
    """Let a shop be paid through an account at WeChat Pay."""
    return shop.write(lambda: payments.add_method(provider_name="wechat", account=account, now=clock.now())).id


def sold(counter: Counter, order: Order) -> tuple[int, int, int]:
    shop = counter.shop
    owned = shop.read(lambda: entitled.list_of_order(order.id))
    return shop.stock()["sold"], len(owned), len(shop.read(lambda: ledger.list_entries("sale", order.id)))


NOTHING, ONCE = (0, 0, 0), (1, 1, 4)
