"""What tests of exchanges need: a buyer with pieces, a rule, and short ways to do what people do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.models import Entitlement, State
from app.exchanges import queries, service
from app.exchanges.models import Exchange, ExchangeRule, Scope
from app.exchanges.queries import Option
from app.exchanges.service import RuleDraft, Wish
from app.inventory import service as inventory
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import queries as paying
from app.payments.models import Payback
from app.refunds import service as refunds
from tests.gifting.giving import LOOK
from tests.make import Shop, fresh_code, make_product
from tests.payments.market import Market


@dataclass
class Trader:
    """Somebody who bought pieces of the shop's first product, and may exchange them for others."""

    market: Market
    order: Order
    others: dict[int, str] = field(default_factory=dict)  # SKU codes by price

    @property
    def shop(self) -> Shop:
        return self.market.shop

    def owned(self, order: Order | None = None) -> Sequence[Entitlement]:
        return self.shop.read(lambda: entitled.list_of_order((order or self.order).id))

    def options(self, place: int = 0, order: Order | None = None) -> list[Option]:
        mine, owned = order or self.order, self.owned(order)[place]
        return self.shop.read(lambda: queries.options(orders.get(mine.id), owned, now=clock.now()))

    def wish(self, sku: str, place: int = 0, order: Order | None = None, **changes: Any) -> Wish:
        """Return what a buyer asks for who read the options just now."""
        option = next(one for one in self.options(place, order) if one.sku.code == sku)
        mine = order or self.order
        known: dict[str, Any] = {"difference": option.terms.difference, "lang": "en", "device_id": None} | changes
        return Wish(mine.id, self.owned(order)[place].id, sku, **known)

    def ask(self, sku: str, place: int = 0, order: Order | None = None, **changes: Any) -> Order:
        wish = self.wish(sku, place, order, **changes)
        return self.send(wish)

    def send(self, wish: Wish) -> Order:
        return self.shop.write(lambda: service.ask(wish, now=clock.now(), by=SYSTEM))

    def pay_rest(self, order: Order) -> None:
        """Pay what is due of an order at the gateway."""
        self.market.buy(order)

    def look(self, order: Order | None = None) -> list[UUID]:
        mine = order or self.order
        opened = self.shop.write(lambda: entitlements.reveal(mine.id, proof=LOOK, now=clock.now()))
        return [one.entitlement_id for one in opened]

    def refund(self, order: Order, **more: Any) -> None:
        """Let the shop give an order back, gateways included."""
        wish = refunds.Wish(order.id, "sorry", **more)
        self.shop.write(lambda: refunds.take_back(wish, now=clock.now(), by=SYSTEM))
        self.market.work()

    def exchanges(self, order: Order | None = None) -> Sequence[Exchange]:
        return self.shop.read(lambda: queries.list_of_order((order or self.order).id))

    def paybacks(self, order: Order | None = None) -> Sequence[Payback]:
        return self.shop.read(lambda: paying.list_paybacks_of_order((order or self.order).id))

    def states(self, order: Order | None = None) -> list[State]:
        return [item.state for item in self.owned(order)]


def make_rule(shop: Shop, old: str, new: str, **terms: Any) -> ExchangeRule:
    """Let one SKU become another."""
    known: dict[str, Any] = {"days": 7, "fee": Money(0, "CNY"), "gives_back": True} | terms

    def make() -> ExchangeRule:
        first, second = catalog.get_sku(old), catalog.get_sku(new)
        draft = RuleDraft((Scope.SKU, first.id), (Scope.SKU, second.id), **known)
        return service.make_rule(draft, now=clock.now(), by=SYSTEM)

    return shop.write(make)


def make_trader(market: Market, *prices: int, pieces: int = 1, **terms: Any) -> Trader:
    """Return a buyer of pieces at 19.99, and for each price another product that they may become."""
    shop = market.shop
    shop.codes(pieces)
    order = shop.place(pieces)
    market.buy(order)
    trader = Trader(market, order)
    for price in prices:
        trader.others[price] = sku = make_product(shop, kind=Kind.CODE, price=price)
        stock(shop, sku)
        make_rule(shop, shop.sku, sku, **terms)
    return trader


def exchange_one(shop: Shop) -> Order:
    """Let a piece become another one of the same price, without a gateway that runs; return the other's order."""
    shop.codes(1)
    order, sku = shop.place(), make_product(shop, kind=Kind.CODE, price=1999)
    assert shop.pay(order)
    stock(shop, sku)
    make_rule(shop, shop.sku, sku)

    def ask() -> Order:
        owned = entitled.list_of_order(order.id)[0]
        wish = Wish(order.id, owned.id, sku, 0, "en", None)
        return service.ask(wish, now=clock.now(), by=SYSTEM)

    return shop.write(ask)


def stock(shop: Shop, sku: str, count: int = 2) -> None:
    """Let there be codes of a SKU, counted as the shelf shows them."""
    shop.imports("\n".join(fresh_code() for _ in range(count)), sku=sku)
    shop.write(lambda: inventory.recount([catalog.get_sku(sku).id], now=clock.now()))
