"""A shop that is paid by bank transfer, and what its buyers and its people do."""

from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from app.kit import clock, crypto, db
from app.kit.events import By
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.orders.models import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.models import Method, Telling
from app.payments.providers import TRANSFER
from app.payments.service import CREDENTIALS, Proof, Sight, Word
from tests.make import Shop
from tests.payments.market import Market

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
ACCOUNT = {"holder": "Alice Ltd", "bank": "Bank of Alice", "note": "One working day"}
SOMEBODY = By("user", new_id())


def picture(size: tuple[int, int] = (30, 20), kind: str = "PNG") -> bytes:
    """Return a screenshot of a transfer."""
    drawn = BytesIO()
    Image.new("RGB", size, "white").save(drawn, kind)
    return drawn.getvalue()


def connect(shop: Shop, **settings: str) -> UUID:
    """Let a shop be paid by transfer, a sandbox too, which by its own forms it could not."""
    number, now = new_id(), clock.now()

    def add() -> None:
        key = crypto.key_for(CREDENTIALS)
        method = Method(
            id=number,
            provider=TRANSFER,
            enabled=True,
            position=9,
            account="6222 0012 3456 7890",
            identity="6222001234567890",
            settings=ACCOUNT | settings,
            credentials=key.seal("payment_method", "credentials", number, Secret("{}")),
            key_id=key.id,
            hook_token=random_token(),
            created_at=now,
        )
        db.session().add(method)

    shop.write(add)
    return number


@dataclass
class Counter:
    """A shop that is paid by transfer."""

    shop: Shop
    method_id: UUID

    def begin(self, order: Order) -> UUID:
        """Choose the transfer, and return it."""
        assert self.shop.start(order, self.method_id)
        return self.transfer(order)

    def transfer(self, order: Order) -> UUID:
        found = self.shop.read(lambda: paying.find_transfer(order.id))
        assert found
        return found.id

    def tell(self, order: Order, amount: int = 1999, *, currency: str = "CNY", sent_on: date | None = None) -> UUID:
        """Let the buyer say that money was sent."""
        now = clock.now()
        word = Word(Money(amount, currency), Proof("application/pdf", PDF), sent_on, "Dora")
        return self.shop.write(
            lambda: payments.tell_transfer(order.id, word, today=now.date(), now=now, by=By("device", None))
        )

    def confirm(self, order: Order, amount: int = 1999, reference: str = "", **known: Any) -> int:
        """Let somebody confirm what came, as they see the page just now, and return what is missing yet."""
        transfer, now = self.transfer(order), clock.now()
        told = self.waiting(order)
        facts = {"seen": self.seen(order), "telling_id": told.id if told else None} | known
        currency = facts.pop("currency", "CNY")
        sight = Sight(Money(amount, currency), reference or f"REF-{new_id().hex[-8:]}", **facts)
        return self.shop.write(lambda: payments.confirm_transfer(transfer, sight, now=now, by=SOMEBODY)).minor

    def reject(self, order: Order, telling_id: UUID | None, reason: str = "no such money") -> None:
        transfer, now = self.transfer(order), clock.now()
        self.shop.write(lambda: payments.reject_transfer(transfer, telling_id, reason=reason, now=now, by=SOMEBODY))

    def seen(self, order: Order) -> int:
        return len(self.shop.read(lambda: paying.list_pieces([order.id])))

    def waiting(self, order: Order) -> Telling | None:
        transfer = self.transfer(order)
        told = self.shop.read(lambda: paying.list_tellings(transfer))
        return next((one for one in told if one.state.name == "WAITING"), None)

    def received(self, order: Order) -> int:
        return self.shop.read(lambda: paying.received_by_transfer(order.id, "CNY")).minor


@dataclass
class Till(Counter):
    """A shop in trade that is paid by transfer as well."""

    market: Market


@pytest.fixture
def till(market: Market) -> Till:
    return Till(market.shop, connect(market.shop), market)
