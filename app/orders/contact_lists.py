"""Lists of what was bought with contacts, by their blind index."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from app.kit import db
from app.orders.models import Order, Payment, Purpose


def bought_by(indexes: Collection[bytes]) -> Select[Any]:
    """Return the query for the orders of persons with these contacts that were ever paid."""
    mine = (Order.contact_index.in_(list(indexes)), Order.company_id.is_(None), Order.purpose == Purpose.SALE)
    return select(Order).where(*mine, Order.payment != Payment.PENDING)


def count_bought(indexes: Collection[bytes]) -> dict[bytes, int]:
    """Count the orders of persons that were ever paid, by contact."""
    query = bought_by(indexes).with_only_columns(Order.contact_index, func.count()).group_by(Order.contact_index)
    return dict(db.session().execute(query).all()) if indexes else {}


def list_with_lines(ids: Iterable[UUID]) -> dict[UUID, Order]:
    """Return the orders with these ids, with their lines."""
    query = select(Order).where(Order.id.in_(set(ids))).options(selectinload(Order.lines))
    return {order.id: order for order in db.session().scalars(query)}
