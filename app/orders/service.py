"""What can be done with orders."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, column, exists, insert, select, update, values
from sqlalchemy.dialects import postgresql, sqlite

from app.catalog import queries as catalog
from app.catalog.queries import Sku
from app.inventory import service as inventory
from app.inventory.events import HoldsLapsed
from app.kit import crypto, db
from app.kit.columns import Moment
from app.kit.errors import Invalid, Refusal
from app.kit.events import SYSTEM, By, publish
from app.kit.ids import Id, new_id
from app.kit.money import Money
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries
from app.orders.errors import BadContact, BadQuantity, NotForSale, NotPayable
from app.orders.events import OrderDelivered, OrderExpired, OrderPaid, OrderPlaced, OrderQueued
from app.orders.models import (
    Closed,
    Fulfilment,
    Line,
    Order,
    Part,
    Payment,
    Review,
    Source,
    Tender,
    TenderState,
)
from app.orders.rules import LONGEST_CONTACT, MOST, is_contact, mask_contact, new_number
from app.pricing import service as pricing
from app.risk import service as risk

TIME_TO_PAY = timedelta(minutes=15)
CONTACT = "contact"


@dataclass(frozen=True)
class Basket:
    """What a buyer asks for, as parsed from a form or an API call."""

    lines: tuple[tuple[str, int], ...]  # SKU code, quantity
    contact: str
    lang: str
    idem: str


def place(basket: Basket, *, device_id: UUID | None, now: datetime, by: By) -> Order:
    """Place an order and hold its stock, or refuse and leave nothing; the same `idem` gives the same order again."""
    skus = _check(basket)
    merchant = merchants.current()
    items = [pricing.Item(skus[code].id, skus[code].price, quantity) for code, quantity in basket.lines]
    quote = pricing.quote(items)
    risk.assess(risk.Values(quote.total, sum(item.quantity for item in items), device_id))
    order = _order_row(basket, quote, device_id, now)
    if not _insert_once(order):
        return queries.get_by_idem(order["idem"])
    titles = catalog.titles([item.sku_id for item in items], basket.lang, merchant.lang)
    _insert_content(order, items, quote, titles, now.astimezone(ZoneInfo(merchant.zone)).date(), now)
    publish(
        OrderPlaced(
            subject_id=order["id"],
            order_id=order["id"],
            number=order["number"],
            amount=quote.total.minor,
            currency=quote.total.currency,
            skus=tuple(item.sku_id for item in items),
            at=now,
            by=by,
        )
    )
    return Order(**order)


def _check(basket: Basket) -> dict[str, Sku]:
    faults: dict[str, Refusal] = {}
    if not is_contact(basket.contact):
        faults["contact"] = BadContact(LONGEST_CONTACT)
    if not basket.lines or not all(1 <= quantity <= MOST for _, quantity in basket.lines):
        faults["quantity"] = BadQuantity(MOST)
    skus = catalog.list_for_sale(code for code, _ in basket.lines)
    for code, _ in basket.lines:
        if code not in skus:
            faults["sku"] = NotForSale(code[:64])
    if faults:
        raise Invalid(faults)
    return skus


def _order_row(basket: Basket, quote: pricing.Quote, device_id: UUID | None, now: datetime) -> dict[str, Any]:
    number = new_id()
    key = crypto.key_for(CONTACT, f"{now:%Y-%m}")
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "number": new_number(now),
        "idem": hashlib.sha256(basket.idem.encode()).digest(),
        "device_id": device_id,
        "contact_sealed": key.seal("order", "contact", number, Secret(basket.contact)),
        "contact_key_id": key.id,
        "contact_mask": mask_contact(basket.contact),
        "lang": basket.lang,
        "total_amount": quote.total.minor,
        "currency": quote.total.currency,
        "payment": Payment.PENDING,
        "fulfilment": Fulfilment.NONE,
        "review": Review.NONE,
        "closed": Closed.OPEN,
        "placed_at": now,
        "expires_at": now + TIME_TO_PAY,
        "paid_at": None,
        "delivered_at": None,
    }


def _insert_once(order: dict[str, Any]) -> bool:
    """Insert the order unless the same form made one already; of two at once the second waits for the first."""
    dialect = sqlite if db.is_sqlite() else postgresql
    statement = dialect.insert(Order.__table__).on_conflict_do_nothing(index_elements=["merchant_id", "idem"])
    return db.changed(statement, order) == 1


def _insert_content(
    order: dict[str, Any],
    items: Sequence[pricing.Item],
    quote: pricing.Quote,
    titles: dict[UUID, str],
    today: Any,
    now: datetime,
) -> None:
    own = {"merchant_id": order["merchant_id"], "order_id": order["id"]}
    lines = _lines(own, items, quote, titles)
    parts = [_part(own, line) for line in lines]
    wants = [inventory.Want(part["id"], part["sku_id"], part["quantity"]) for part in parts]
    costs = {held.part_id: held.cost for held in inventory.hold(wants, until=order["expires_at"], now=now, today=today)}
    tender = own | {
        "id": new_id(),
        "amount": quote.total.minor,
        "currency": quote.total.currency,
        "state": TenderState.DUE,
    }
    run = db.session().execute
    run(insert(Line.__table__), lines)  # type: ignore[arg-type]
    run(insert(Part.__table__), [part | {"cost": costs[part["id"]]} for part in parts])  # type: ignore[arg-type]
    run(insert(Tender.__table__), [tender])  # type: ignore[arg-type]


def _lines(
    own: dict[str, Any], items: Sequence[pricing.Item], quote: pricing.Quote, titles: dict[UUID, str]
) -> list[dict[str, Any]]:
    return [
        own
        | {
            "id": new_id(),
            "position": position,
            "sku_id": item.sku_id,
            "title": titles.get(item.sku_id, ""),
            "quantity": item.quantity,
            "price_amount": price.minor,
            "currency": price.currency,
        }
        for position, (item, price) in enumerate(zip(items, quote.prices, strict=True))
    ]


def _part(own: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    return own | {
        "id": new_id(),
        "line_id": line["id"],
        "sku_id": line["sku_id"],
        "quantity": line["quantity"],
        "source": Source.POOL,
        "price_share": line["price_amount"] * line["quantity"],
        "currency": line["currency"],
    }


# Paying ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paid:
    """Money that arrived for a tender."""

    tender_id: UUID
    amount: int
    currency: str
    at: datetime


def choose_method(order: Order, method_id: UUID) -> Tender:
    """Let an unpaid order be paid by this method and return the tender that is due; refuses with NotPayable."""
    tender = queries.find_due(order.id)
    if tender is None or order.payment is not Payment.PENDING or order.closed is not Closed.OPEN:
        raise NotPayable
    tender.method_id = method_id
    return tender


def meet(payments: Sequence[Paid]) -> dict[UUID, Money]:
    """Mark tenders met where amount and currency are just what is due, and orders paid whose tenders all are.

    Returns the tenders that this call met, each with what it took; one statement for all tenders, one for all orders.
    """
    if not payments:
        return {}
    t, came = Tender.__table__.c, _came(payments)
    statement = (
        update(Tender.__table__)  # type: ignore[arg-type]
        .where(
            t.merchant_id == db.merchant_id(),
            t.id == came.c.id,
            t.state == TenderState.DUE,
            t.amount == came.c.amount,
            t.currency == came.c.currency,
        )
        .values(state=TenderState.MET, met_at=came.c.at)
        .returning(t.id, t.order_id, t.amount, t.currency)
    )
    met = db.session().execute(statement).all()
    if met:
        _mark_paid(sorted({row.order_id for row in met}), max(payment.at for payment in payments))
    return {row.id: Money(row.amount, row.currency) for row in met}


def _came(payments: Sequence[Paid]) -> CTE:
    t = Tender.__table__.c
    kinds = (column("id", Id), column("amount", t.amount.type), column("currency", t.currency.type))
    rows = [(payment.tender_id, payment.amount, payment.currency, payment.at) for payment in payments]
    return values(*kinds, column("at", Moment), name="came").data(rows).cte("came")


def _mark_paid(order_ids: Sequence[UUID], at: datetime) -> None:
    """Mark orders paid that owe nothing any more; an order that was closed opens again, since the money is there."""
    o, t = Order.__table__.c, Tender.__table__.c
    owing = exists().where(t.merchant_id == o.merchant_id, t.order_id == o.id, t.state == TenderState.DUE)
    statement = (
        update(Order.__table__)  # type: ignore[arg-type]
        .where(o.merchant_id == db.merchant_id(), o.id.in_(order_ids), o.payment == Payment.PENDING, ~owing)
        .values(payment=Payment.PAID, paid_at=at, closed=Closed.OPEN)
        .returning(o.id, o.total_amount, o.currency)
    )
    paid = db.session().execute(statement).all()
    publish(
        *(
            OrderPaid(subject_id=row.id, order_id=row.id, amount=row.total_amount, currency=row.currency, at=at)
            for row in paid
        )
    )


# Fulfilling ------------------------------------------------------------------------------------------------------


def mark_fulfilled(states: dict[UUID, Fulfilment], *, now: datetime) -> None:
    """Record how far paid orders are delivered, one statement for each state."""
    o = Order.__table__.c
    for state in set(states.values()):
        ids = sorted(order for order, new in states.items() if new is state)
        done = state is Fulfilment.DONE
        mine = (o.merchant_id == db.merchant_id(), o.id.in_(ids), o.fulfilment != Fulfilment.DONE)
        statement = update(Order.__table__).where(*mine)  # type: ignore[arg-type]
        db.session().execute(statement.values(fulfilment=state, **({"delivered_at": now} if done else {})))
        event = OrderDelivered if done else OrderQueued
        publish(*(event(subject_id=order, order_id=order, at=now, by=SYSTEM) for order in ids))


def set_costs(costs: dict[UUID, int]) -> None:
    """Replace the cost of parts that were delivered from other codes than the ones held at placement."""
    p = Part.__table__.c
    for part_id, cost in costs.items():
        statement = update(Part.__table__).where(p.merchant_id == db.merchant_id(), p.id == part_id)  # type: ignore[arg-type]
        db.session().execute(statement.values(cost=cost))


def expire(events: Sequence[HoldsLapsed]) -> None:
    """Close unpaid orders whose stock went to somebody else."""
    parts = [part for event in events for part in event.parts]
    now = max(event.at for event in events)
    o, p = Order.__table__.c, Part.__table__.c
    theirs = select(p.order_id).where(p.merchant_id == db.merchant_id(), p.id.in_(parts))
    statement = (
        update(Order.__table__)  # type: ignore[arg-type]
        .where(
            o.merchant_id == db.merchant_id(),
            o.id.in_(theirs),
            o.payment == Payment.PENDING,
            o.closed == Closed.OPEN,
        )
        .values(closed=Closed.EXPIRED)
        .returning(o.id)
    )
    closed = db.session().scalars(statement).all()
    publish(*(OrderExpired(subject_id=order, order_id=order, at=now) for order in closed))
