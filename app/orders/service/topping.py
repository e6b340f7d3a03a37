"""Topping up: an order for somebody's balance. It has no lines and holds no stock; it is paid as any other."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.kit import db
from app.kit.events import By, publish
from app.kit.money import Money
from app.merchants import queries as merchants
from app.orders import queries
from app.orders.errors import ShopIsClosed
from app.orders.events import TopUpAsked
from app.orders.models import Fulfilment, Order, Purpose, Tender
from app.orders.once import insert_once
from app.orders.service.placing import Basket, Wish, order_row, tender_row


@dataclass(frozen=True)
class TopUp:
    """What somebody wants to pay ahead, how they are written to, and the mark of the form."""

    holder_id: UUID
    money: Money
    contact: str
    lang: str
    idem: str
    company_id: UUID | None = None  # when the holder is one


def place_top_up(wish: TopUp, *, now: datetime, by: By) -> Order:
    """Place a top-up, which waits for its payment as any order does; the same `idem` gives the same one again."""
    basket = Basket((), wish.contact, wish.lang, wish.idem)
    row = order_row(Wish(basket, None, by, wish.company_id), wish.money, now)
    row |= {"purpose": Purpose.TOP_UP, "holder_id": wish.holder_id}
    row |= {"contact_index": b""}  # it counts for no limit of buyers
    if not insert_once([row]):
        return queries.get_by_idem(row["idem"])
    if merchants.current().is_closed:
        raise ShopIsClosed
    db.insert((Tender.__table__, [tender_row(row)]))
    facts = {"number": row["number"], "amount": wish.money.minor, "currency": wish.money.currency}
    publish(TopUpAsked(subject_id=row["id"], order_id=row["id"], expires_at=row["expires_at"], at=now, by=by, **facts))
    return Order(**row)


def finish_top_ups(order_ids: list[UUID], *, now: datetime) -> None:
    """Record that the money of paid top-ups is on the balance: nothing of them is owed any more."""
    o = Order.__table__.c
    mine = (o.merchant_id == db.merchant_id(), o.id.in_(order_ids), o.purpose == Purpose.TOP_UP)
    values = {"fulfilment": Fulfilment.DONE, "delivered_at": now}
    db.changed(update(Order.__table__).where(*mine).values(values))  # type: ignore[arg-type]
