"""What the tests of codes by mail share: somebody who asks, what they are told, and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts import service as accounts
from app.delivery import queries, service
from app.delivery.errors import WrongDigits
from app.delivery.models import About, OneTimeCode, State
from app.kit import clock, db
from app.kit.errors import Invalid, Refusal
from app.kit.events import SYSTEM, EventRow
from app.kit.onetime import digits_of
from app.merchants import service as merchants
from app.orders.models import Order
from tests.make import Shop

DORA = "dora@example.com"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"


class Asked:
    """A browser of somebody who asked for a code, and what became of it."""

    def __init__(self, shop: Shop, name: str = DORA, network: str = "192.0.2.0/24", device: str = "") -> None:
        self.shop, self.browser = shop, accounts.Browser(network, FIREFOX)
        asking = service.Asking(device, self.browser)
        self.device = shop.write(lambda: service.ask_code(name, asking, now=clock.now()))
        newest = select(OneTimeCode.id).order_by(OneTimeCode.id.desc()).limit(1)
        self.id = shop.read(lambda: db.session().scalars(newest).one())

    @property
    def asking(self) -> service.Asking:
        return service.Asking(self.device, self.browser)

    @property
    def row(self) -> OneTimeCode:
        return self.shop.read(lambda: db.get(OneTimeCode, self.id))

    @property
    def digits(self) -> str:
        return digits_of(self.id).expose()

    @property
    def wrong(self) -> str:
        return f"{(int(self.digits) + 1) % 10**6:06d}"

    def types(self, digits: str) -> Refusal | None:
        return self.shop.write(lambda: service.prove_contact(digits, self.asking, now=clock.now()))

    def owns(self) -> int:
        """Return how many orders this browser's person sees as the owner of their contact."""
        devices = self.shop.write(lambda: accounts.remember_devices([self.device], now=clock.now()))
        owned = self.shop.read(lambda: queries.list_owned(devices[0][0], now=clock.now()))
        return sum(len(found) for found in owned)


def allow(shop: Shop, allowed: bool) -> None:
    shop.write(lambda: merchants.change_mail_proof(allowed, now=clock.now(), by=SYSTEM))


def sell(shop: Shop, contact: str = DORA) -> Order:
    shop.codes(1)
    order = shop.place(contact=contact)
    assert shop.pay(order)
    return order


def left_of(said: object) -> int | None:
    """Return the tries left that somebody is told, or None when told something else."""
    wrong = said.fields.get("digits") if isinstance(said, Invalid) else None
    return wrong.left if isinstance(wrong, WrongDigits) else None


def told(shop: Shop, order: Order) -> list[tuple[About, State]]:
    return [(row.about, row.state) for row in shop.read(lambda: queries.list_of_order(order.id))]


@contextmanager
def at(now: datetime) -> Iterator[None]:
    with clock.running(lambda: now):
        yield


@contextmanager
def passed(**time: float) -> Iterator[None]:
    with clock.running(lambda: clock._system() + timedelta(**time)):
        yield


def happened(shop: Shop, name: str) -> int:
    return len(shop.read(lambda: list(db.session().scalars(select(EventRow.id).where(EventRow.name == name)))))
