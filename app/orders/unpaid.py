"""Unpaid orders beside one that is placed: what its buyer holds already, in one statement for many orders."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, union_all

from app.kit import db
from app.orders.models import Order

ORDER = Order.__table__.c
# Says what UNPAID of the queries says, but offers no index: all unpaid orders of a busy shop are many, those of a buyer
# few.
WAITING = (ORDER.payment == select(literal_column("0")).scalar_subquery()) & (
    ORDER.closed == select(literal_column("0")).scalar_subquery()
)


def _unpaid_of(whose: ColumnElement[Any], kind: str, number: int) -> Any:
    some = (
        select(ORDER.id)
        .where(
            ORDER.merchant_id == select(bindparam("merchant", type_=ORDER.merchant_id.type)).scalar_subquery(),
            whose == bindparam(f"{kind}_{number}", type_=whose.type),
            ORDER.expires_at > bindparam("now", type_=ORDER.expires_at.type),
            ORDER.id != bindparam(f"own_{number}", type_=ORDER.id.type),
            WAITING,
        )
        .order_by(ORDER.expires_at)  # which only the buyer's own index gives unsorted, whatever statistics promise
        .limit(bindparam("most"))
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


@lru_cache(maxsize=64)
def _unpaid_beside(count: int) -> Any:
    return union_all(
        *(
            select(
                literal_column(str(number)).label("number"),
                _unpaid_of(ORDER.contact_index, "contact", number).label("of_contact"),
                _unpaid_of(ORDER.device_id, "device", number).label("of_device"),
            )
            for number in range(count)
        )
    )


def count_unpaid_beside(
    orders: Sequence[Mapping[str, Any]], *, most: int, now: datetime
) -> Sequence[tuple[int, int, int]]:
    """Return for each order its place, and how many others of its contact and of its device hold stock unpaid."""
    binds = {"merchant": db.merchant_id(), "now": now, "most": most}
    for number, order in enumerate(orders):
        binds |= {f"contact_{number}": order["contact_index"], f"device_{number}": order["device_id"]}
        binds[f"own_{number}"] = order["id"]
    return [tuple(row) for row in db.session().execute(_unpaid_beside(len(orders)), binds)]
