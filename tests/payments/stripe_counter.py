"""A shop that is paid through Stripe: what people do there, at a clock that can be moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from app.entitlements import queries as entitled
from app.kit import clock, effects
from app.kit.events import SYSTEM
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import providers
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Attempt, Notice, Payback
from app.payments.providers.stripe import Stripe
from app.refunds import service as refunds
from simulators.stripe.events import Letter
from simulators.stripe.gateway import account_of
from tests.make import GATEWAY, Shop
from tests.payments.market import rows
from tests.payments.stripe_side import KEY, Side, stripe


@dataclass
class Counter:
    """What people do with a shop and its Stripe."""

    shop: Shop
    side: Side
    method_id: UUID
    ahead: timedelta = timedelta()

    def start(self, order: Order) -> str:
        """Start a payment and return the number of its session."""
        return self.side.session_of(self.shop.start(order, self.method_id))

    def pay(self, order: Order) -> str:
        """Start a payment and pay on Stripe's page; the events are on their way."""
        number = self.start(order)
        assert self.side.gateway.pay(number)["status"] == "complete"
        return number

    def bring(self) -> list[tuple[int, str]]:
        """Bring the letters that are due, as often as Stripe does, and return the answers."""
        answers = []
        while letter := self.side.gateway.post.take():
            answers.append(self.hand_in(letter))
            self.side.gateway.post.answered(letter, answers[-1][0])
        return answers

    def hand_in(self, letter: Letter, *, off: int = 0) -> tuple[int, str]:
        headers = letter.headers(clock.now().timestamp() + off)
        answer = self.shop.app.test_client().post(urlsplit(letter.url).path, data=letter.body, headers=headers)
        return answer.status_code, answer.get_data(as_text=True)

    def wait(self, **time: float) -> None:
        """Let time pass, and whatever is due then happen."""
        self.ahead += timedelta(**time)
        self.bring()
        self.shop.drain()

    def word(self, order: Order) -> str:
        return orders.status(self.shop.order(order), now=clock.now())

    def owned(self, order: Order) -> int:
        return len(self.shop.read(lambda: entitled.list_of_order(order.id)))

    def attempt(self) -> Attempt:
        (attempt,) = self.shop.read(lambda: rows(Attempt))
        return attempt

    def check(self, order: Order) -> None:
        """Say “I have paid”."""
        asked = self.shop.write(lambda: payments.ask(order.id, now=clock.now()))
        effects.perform(self.shop.merchant_id, asked, within=5)

    def refund(self, order: Order) -> None:
        self.shop.write(lambda: refunds.refund(order.id, reason="asked for", now=clock.now(), by=SYSTEM))

    def payback(self) -> Payback:
        (payback,) = self.shop.read(lambda: rows(Payback))
        return payback

    def odd(self) -> list[Notice]:
        return list(self.shop.read(lambda: paying.list_refused_notices(limit=50)))


@pytest.fixture
def counter(shop: Shop) -> Iterator[Counter]:
    with stripe() as side:
        trade = Counter(shop, side, UUID(int=0))
        providers.configure({"test": GATEWAY, "stripe": Stripe(side.url)})
        try:
            with clock.running(lambda: clock._system() + trade.ahead):
                trade.method_id = _connected(shop, side)
                yield trade
        finally:
            providers.configure({"test": GATEWAY})


def _connected(shop: Shop, side: Side) -> UUID:
    """Connect the shop, as a merchant does: the address first, then the secret that Stripe shows for it."""
    secret = side.listen("http://127.0.0.1:1/hooks/nowhere")
    given = side.account()
    method = shop.write(lambda: payments.add_method(provider_name="stripe", account=given, now=clock.now()))
    (endpoint,) = side.gateway.book.list_of(account_of(KEY), "webhook_endpoint")
    there = endpoint | {"url": f"http://127.0.0.1:1/hooks/{method.hook_token}", "secret": secret}
    side.gateway.book.put(account_of(KEY), "webhook_endpoint", there)
    return method.id


@pytest.fixture
def order(counter: Counter) -> Order:
    counter.shop.codes(2)
    return counter.shop.place()
