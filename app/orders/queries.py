"""Questions about orders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import selectinload

from app.kit import clock, crypto, db
from app.kit.errors import NotFound
from app.kit.listing import Listing
from app.kit.money import Money
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders.models import Closed, Payment
from app.orders.models import Fulfilment as Fulfilment
from app.orders.models import Line as Line
from app.orders.models import Order as Order
from app.orders.models import Part as Part
from app.orders.models import Tender as Tender
from app.orders.models import TenderState as TenderState
from app.orders.rules import status as status

WAITS = (Order.payment == Payment.PENDING) & (Order.closed == Closed.OPEN)

# They agree with rules.status: an unpaid order is expired from its time on, whether or not somebody closed it.
FILTERS: Mapping[str, Callable[[datetime], ColumnElement[bool]]] = {
    "pending": lambda now: WAITS & (Order.expires_at > now),
    "queued": lambda now: Order.fulfilment == Fulfilment.QUEUED,
    "delivered": lambda now: Order.fulfilment == Fulfilment.DONE,
    "expired": lambda now: (Order.closed == Closed.EXPIRED) | WAITS & (Order.expires_at <= now),
}


def _paid_on(query: Select[Any], text: str) -> Select[Any]:
    """Keep what was paid on a day of the shop, written 2026-02-17; a text that is no day keeps everything."""
    try:
        begins = datetime.combine(date.fromisoformat(text), time(), ZoneInfo(merchants.current().zone))
    except ValueError:
        return query
    return query.where(Order.paid_at >= begins, Order.paid_at < begins + timedelta(days=1))


ORDERS = Listing(
    query=lambda: select(Order).options(selectinload(Order.lines)),
    keys=(Order.id,),
    filters={
        "status": lambda query, text: query.where(FILTERS[text](clock.now())) if text in FILTERS else query,
        "q": lambda query, text: query.where(Order.number == "".join(text.split())),
        "paid_on": _paid_on,
    },
)


def get(number: UUID | None) -> Order:
    """Return an order with its lines, or refuse with NotFound."""
    order = db.session().scalar(select(Order).where(Order.id == number).options(selectinload(Order.lines)))
    if order is None:
        raise NotFound
    return order


def get_by_idem(idem: bytes) -> Order:
    """Return the order that the form with this mark made."""
    return db.session().scalars(select(Order).where(Order.idem == idem)).one()


def find_due(order_id: UUID) -> Tender | None:
    """Return the tender that an order still waits for."""
    return db.session().scalar(select(Tender).where(Tender.order_id == order_id, Tender.state == TenderState.DUE))


def list_tenders(ids: Sequence[UUID]) -> dict[UUID, Tender]:
    """Return tenders by id."""
    return {tender.id: tender for tender in db.session().scalars(select(Tender).where(Tender.id.in_(ids)))}


def list_tenders_of(order_id: UUID) -> Sequence[Tender]:
    """List how an order is paid."""
    return db.session().scalars(select(Tender).where(Tender.order_id == order_id).order_by(Tender.id)).all()


def list_parts(order_ids: Sequence[UUID]) -> Sequence[Part]:
    """List the parts of orders."""
    query = select(Part).where(Part.order_id.in_(order_ids)).order_by(Part.id)
    fresh = query.execution_options(populate_existing=True)  # set_costs writes past the session
    return db.session().scalars(fresh).all()


def list_lines(order_id: UUID) -> Sequence[Line]:
    """List the lines of an order as they were frozen at placement."""
    return db.session().scalars(select(Line).where(Line.order_id == order_id).order_by(Line.position)).all()


def list_of_device(device_id: UUID, *, limit: int = 20) -> Sequence[Order]:
    """List the latest orders placed in one browser."""
    query = select(Order).where(Order.device_id == device_id).order_by(Order.id.desc()).limit(limit)
    return db.session().scalars(query.options(selectinload(Order.lines))).all()


def contact_of(order: Order) -> Secret:
    """Return the contact of an order; for the people of the shop and for telling the buyer."""
    place = crypto.Sealed("order", "contact", order.merchant_id, order.id, order.contact_key_id, order.contact_sealed)
    return crypto.unseal(place, "contact")


@dataclass(frozen=True)
class Figures:
    """What was sold in a stretch of time."""

    paid: int
    delivered: int
    sales: Money


def figures(*, since: datetime, currency: str, until: datetime | None = None) -> Figures:
    """Return how many orders were paid and delivered since a moment, and what they brought."""
    query = select(func.count(), func.count(Order.delivered_at), func.coalesce(func.sum(Order.total_amount), 0)).where(
        Order.paid_at >= since
    )
    if until is not None:
        query = query.where(Order.paid_at < until)
    paid, delivered, amount = db.session().execute(query).one()
    return Figures(paid, delivered, Money(int(amount), currency))


def count_queued() -> int:
    """Count paid orders that still wait for a code."""
    query = select(func.count()).select_from(Order).where(Order.fulfilment == Fulfilment.QUEUED)
    return db.session().scalar(query) or 0


def latest(limit: int) -> Sequence[Order]:
    """List the latest orders of the shop."""
    query = select(Order).order_by(Order.id.desc()).limit(limit).options(selectinload(Order.lines))
    return db.session().scalars(query).all()
