"""The latest orders of a browser or a contact, and the one that somebody names."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, GenerativeSelect, and_, literal, or_, select
from sqlalchemy.orm import selectinload

from app.kit import db
from app.kit.few import either, no_index
from app.orders.contacts import contact_index
from app.orders.models import Order, Payment
from app.orders.passwords import hash_of

Q = TypeVar("Q", bound=GenerativeSelect)


def list_of_device(device_id: UUID, *, since: datetime, limit: int = 20) -> Sequence[Order]:
    """List the latest orders placed in one browser since a moment."""
    query = select(Order).where(Order.device_id == device_id, Order.placed_at >= since)
    return db.session().scalars(lately(query, limit).options(selectinload(Order.lines))).all()


def mark_of(name: str) -> str:
    """Return a mark of an order number or a contact, however it is spelled; it tells nobody without our key which."""
    return contact_index(name).hex()


def find_own(name: str, password: str, *, paid: Collection[UUID] = ()) -> UUID | None:
    """Return the order of this number or contact, or among those `paid` so, that this password opens; one query."""
    query = select(Order.id).where(_is_named(name, paid), Order.password_hash == hash_of(password))
    return db.session().scalar(lately(query, 1))


def find_latest_paid(name: str, *, paid: Collection[UUID] = ()) -> UUID | None:
    """Return the latest order of this number or contact, or among those `paid` so, that was paid; one query."""
    query = select(Order.id).where(_is_named(name, paid), Order.payment.in_((Payment.PAID, Payment.PARTIALLY_REFUNDED)))
    return db.session().scalar(lately(query, 1))


def find_reached(name: str, *, by_mail: bool, by_phone: bool, paid: Collection[UUID] = ()) -> tuple[UUID, bytes] | None:
    """Return the latest order of this number or contact that was ever paid and whose contact is an address of these
    kinds, with the blind index of that; one query, whatever there is."""
    phone = Order.contact_mask.like("%****____") & ~Order.contact_mask.contains("@")
    kinds = or_(and_(literal(by_mail), Order.contact_mask.contains("@")), and_(literal(by_phone), phone))
    query = select(Order.id, Order.contact_index).where(_is_named(name, paid), Order.payment != Payment.PENDING, kinds)
    row = db.session().execute(lately(query.where(Order.contact_index != b""), 1)).first()
    return (row.id, row.contact_index) if row else None


def list_of_contact(index: bytes, limit: int = 20) -> Sequence[Order]:
    """List the latest orders of a contact that were ever paid, by its blind index."""
    query = select(Order).where(Order.contact_index == index, Order.payment != Payment.PENDING)
    return db.session().scalars(lately(query, limit).options(selectinload(Order.lines))).all()


def lately(query: Q, limit: int) -> Q:
    """Return the query for the latest orders among those few that an index finds."""
    return query.order_by(no_index(Order.id).desc()).limit(limit)


def _is_named(name: str, paid: Collection[UUID]) -> ColumnElement[bool]:
    named = (Order.number == "".join(name.split()), Order.contact_index == contact_index(name))
    return either(Order.id, *named, *([Order.id.in_(list(paid))] if paid else []))
