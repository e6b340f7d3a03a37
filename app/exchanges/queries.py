"""Questions about exchanges: what a piece may become and at which difference, and what became of those asked for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.queries import Sku, Source
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.exchanges.models import Exchange as Exchange
from app.exchanges.models import ExchangeRule as ExchangeRule
from app.exchanges.models import ExchangeState as ExchangeState
from app.exchanges.models import Scope as Scope
from app.exchanges.rules import MOST_DAYS as MOST_DAYS
from app.exchanges.rules import MOST_OPTIONS, MOST_RULES, Terms, reckon
from app.inventory import queries as stock
from app.kit import db
from app.kit.few import either, no_index
from app.kit.listing import Listing
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order, Payment, Purpose
from app.refunds import queries as refunds

KEPT_IN_STOCK = (Source.POOL, Source.SHARED)  # of other goods placing says whether they can be had
EXCHANGES = Listing(query=lambda: select(Exchange), keys=(Exchange.id,))
HAS_MONEY = (Payment.PAID, Payment.PARTIALLY_REFUNDED)


@dataclass(frozen=True)
class Option:
    """Something that a piece may become, by which rule, and on which terms."""

    sku: Sku
    rule: ExchangeRule
    terms: Terms

    @property
    def due(self) -> Money:
        return Money(self.terms.due, self.sku.price.currency)

    @property
    def back(self) -> Money:
        return Money(self.terms.back, self.sku.price.currency)

    @property
    def fee(self) -> Money:
        return Money(self.rule.fee, self.sku.price.currency)


def list_exchangeable(order: Order, owned: Iterable[Entitlement], *, now: datetime) -> list[Entitlement]:
    """List what of an order its buyer may exchange now, as far as rules say; asks nothing where the shop has none."""
    fresh = [item for item in owned if _is_fresh(item)] if _takes(order) else []
    rules = list_rules(enabled=True) if fresh else []
    if not rules:
        return []
    places = _places({item.sku_id for item in fresh})
    alone = _sold_alone(order, fresh)
    return [item for item in fresh if item.id in alone and _holding(rules, item, places, now)]


def options(order: Order, owned: Entitlement, *, now: datetime, code: str = "") -> list[Option]:
    """List what a piece may become, the cheapest first, or only the SKU of this code; nothing that is not in stock."""
    if not _takes(order) or not _is_fresh(owned) or not _sold_alone(order, [owned]):
        return []
    rules = _holding(list_rules(enabled=True), owned, _places({owned.sku_id}), now)
    found = _targets(rules, owned.sku_id, code) if rules else []
    worth = refunds.prices(order.id, {owned.id: (owned.part_id, owned.slot)})[owned.id]
    reckoned = [
        Option(sku, rule, terms)
        for sku, rule in found
        if sku.price.currency == order.currency
        and (terms := reckon(worth=worth, price=sku.price.minor, fee=rule.fee, gives_back=rule.gives_back))
    ]
    best: dict[UUID, Option] = {}
    for option in sorted(reckoned, key=lambda one: (one.terms.difference, one.rule.id)):
        best.setdefault(option.sku.id, option)
    return sorted(best.values(), key=lambda one: (one.sku.price.minor, one.sku.code))[:MOST_OPTIONS]


def list_rules(*, enabled: bool | None = None) -> Sequence[ExchangeRule]:
    """List the rules of the shop, oldest first, or those that are switched on."""
    query = select(ExchangeRule).order_by(ExchangeRule.id).limit(MOST_RULES)
    return db.session().scalars(query if enabled is None else query.where(ExchangeRule.enabled == enabled)).all()


def get_rule(number: UUID | None) -> ExchangeRule:
    """Return a rule of the shop, or refuse with NotFound."""
    return db.get(ExchangeRule, number)


def list_of_order(order_id: UUID) -> Sequence[Exchange]:
    """List the exchanges of an order's pieces that wait or are done, and the one that it came by."""
    mine = either(Exchange.id, Exchange.order_id == order_id, Exchange.new_order_id == order_id)
    query = select(Exchange).where(mine, Exchange.state != ExchangeState.ENDED).order_by(no_index(Exchange.id))
    return db.session().scalars(query).all()


