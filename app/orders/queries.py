"""Questions about orders."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import selectinload

from app.kit import clock, crypto, db
from app.kit.errors import NotFound
from app.kit.listing import Listing
from app.kit.money import Money
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders.columns import COLUMNS
from app.orders.contact_lists import bought_by as bought_by
from app.orders.contact_lists import count_bought as count_bought
from app.orders.contact_lists import list_with_lines as list_with_lines
from app.orders.contacts import contact_index as contact_index
from app.orders.contacts import network_index as network_index
from app.orders.latest import find_latest_paid as find_latest_paid
from app.orders.latest import find_own as find_own
from app.orders.latest import find_reached as find_reached
from app.orders.latest import lately
from app.orders.latest import list_of_contact as list_of_contact
from app.orders.latest import list_of_device as list_of_device
from app.orders.latest import mark_of as mark_of
from app.orders.models import Closed as Closed
from app.orders.models import Fulfilment as Fulfilment
from app.orders.models import Line as Line
from app.orders.models import Order as Order
from app.orders.models import Part as Part
from app.orders.models import Payment as Payment
from app.orders.models import Purpose as Purpose
from app.orders.models import Review as Review
from app.orders.models import Tender as Tender
from app.orders.models import TenderState as TenderState
from app.orders.part_lists import list_in_bundles as list_in_bundles
from app.orders.part_lists import list_parts as list_parts
from app.orders.part_lists import list_parts_by_id as list_parts_by_id
from app.orders.part_lists import list_parts_of_lines as list_parts_of_lines
from app.orders.part_lists import list_presold as list_presold
from app.orders.part_lists import list_sold_as as list_sold_as
from app.orders.part_lists import order_of_part as order_of_part
from app.orders.part_lists import sum_bundle as sum_bundle
from app.orders.passwords import is_password as is_password
from app.orders.passwords import password_of as password_of
from app.orders.rehearsal import Past as Past
from app.orders.rehearsal import list_past as list_past
from app.orders.rehearsal import rehearse as rehearse
from app.orders.rules import mask_contact as mask_contact
from app.orders.rules import status as status
from app.orders.tender_lists import fee_back as fee_back
from app.orders.tender_lists import find_due as find_due
from app.orders.tender_lists import held_of as held_of
from app.orders.tender_lists import list_methods_of as list_methods_of
from app.orders.tender_lists import list_tenders as list_tenders
from app.orders.tender_lists import list_tenders_of as list_tenders_of
from app.orders.tender_lists import list_waiting_for as list_waiting_for
from app.orders.tender_lists import reread_tenders as reread_tenders
from app.orders.tender_lists import surcharge_of as surcharge_of
from app.orders.unpaid import count_unpaid_beside as count_unpaid_beside

WAITS = (Order.payment == Payment.PENDING) & (Order.closed == Closed.OPEN)
KEPT = Order.payment != Payment.REFUNDED
SALE = Order.purpose == Purpose.SALE
# They agree with rules.status: an unpaid order is expired from its time on, whether or not somebody closed it.
FILTERS: Mapping[str, Callable[[datetime], ColumnElement[bool]]] = {
    "pending": lambda now: WAITS & (Order.expires_at > now),
    "in_review": lambda now: (
        Order.payment.in_((Payment.PAID, Payment.PARTIALLY_REFUNDED)) & (Order.review == Review.WAITING)
    ),
    "queued": lambda now: KEPT & (Order.fulfilment == Fulfilment.QUEUED),
    "delivered": lambda now: (Order.payment == Payment.PAID) & (Order.fulfilment == Fulfilment.DONE),
    "partially_refunded": lambda now: (
        (Order.payment == Payment.PARTIALLY_REFUNDED) & Order.fulfilment.in_((Fulfilment.NONE, Fulfilment.DONE))
    ),
    "refunded": lambda now: Order.payment == Payment.REFUNDED,
    "expired": lambda now: (Order.closed == Closed.EXPIRED) | WAITS & (Order.expires_at <= now),
}


def _paid_on(query: Select[Any], text: str) -> Select[Any]:
    """Keep what was paid on a day of the shop, written 2026-02-17; a text that is no day keeps everything."""
    try:
        begins = datetime.combine(date.fromisoformat(text), time(), ZoneInfo(merchants.current().zone))
    except ValueError:
        return query
    return query.where(Order.paid_at >= begins, Order.paid_at < begins + timedelta(days=1))


def _found_by(query: Select[Any], text: str) -> Select[Any]:
    """Keep the order with this number, and those of this contact; a contact is given whole."""
    by_number = Order.number == "".join(text.split())
    if db.session().scalar(select(Order.id).where(Order.contact_index != b"").limit(1)) is None:
        return query.where(by_number)  # before its first order a shop has no key for contacts, and reading makes none
    return query.where(by_number | (Order.contact_index == contact_index(text)))


ORDERS = Listing(
    query=lambda: select(Order).options(selectinload(Order.lines)),
    keys=(Order.id,),
    filters={
        "status": lambda query, text: query.where(FILTERS[text](clock.now())) if text in FILTERS else query,
        "q": _found_by,
        "paid_on": _paid_on,
    },
    name="orders",
    columns=COLUMNS,
    private=frozenset({"q"}),
)


def listing_of(ids: Sequence[UUID]) -> Listing:
    """Return the list of just these orders."""
    query = select(Order).where(Order.id.in_(ids)).options(selectinload(Order.lines))
    return Listing(query=lambda: query, keys=(Order.id,))


def get(number: UUID | None) -> Order:
    """Return an order with its lines, or refuse with NotFound."""
    order = db.session().scalar(select(Order).where(Order.id == number).options(selectinload(Order.lines)))
    if order is None:
        raise NotFound
    return order


def list_numbers(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the numbers of orders by id."""
    asked = set(ids)
    if not asked:
        return {}
    found = db.session().execute(select(Order.id, Order.number).where(Order.id.in_(asked)))
    return {row.id: row.number for row in found}


