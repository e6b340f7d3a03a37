"""Asking: a buyer chooses what a piece becomes. Equal or cheaper it is theirs at once, dearer once the rest is paid."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.errors import NotInHand
from app.entitlements.queries import Entitlement
from app.exchanges import queries
from app.exchanges.errors import NotExchangeable, TermsChanged
from app.exchanges.events import ExchangeAsked
from app.exchanges.models import Exchange, ExchangeState
from app.exchanges.queries import Option
from app.kit import db
from app.kit.errors import NotFound
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order
from app.payments import service as payments


@dataclass(frozen=True)
class Wish:
    """Which piece of an order becomes which SKU, at which difference as its buyer read it, and who asks."""

    order_id: UUID
    entitlement_id: UUID
    sku: str  # its code
    difference: int  # in minor units; negative where money goes back
    lang: str
    device_id: UUID | None
    network: str = ""


def ask(wish: Wish, *, now: datetime, by: By) -> Order:
    """Exchange a piece, and return the order that has the other one: paid, or waiting for the rest of its price.

    Whoever calls has proved to own it. From now on nobody looks at the piece; asked again while it waits, the same
    order is returned. Refuses with NotExchangeable, TermsChanged, and with what placing refuses, OutOfStock above all.
    """
    ordering.lock(wish.order_id)  # a refund of it takes the order before its pieces as well
    old = orders.reread(wish.order_id)
    owned = entitled.list_by_id([wish.entitlement_id]).get(wish.entitlement_id)
    if owned is None or owned.order_id != old.id:
        raise NotFound
    if waiting := queries.find_waiting(owned.id):
        return orders.get(waiting.new_order_id)
    option = _chosen(old, owned, wish, now)
    number = new_id()
    _take_in_hand(owned.id, number)
    order = _place(old, wish, number, now, by)
    if order.total != option.sku.price:
        raise TermsChanged  # its price was changed a moment ago
    _pay(Exchange(id=number, **_row(old, owned, option, now)), order, by)
    return orders.reread(order.id)


def _chosen(old: Order, owned: Entitlement, wish: Wish, now: datetime) -> Option:
    found = queries.options(old, owned, now=now, code=wish.sku) if wish.sku else []
    if not found:
        raise NotExchangeable
    if found[0].terms.difference != wish.difference:
        raise TermsChanged
    return found[0]


def _take_in_hand(entitlement_id: UUID, exchange_id: UUID) -> None:
    """Take a piece out of its buyer's sight: the statement that a look and a gift ask for as well, so one is first."""
    try:
        entitlements.hand(entitlement_id, giver_id=None, holder_id=exchange_id, unseen=True)
    except NotInHand:
        raise NotExchangeable from None


def _place(old: Order, wish: Wish, exchange_id: UUID, now: datetime, by: By) -> Order:
    contact = orders.contact_of(old).expose()
    basket = ordering.Basket(((wish.sku, 1),), contact, wish.lang, f"exchange:{exchange_id}")
    placing = ordering.Wish(basket, wish.device_id, by, network=wish.network, exchange_id=exchange_id)
    return ordering.place_all([placing], now=now)[0]


def _row(old: Order, owned: Entitlement, option: Option, now: datetime) -> dict[str, object]:
    terms = option.terms
    return {
        "merchant_id": db.merchant_id(),
        "rule_id": option.rule.id,
        "order_id": old.id,
        "entitlement_id": owned.id,
        "state": ExchangeState.WAITING,
        "moved": terms.moved,
        "back": terms.back,
        "kept": terms.kept,
        "currency": old.currency,
        "asked_at": now,
    }


def _pay(exchange: Exchange, order: Order, by: By) -> None:
    """Let the piece pay its part of the other order; where that is all of it, `settle` follows in this unit."""
    now, due = exchange.asked_at, orders.find_due(order.id)
    assert due is not None
    exchange.new_order_id, exchange.tender_id = order.id, due.id
    db.session().add(exchange)
    db.session().flush()
    facts = {"number": order.number, "amount": exchange.moved, "currency": exchange.currency}
    told = {"entitlement_id": exchange.entitlement_id, "order_id": exchange.order_id, **facts}
    publish(ExchangeAsked(subject_id=exchange.id, at=now, by=by, **told))  # type: ignore[arg-type]
    exchange.tender_id = payments.pay_by_exchange(order, exchange.pays, now=now)
    db.session().flush()
