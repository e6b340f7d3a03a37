"""A shop in trade: buyers, its gateway at an address of its own, and a clock that can be moved on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select

from app.entitlements import queries as entitled
from app.entitlements.models import Entitlement, State
from app.finance import queries as finance
from app.inventory.models import Code, Status
from app.kit import clock, db, effects, events
from app.kit.effects import Effect
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import providers
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Payback
from app.payments.providers.test_gateway import TestGateway
from simulators.test_gateway.refusals import Refused
from tests.make import GATEWAY, Shop
from tests.payments.gate import SUCCESS, reachable
from tests.torture.gateway import SECRET, Bank

KEPT = """
SELECT (SELECT coalesce(sum(amount), 0) FROM standing WHERE status = 'paid' AND merchant_no = :account)
     - (SELECT coalesce(sum(amount), 0) FROM refund WHERE merchant_no = :account)
"""


@dataclass
class Market:
    """What people do with a shop and its gateway."""

    shop: Shop
    bank: Bank
    ahead: timedelta = timedelta()
    accounts: list[str] = field(default_factory=list)

    # Time --------------------------------------------------------------------------------------------------------

    def pass_time(self, **time: float) -> None:
        """Let nothing happen for a while."""
        self.ahead += timedelta(**time)

    def wait(self, **time: float) -> None:
        """Let time pass, and whatever is due then happen."""
        self.pass_time(**time)
        self.work()

    def work(self) -> None:
        """Bring the notices that are due, and let the workers do what is due."""
        self.bring()
        self.shop.drain()

    # Buyers and gateway ------------------------------------------------------------------------------------------

    def second_method(self) -> UUID:
        """Let the shop be paid through a second account as well."""
        account = f"{self.shop.slug}-2"
        self.accounts.append(account)
        given, now = GATEWAY.account_of(account), clock.now()
        return self.shop.write(lambda: payments.add_method(provider_name="test", account=given, now=now)).id

    def start(self, order: Order, method_id: UUID | None = None) -> str:
        """Start a payment, and look at the gateway's page."""
        url = self.shop.start(order, method_id)
        self.bank.visit(url)
        return url

    def pay(self, url: str) -> bool:
        """Pay on a gateway's page that stands open; False when it takes no money for this any more."""
        trade = self.bank._trade(url)
        try:
            return self.bank._gateway.pay(trade.trade_no, self.bank._gateway.token(trade)).status == "paid"
        except Refused:
            return False

    def buy(self, order: Order) -> str:
        """Start a payment, pay, and let the notice come."""
        url = self.start(order)
        assert self.pay(url)
        self.bring()
        return url

    def bring(self) -> None:
        """Bring the notices that are due, as often as the gateway does."""
        while letter := self.bank.post.take():
            path, headers = urlsplit(letter.notice.url).path, letter.headers(clock.now().timestamp())
            answer = self.shop.app.test_client().post(path, data=letter.notice.body, headers=headers)
            if (answer.status_code, answer.get_data(as_text=True)) != SUCCESS:
                self.bank.post.refused(letter)

    def ill(self, name: str, **more: Any) -> None:
        """Let something go wrong at the gateway."""
        self.bank.faults.cause(name, **more)

    def well(self) -> None:
        """Let the gateway be well again."""
        self.bank.faults.clear()

    # How it stands -----------------------------------------------------------------------------------------------

    def word(self, order: Order) -> str:
        """Return the shop's word for an order."""
        return orders.status(self.shop.order(order), now=clock.now())

    def owns(self, order: Order) -> list[State]:
        """List how the entitlements of an order stand."""
        return [item.state for item in self.shop.read(lambda: entitled.list_of_order(order.id))]

    def paybacks(self, order: Order | None = None) -> Sequence[Payback]:
        """List the money that goes back, of an order or all."""
        mine = (lambda: paying.list_paybacks_of_order(order.id)) if order else (lambda: rows(Payback))
        return self.shop.read(mine)

    def effects(self, subject_id: UUID) -> Sequence[Effect]:
        return self.shop.read(lambda: effects.list_of([subject_id])[subject_id])

    def happened(self, order: Order) -> list[str]:
        return [row.name for row in self.shop.read(lambda: events.timeline(order_id=order.id))]

    @property
    def kept(self) -> int:
        """Return how much of the shop's money lies at the gateway."""
        return sum(self.kept_of(account) for account in (self.shop.slug, *self.accounts))

    def kept_of(self, account: str) -> int:
        """Return how much money lies in one account there."""
        with self.bank._trades._lock:
            return int(self.bank._trades._connection.execute(KEPT, {"account": account}).fetchone()[0])

    def balance(self, account: str) -> int:
        found = self.shop.read(ledger.balances).get(f"{account} CNY")
        return found.minor if found else 0

    def assert_books(self, *, owed: int = 0) -> None:
        """Check that the books are whole and say what the gateway holds, and that we owe buyers so much."""
        assert self.shop.read(ledger.check) == []
        assert self.shop.read(finance.check) == []
        assert self.balance("asset:gateway") == self.kept
        assert -self.balance("liability:refunds") == owed

    def assert_no_code_twice(self) -> None:
        """Check that each sold code has one owner, and each owner a code of its own."""
        owned = [item.code_id for item in self.shop.read(lambda: rows(Entitlement)) if item.state is State.READY]
        sold = [code.id for code in self.shop.read(lambda: rows(Code)) if code.status is Status.SOLD]
        assert sorted(owned) == sorted(sold)


def rows(model: Any) -> Sequence[Any]:
    """List all rows of a table, oldest first."""
    return db.session().scalars(select(model).order_by(model.id)).all()


@pytest.fixture
def market(shop: Shop) -> Iterator[Market]:
    """The shop of the test with a gateway that runs, and time that can be moved on."""
    bank = Bank(clock.now)
    trade = Market(shop, bank)
    providers.configure({"test": TestGateway(bank.url, SECRET)})
    try:
        with reachable(bank.url), clock.running(lambda: clock._system() + trade.ahead):
            yield trade
    finally:
        providers.configure({"test": GATEWAY})
        bank.close()