def list_became(entitlement_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return of these pieces, where one was exchanged, the order that has what it became."""
    mine = (Exchange.entitlement_id.in_(list(entitlement_ids)), Exchange.state == ExchangeState.DONE)
    found = db.session().execute(select(Exchange.entitlement_id, Exchange.new_order_id).where(*mine)).all()
    return {row.entitlement_id: row.new_order_id for row in found}


def list_about(order: Order) -> list[UUID]:
    """List the exchanges whose postings are about an order: the one that paid some of it, those of its pieces."""
    return [row.id for row in list_of_order(order.id)]


def list_into(order_ids: Collection[UUID]) -> dict[UUID, Exchange]:
    """Return of these orders, where some of one was paid by a piece, the exchange, whatever became of it."""
    query = select(Exchange).where(Exchange.new_order_id.in_(list(order_ids)))
    return {row.new_order_id: row for row in db.session().scalars(query.execution_options(populate_existing=True))}


def find_waiting(entitlement_id: UUID) -> Exchange | None:
    """Return the exchange of a piece that waits for the rest of its price."""
    mine = (Exchange.entitlement_id == entitlement_id, Exchange.state == ExchangeState.WAITING)
    return db.session().scalar(select(Exchange).where(*mine))


def list_lost(order_ids: Collection[UUID]) -> list[Exchange]:
    """List the waiting exchanges of pieces of these orders that were taken back meanwhile."""
    mine = (Exchange.order_id.in_(list(order_ids)), Exchange.state == ExchangeState.WAITING)
    found = list(db.session().scalars(select(Exchange).where(*mine).order_by(no_index(Exchange.id))))
    owned = entitled.list_by_id([row.entitlement_id for row in found]) if found else {}
    return [row for row in found if owned[row.entitlement_id].state is State.REVOKED]


def _takes(order: Order) -> bool:
    """Tell whether pieces of an order can be exchanged at all: it was bought by a person, for its whole price."""
    is_own = order.purpose is Purpose.SALE and order.company_id is None
    return is_own and order.payment in HAS_MONEY and not order.forgiven_amount


def _is_fresh(item: Entitlement) -> bool:
    return item.state is State.READY and not item.reveals and not item.used and item.holder_id is None


def _sold_alone(order: Order, owned: Sequence[Entitlement]) -> set[UUID]:
    """Return what of this was not sold in a bundle, whose pieces go together."""
    inside = {part.id for part in orders.list_in_bundles(order.id)}
    return {item.id for item in owned if item.part_id not in inside}


Places = dict[UUID, set[tuple[Scope, UUID]]]


def _places(sku_ids: Iterable[UUID]) -> Places:
    """Return by which names a rule can mean each of these SKUs."""
    return _named(list(catalog.list_skus_by_id(sku_ids).values()))


def _named(skus: Sequence[Sku]) -> Places:
    products = catalog.list_products_by_id({sku.product_id for sku in skus})
    names: Places = {}
    for sku in skus:
        category = products[sku.product_id].category_id
        names[sku.id] = {(Scope.SKU, sku.id), (Scope.PRODUCT, sku.product_id)}
        names[sku.id] |= {(Scope.CATEGORY, category)} if category else set()
    return names


def _holding(rules: Iterable[ExchangeRule], item: Entitlement, places: Places, now: datetime) -> list[ExchangeRule]:
    """Return the rules that hold for a piece now."""
    names, since = places.get(item.sku_id, set()), item.ready_at or item.granted_at
    return [
        rule for rule in rules if (rule.from_scope, rule.from_id) in names and now < since + timedelta(days=rule.days)
    ]


def _targets(rules: Sequence[ExchangeRule], own: UUID, code: str) -> list[tuple[Sku, ExchangeRule]]:
    """Return what is for sale and in stock that these rules lead to, each with the rules that do."""
    wanted = [sku for sku in catalog.list_skus_for_sale() if sku.on_sale and sku.id != own and code in ("", sku.code)]
    there = stock.list_in_stock() if wanted else frozenset()
    names = _named([sku for sku in wanted if sku.id in there or sku.source not in KEPT_IN_STOCK])
    return [(sku, rule) for sku in wanted for rule in rules if (rule.to_scope, rule.to_id) in names.get(sku.id, set())]
