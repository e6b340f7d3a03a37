"""A person with a wallet in a test: short ways to what they do with it."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from app.balances import queries
from app.balances import service as balances
from app.balances.queries import HolderKind
from app.kit import clock
from app.kit.events import SYSTEM, By
from app.kit.ids import new_id
from app.kit.listing import listed
from app.kit.money import Money
from app.orders.models import Order
from tests.make import Shop


@dataclass
class Person:
    """Somebody with an account in a shop."""

    shop: Shop
    id: UUID = field(default_factory=new_id)

    @property
    def by(self) -> By:
        return By("buyer", self.id)

    def ask(self, amount: int, idem: str = "") -> Order:
        """Place a top-up, which is not paid yet."""
        wish = balances.Ahead(Money(amount, "CNY"), "en", idem or secrets.token_hex(8))
        contact = f"{self.id.hex}@example.com"
        return self.shop.write(lambda: balances.ask_top_up(self.id, wish, contact, now=clock.now(), by=self.by))

    def top_up(self, amount: int) -> Order:
        """Top up, and let the gateway say that it was paid."""
        order = self.ask(amount)
        assert self.shop.pay(order)
        return order

    def pay_part(self, order: Order) -> Money:
        return self.shop.write(lambda: balances.pay_part(order.id, self.id, now=clock.now(), by=self.by))

    def pay_rest(self, order: Order) -> None:
        self.shop.write(lambda: balances.pay_rest(order.id, self.id, now=clock.now(), by=self.by))

    def has(self, amount: int) -> None:
        """Let there be so much more in the wallet, which has never been topped up."""
        self.shop.write(lambda: balances.open_account(self.id, HolderKind.MEMBER))
        self.correct(amount)

    def correct(self, amount: int, reason: str = "sorry", key: str = "") -> None:
        money, known = Money(amount, "CNY"), {"key": key or secrets.token_hex(4), "now": clock.now(), "by": SYSTEM}
        self.shop.write(lambda: balances.correct(self.id, money, reason, **known))  # type: ignore[arg-type]

    @property
    def balance(self) -> int:
        return self.shop.read(lambda: queries.balance(self.id)).minor

    @property
    def moved(self) -> list[tuple[str, int]]:
        rows: Any = self.shop.read(lambda: listed(queries.movements_of(self.id), {})).page.rows
        return [(row.kind.name, row.amount) for row in rows]


@pytest.fixture
def dora(shop: Shop) -> Person:
    """A person who has not paid anything ahead yet."""
    return Person(shop)