def list_of_company(company_id: UUID, order_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of these orders that a company owns."""
    query = select(Order.id).where(Order.id.in_(set(order_ids)), Order.company_id == company_id)
    return set(db.session().scalars(query))


def list_companies(order_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the companies of those of these orders that were placed for one."""
    owned = select(Order.id, Order.company_id).where(Order.id.in_(set(order_ids)), Order.company_id.is_not(None))
    return {row.id: row.company_id for row in db.session().execute(owned)}


def list_holders(order_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return of these orders, where a balance pays some of them or is topped up by them, whose it is."""
    theirs = select(Order.id, Order.holder_id).where(Order.id.in_(set(order_ids)), Order.holder_id.is_not(None))
    return {row.id: row.holder_id for row in db.session().execute(theirs)}


def list_given_away(order_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of these orders that the shop gave away."""
    mine = (Order.id.in_(list(order_ids)), Order.purpose == Purpose.GIFT)
    return set(db.session().scalars(select(Order.id).where(*mine)))


def reread(order_id: UUID) -> Order:
    """Return an order with its lines as the running unit has changed it."""
    query = select(Order).where(Order.id == order_id).options(selectinload(Order.lines))
    return db.session().scalars(query.execution_options(populate_existing=True)).one()


def list_by_number(numbers: Iterable[str]) -> dict[str, UUID]:
    """Return the orders with these numbers."""
    found = db.session().execute(select(Order.number, Order.id).where(Order.number.in_(set(numbers))))
    return {row.number: row.id for row in found}


def get_by_idem(idem: bytes) -> Order:
    """Return the order that the form with this mark made."""
    return db.session().scalars(select(Order).where(Order.idem == idem)).one()


def list_expiries(ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return until when each of these orders may be paid."""
    query = select(Order.id, Order.expires_at).where(Order.id.in_(ids))
    return {row.id: row.expires_at for row in db.session().execute(query)}


PART = Part.__table__.c


def list_shares(order_id: UUID) -> dict[UUID, tuple[int, int]]:
    """Return by part its share of the order's price, in minor units, and of how many pieces it is."""
    query = select(PART.id, PART.price_share, PART.quantity)
    mine = (PART.merchant_id == db.merchant_id(), PART.order_id == order_id)
    return {row.id: (row.price_share, row.quantity) for row in db.session().execute(query.where(*mine))}


def list_waiting_of(holder_id: UUID, *, now: datetime, limit: int) -> Sequence[Order]:
    """List what still waits for its payment and has to do with a balance: orders it pays a part of, and top-ups."""
    mine = (UNPAID, Order.holder_id == holder_id, Order.expires_at > now)
    return db.session().scalars(lately(select(Order).where(*mine), limit).options(selectinload(Order.lines))).all()


def list_lines(order_id: UUID) -> Sequence[Line]:
    """List the lines of an order as they were frozen at placement."""
    return db.session().scalars(select(Line).where(Line.order_id == order_id).order_by(Line.position)).all()


def contact_of(order: Order) -> Secret:
    """Return the contact of an order; for the people of the shop and for telling the buyer."""
    place = crypto.Sealed("order", "contact", order.merchant_id, order.id, order.contact_key_id, order.contact_sealed)
    return crypto.unseal(place, "contact")


# Literals on purpose: a bound parameter would hide the partial indexes from the planner.
UNPAID = (Order.payment == literal_column("0")) & (Order.closed == literal_column("0"))
DECIDED = Order.review != Review.WAITING  # what waits for a decision waits for no code
OWED = (
    Order.payment.in_((literal_column("1"), literal_column("2"))) & (Order.fulfilment != literal_column("2")) & DECIDED
)


def list_expired_unstarted(*, now: datetime, limit: int) -> Sequence[UUID]:
    """List unpaid open orders whose time to pay is over and of which no payment was started, oldest first."""
    query = select(Order.id).where(UNPAID, Order.started_at.is_(None), Order.expires_at <= now)
    return db.session().scalars(query.order_by(Order.expires_at).limit(limit)).all()


def next_expiry() -> datetime | None:
    """Return when the time to pay of an unpaid open order without a payment under way is over next."""
    query = select(Order.expires_at).where(UNPAID, Order.started_at.is_(None)).order_by(Order.expires_at).limit(1)
    return db.session().scalar(query)


def list_owed(*, before: datetime, limit: int) -> Sequence[Order]:
    """List orders paid before a moment of which something is still owed, with their lines, oldest first."""
    query = select(Order).where(OWED, Order.paid_at < before).order_by(Order.paid_at).limit(limit)
    return db.session().scalars(query.options(selectinload(Order.lines))).all()


def list_ungranted(*, before: datetime, limit: int) -> Sequence[UUID]:
    """List orders paid before a moment that were given nothing, not even a promise."""
    ungranted = (OWED, Order.fulfilment == Fulfilment.NONE, Order.paid_at < before)
    return db.session().scalars(select(Order.id).where(*ungranted).order_by(Order.paid_at).limit(limit)).all()


def list_paid_at(order_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """Return when orders were paid."""
    query = select(ORDER.id, ORDER.paid_at).where(ORDER.merchant_id == db.merchant_id(), ORDER.id.in_(list(order_ids)))
    return {row.id: row.paid_at for row in db.session().execute(query) if row.paid_at}


def count_sold(*, since: datetime, sku_ids: Iterable[UUID] | None = None) -> dict[UUID, int]:
    """Count by SKU what was paid since a moment and not given back whole."""
    query = (
        select(PART.sku_id, func.sum(PART.quantity))
        .join(Order.__table__, (ORDER.merchant_id == PART.merchant_id) & (ORDER.id == PART.order_id))
        .where(ORDER.merchant_id == db.merchant_id(), ORDER.paid_at >= since, ORDER.payment != Payment.REFUNDED)
    )
    if sku_ids is not None:
        query = query.where(PART.sku_id.in_(list(sku_ids)))
    return {row[0]: int(row[1]) for row in db.session().execute(query.group_by(PART.sku_id))}


def list_of_parts(part_ids: Iterable[UUID]) -> dict[UUID, Order]:
    """Return the order of each of these parts."""
    query = select(Part.id, Order).join(Order, (Order.merchant_id == Part.merchant_id) & (Order.id == Part.order_id))
    return {row[0]: row[1] for row in db.session().execute(query.where(Part.id.in_(list(part_ids))))}


def list_by_id(ids: Iterable[UUID]) -> dict[UUID, Order]:
    """Return the orders with these ids."""
    return {order.id: order for order in db.session().scalars(select(Order).where(Order.id.in_(list(ids))))}


@dataclass(frozen=True)
class AtLimit:
    """A buyer who holds stock with as many unpaid orders as the shop allows."""

    contact_mask: str
    orders: int
    until: datetime  # when the first of them ends by itself


def list_at_limit(*, most: int, now: datetime, limit: int) -> list[AtLimit]:
    """List the contacts and devices that hold stock with at least `most` unpaid orders, those with the most first."""
    found: dict[tuple[str, datetime], AtLimit] = {}
    for whose in (Order.contact_index, Order.device_id):
        count = func.count().label("orders")
        query = select(func.min(Order.contact_mask), count, func.min(Order.expires_at))
        query = query.where(UNPAID, Order.expires_at > now, whose.is_not(None), Order.company_id.is_(None))
        query = query.group_by(whose).having(count >= most).order_by(count.desc()).limit(limit)
        for row in db.session().execute(query):
            found.setdefault((row[0], row[2]), AtLimit(*row))
    return sorted(found.values(), key=lambda one: -one.orders)[:limit]


IN_REVIEW = (  # for its partial index
    (Order.review == literal_column("1"))
    & (Order.payment != literal_column("0"))
    & Order.payment.in_((Payment.PAID, Payment.PARTIALLY_REFUNDED))
)


def list_in_review(*, limit: int, before: datetime | None = None) -> Sequence[Order]:
    """List paid orders that wait for a decision of the shop, with their lines, oldest first."""
    query = select(Order).where(IN_REVIEW, *([Order.paid_at <= before] if before else []))
    return db.session().scalars(query.order_by(Order.paid_at).limit(limit).options(selectinload(Order.lines))).all()


def first_in_review() -> datetime | None:
    """Return when the order was paid that waits longest for a decision."""
    return db.session().scalar(select(func.min(Order.paid_at)).where(IN_REVIEW))


def count_in_review() -> int:
    """Count paid orders that wait for a decision of the shop."""
    return db.session().scalar(select(func.count()).select_from(Order).where(IN_REVIEW)) or 0


def count_owed() -> int:
    """Count paid orders of which something is still owed."""
    return db.session().scalar(select(func.count()).select_from(Order).where(OWED)) or 0


ORDER = Order.__table__.c


@dataclass(frozen=True)
class Figures:
    """What was sold in a stretch of time, and how much of that went back since."""

    paid: int
    delivered: int
    sales: Money
    returned: Money


def figures(*, since: datetime, currency: str, until: datetime | None = None) -> Figures:
    """Return how many orders were paid and delivered since a moment, what they brought, and what of it went back."""
    came = Order.total_amount - Order.forgiven_amount
    sums = (func.coalesce(func.sum(amount), 0) for amount in (came, Order.refunded_amount))
    query = select(func.count(), func.count(Order.delivered_at), *sums).where(Order.paid_at >= since, SALE)
    if until is not None:
        query = query.where(Order.paid_at < until)
    paid, delivered, sales, back = db.session().execute(query).one()
    return Figures(paid, delivered, Money(int(sales), currency), Money(int(back), currency))


def has_buyers() -> bool:
    """Tell whether the shop has an order that no company placed."""
    return db.session().scalar(select(Order.id).where(Order.company_id.is_(None)).limit(1)) is not None


def latest(limit: int) -> Sequence[Order]:
    """List the latest orders of the shop."""
    query = select(Order).order_by(Order.id.desc()).limit(limit).options(selectinload(Order.lines))
    return db.session().scalars(query).all()
