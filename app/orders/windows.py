"""Windows: how much one contact, device, network or payer has ordered lately, in one statement for many orders."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, union_all

from app.kit import db
from app.kit.columns import Moment
from app.orders.models import Order
from app.risk.queries import INSTANT, Rule, What, Whose

ORDER = Order.__table__.c
OF = {
    Whose.CONTACT: ORDER.contact_index,
    Whose.DEVICE: ORDER.device_id,
    Whose.NETWORK: ORDER.network_index,
    Whose.PAYER: ORDER.payer_index,
}
# Orders of one hand that are looked at, the newest; who has placed more within the day is far beyond any limit.
MOST = 500
TIME_TO_PAY = timedelta(minutes=15)  # expires_at less this is when an order was placed, and indexes end with it

# Of a rule: what is counted, in which window, of whom.
Shape = tuple[tuple[str, What, int, Whose], ...]


def count_lately(orders: Sequence[Mapping[str, Any]], rules: Sequence[Rule], *, now: datetime) -> list[dict[str, int]]:
    """Return for each of these orders, which are in the database already, what each rule counts of it."""
    shape: Shape = tuple((rule.name, rule.what, rule.minutes, rule.whose) for rule in rules)
    found: list[dict[str, int]] = [{} for _ in orders]
    asked = [
        (number, whose)
        for number, order in enumerate(orders)
        for whose in dict.fromkeys(rule.whose for rule in rules)
        if order.get(OF[whose].name) is not None
    ]
    if not asked:
        return found
    binds: dict[str, Any] = {"merchant": db.merchant_id(), "now": now}
    binds |= {f"since_{minutes}": now + TIME_TO_PAY - timedelta(minutes=minutes) for minutes in _minutes(shape)}
    for place, (number, whose) in enumerate(asked):
        binds[f"who_{place}"] = orders[number][OF[whose].name]
    for row in db.session().execute(_counting(tuple(whose for _, whose in asked), shape), binds).mappings():
        number, whose = asked[row["place"]]
        names = [name for name, _, _, of in shape if of is whose]
        found[number] |= {name: int(row[f"c{slot}"] or 0) for slot, name in enumerate(names)}
    return found


def _minutes(shape: Shape) -> list[int]:
    return sorted({minutes for _, _, minutes, _ in shape} | {1440})


@lru_cache(maxsize=128)
def _counting(asked: tuple[Whose, ...], shape: Shape) -> Any:
    slots = max(sum(of is whose for *_, of in shape) for whose in set(asked))
    return union_all(*(_of(place, whose, shape, slots) for place, whose in enumerate(asked)))


def _of(place: int, whose: Whose, shape: Shape, slots: int) -> Any:
    latest = (
        select(ORDER.contact_index, ORDER.total_amount, ORDER.refusals, ORDER.payment, ORDER.closed, ORDER.expires_at)
        .where(
            ORDER.merchant_id == bindparam("merchant", type_=ORDER.merchant_id.type),
            OF[whose] == bindparam(f"who_{place}", type_=OF[whose].type),
            ORDER.expires_at > bindparam("since_1440", type_=Moment()),
        )
        .order_by(ORDER.expires_at.desc())
        .limit(literal_column(str(MOST)))
        .subquery()
    )
    counts = [_count(latest.c, what, minutes) for _, what, minutes, of in shape if of is whose]
    counts += [literal_column("0")] * (slots - len(counts))  # a NULL has no type in a UNION
    return select(
        literal_column(str(place)).label("place"), *(count.label(f"c{slot}") for slot, count in enumerate(counts))
    ).select_from(latest)


def _count(row: Any, what: What, minutes: int) -> ColumnElement[Any]:
    if minutes == INSTANT:
        waits = (row.payment == literal_column("0")) & (row.closed == literal_column("0"))
        return func.count().filter(waits & (row.expires_at > bindparam("now", type_=Moment())))
    counted: ColumnElement[Any] = {
        What.ORDERS: func.count(),
        What.MONEY: func.sum(row.total_amount),
        What.CONTACTS: func.count(row.contact_index.distinct()),
        What.REFUSED: func.sum(row.refusals),
    }[what]
    return counted.filter(row.expires_at > bindparam(f"since_{minutes}", type_=Moment()))  # type: ignore[no-any-return]
