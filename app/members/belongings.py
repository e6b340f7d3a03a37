"""What a member owns: the entitlements and the orders of all their contacts, filtered and paged."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import selectinload

from app.catalog import queries as catalog
from app.entitlements.queries import Entitlement, State
from app.inventory import queries as stock
from app.kit.listing import Listing
from app.orders import queries as orders
from app.orders.queries import Order

SOON = timedelta(days=30)
Condition = Callable[[date], ColumnElement[bool]]


def _expires(first: date | None, last: date) -> ColumnElement[bool]:
    e = Entitlement
    return stock.expires_within(e.merchant_id, e.code_id, e.shared_id, first, last)  # type: ignore[arg-type]


READY = (Entitlement.state == State.READY) & Entitlement.holder_id.is_(None)
STATES: Mapping[str, Condition] = {
    "ready": lambda today: READY & (Entitlement.used == 0) & ~_expires(None, today - timedelta(days=1)),
    "soon": lambda today: READY & (Entitlement.used == 0) & _expires(today, today + SOON),
    "used": lambda today: READY & (Entitlement.used > 0),
    "expired": lambda today: READY & (Entitlement.used == 0) & _expires(None, today - timedelta(days=1)),
    "coming": lambda today: Entitlement.state == State.PROMISED,
    "refunded": lambda today: Entitlement.state == State.REVOKED,
    "given": lambda today: (Entitlement.state == State.READY) & Entitlement.holder_id.is_not(None),
}


def entitlements_of(contacts: Sequence[bytes], *, today: date) -> Listing:
    """Return the list of what was bought with these contacts, the latest first."""
    theirs = orders.bought_by(contacts).with_only_columns(Order.id)

    def _of_state(query: Select[Any], text: str) -> Select[Any]:
        return query.where(STATES[text](today)) if text in STATES else query

    def _of_order(query: Select[Any], text: str) -> Select[Any]:
        found = orders.list_by_number(["".join(text.split())])
        return query.where(Entitlement.order_id.in_(found.values()))

    def _of_product(query: Select[Any], text: str) -> Select[Any]:
        product = catalog.find_product(text)
        return query.where(Entitlement.sku_id.in_([sku.id for sku in product.skus] if product else []))

    return Listing(
        query=lambda: select(Entitlement).where(Entitlement.order_id.in_(theirs)),
        keys=(Entitlement.id,),
        filters={"state": _of_state, "product": _of_product, "q": _of_order},
    )


def orders_of(contacts: Sequence[bytes]) -> Listing:
    """Return the list of the orders that were paid with these contacts, the latest first."""

    def _of_number(query: Select[Any], text: str) -> Select[Any]:
        return query.where(Order.number == "".join(text.split()))

    query = orders.bought_by(contacts).options(selectinload(Order.lines))
    return Listing(query=lambda: query, keys=(Order.id,), filters={"q": _of_number})
