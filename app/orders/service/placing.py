"""Placing: an order with its lines, parts and tender, and its stock held, in one unit."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, bindparam, func, update
from sqlalchemy.dialects import postgresql, sqlite

from app.catalog import queries as catalog
from app.catalog.queries import Offer
from app.inventory import service as inventory
from app.kit import crypto, db
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries
from app.orders.contacts import contact_index
from app.orders.errors import BadContact, BadQuantity, NotForSale, TooManyUnpaid
from app.orders.events import OrderPlaced, OrderSentAgain
from app.orders.models import Closed, Fulfilment, Line, Order, Part, Payment, Review, Source, Tender, TenderState
from app.orders.passwords import new_password
from app.orders.rules import LONGEST_CONTACT, MOST, is_contact, mask_contact, merge_lines, new_number
from app.pricing import service as pricing
from app.risk import service as risk

TIME_TO_PAY = timedelta(minutes=15)
CONTACT = "contact"


def _once(dialect: Any) -> Any:
    return dialect.insert(Order.__table__).on_conflict_do_nothing(index_elements=["merchant_id", "idem"])


# Of two orders of one buyer at once the second waits, so that both are counted; SQLite has one writer anyway. The locks
# ride on the INSERT: the statement that counts comes after them, and sees what they waited for.
LOCKS = [func.pg_advisory_xact_lock(bindparam(name, type_=BigInteger)) for name in ("first_lock", "second_lock")]
ONCE = {
    "sqlite": _once(sqlite).returning(Order.__table__.c.id),
    "postgresql": _once(postgresql).returning(*LOCKS),
}


@dataclass(frozen=True)
class Basket:
    """What a buyer asks for, as parsed from a form or an API call."""

    lines: tuple[tuple[str, int], ...]  # SKU code, quantity
    contact: str
    lang: str
    idem: str


def place(basket: Basket, *, device_id: UUID | None, now: datetime, by: By) -> Order:
    """Place an order and hold its stock, or refuse and leave nothing; the same `idem` gives the same order again."""
    merchant = merchants.current()
    wanted = merge_lines(basket.lines)
    offers = catalog.list_offers(wanted, basket.lang, merchant.lang)
    _check(basket, wanted, offers)
    items = [pricing.Item(offers[code].sku_id, offers[code].price, quantity) for code, quantity in wanted.items()]
    quote = pricing.quote(items)
    order = _order_row(basket, quote, device_id, now)
    if not _insert_once(order):
        return _sent_again(order, now=now, by=by)
    _assess(order, quote, sum(wanted.values()), merchant.unpaid_orders, now)
    titles = [offers[code].title for code in wanted]
    _insert_content(order, _lines(order, items, quote, titles), now, ZoneInfo(merchant.zone))
    publish(
        OrderPlaced(
            subject_id=order["id"],
            order_id=order["id"],
            number=order["number"],
            amount=quote.total.minor,
            currency=quote.total.currency,
            skus=tuple(item.sku_id for item in items),
            expires_at=order["expires_at"],
            at=now,
            by=by,
        )
    )
    return Order(**order)


def _check(basket: Basket, wanted: Mapping[str, int], offers: Mapping[str, Offer]) -> None:
    faults: dict[str, Refusal] = {}
    if not is_contact(basket.contact):
        faults["contact"] = BadContact(LONGEST_CONTACT)
    if not wanted or min(quantity for _, quantity in basket.lines) < 1 or max(wanted.values()) > MOST:
        faults["quantity"] = BadQuantity(MOST)
    for code in wanted:
        if code not in offers:
            faults["sku"] = NotForSale(code[:64])
    if faults:
        raise Invalid(faults)


def _order_row(basket: Basket, quote: pricing.Quote, device_id: UUID | None, now: datetime) -> dict[str, Any]:
    number, idem = new_id(), hashlib.sha256(basket.idem.encode()).digest()
    key = crypto.key_for(CONTACT, f"{now:%Y-%m}")
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "number": new_number(now),
        "idem": idem,
        "device_id": device_id,
        "contact_sealed": key.seal("order", "contact", number, Secret(basket.contact)),
        "contact_key_id": key.id,
        "contact_mask": mask_contact(basket.contact),
        "contact_index": contact_index(basket.contact),
        "password_hash": new_password(idem)[1],
        "lang": basket.lang,
        "total_amount": quote.total.minor,
        "currency": quote.total.currency,
        "payment": Payment.PENDING,
        "fulfilment": Fulfilment.NONE,
        "review": Review.NONE,
        "closed": Closed.OPEN,
        "placed_at": now,
        "expires_at": now + TIME_TO_PAY,
        "started_at": None,
        "paid_at": None,
        "delivered_at": None,
    }


def _insert_once(order: dict[str, Any]) -> bool:
    """Insert the order unless the same form made one already; of two at once the second waits for the first."""
    buyer = [int.from_bytes(order["contact_index"][:8], signed=True)]
    if order["device_id"]:
        buyer.append(int.from_bytes(order["device_id"].bytes[8:], signed=True))
    binds = order if db.is_sqlite() else order | {"first_lock": min(buyer), "second_lock": max(buyer)}
    return db.session().execute(ONCE["sqlite" if db.is_sqlite() else "postgresql"], binds).first() is not None


def _sent_again(order: dict[str, Any], *, now: datetime, by: By) -> Order:
    """Return the order that this form made before; unpaid, it belongs to the browser that asks for it now.

    A first-time buyer whose answer got lost has no cookie of the first try, and comes as another device. Only who has
    the form knows its mark.
    """
    found = queries.get_by_idem(order["idem"])
    if order["device_id"] in (None, found.device_id):
        return found
    o = Order.__table__.c
    unpaid = (o.merchant_id == db.merchant_id(), o.id == found.id, o.payment == Payment.PENDING)
    moved = update(Order.__table__).where(*unpaid).values(device_id=order["device_id"])  # type: ignore[arg-type]
    if db.changed(moved):
        publish(OrderSentAgain(subject_id=found.id, order_id=found.id, at=now, by=by))
        found.device_id = order["device_id"]
    return found


def _assess(order: dict[str, Any], quote: pricing.Quote, pieces: int, most_unpaid: int, now: datetime) -> None:
    of_contact, of_device = queries.count_unpaid_beside(order, most=most_unpaid, now=now)
    values = risk.Values(quote.total, pieces, of_contact, of_device, most_unpaid)
    if risk.assess(values) is risk.Verdict.REFUSE:
        raise TooManyUnpaid(most_unpaid)


def _insert_content(order: dict[str, Any], lines: Sequence[dict[str, Any]], now: datetime, zone: ZoneInfo) -> None:
    """Hold the stock of the lines, and write lines, parts and the tender; one statement a table."""
    wants = [inventory.Want(new_id(), line["sku_id"], line["quantity"]) for line in lines]
    held = inventory.hold(wants, until=order["expires_at"], now=now, today=now.astimezone(zone).date())
    costs = {part.part_id: part.cost for part in held}
    parts = [_part(line, want.part_id, costs) for line, want in zip(lines, wants, strict=True)]
    db.insert((Line.__table__, lines), (Part.__table__, parts), (Tender.__table__, [_tender(order)]))


def _lines(
    order: dict[str, Any], items: Sequence[pricing.Item], quote: pricing.Quote, titles: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "merchant_id": order["merchant_id"],
            "id": new_id(),
            "order_id": order["id"],
            "position": position,
            "sku_id": item.sku_id,
            "title": title,
            "quantity": item.quantity,
            "price_amount": price.minor,
            "currency": price.currency,
        }
        for position, (item, price, title) in enumerate(zip(items, quote.prices, titles, strict=True))
    ]


def _part(line: dict[str, Any], part_id: UUID, costs: Mapping[UUID, int]) -> dict[str, Any]:
    return {
        "merchant_id": line["merchant_id"],
        "id": part_id,
        "line_id": line["id"],
        "order_id": line["order_id"],
        "sku_id": line["sku_id"],
        "quantity": line["quantity"],
        "source": Source.POOL,
        "price_share": line["price_amount"] * line["quantity"],
        "cost": costs[part_id],
        "currency": line["currency"],
    }


def _tender(order: dict[str, Any]) -> dict[str, Any]:
    return {
        "merchant_id": order["merchant_id"],
        "id": new_id(),
        "order_id": order["id"],
        "amount": order["total_amount"],
        "currency": order["currency"],
        "state": TenderState.DUE,
    }
