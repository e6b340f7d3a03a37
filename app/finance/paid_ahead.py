"""Whether each top-up that was paid is on its balance, once and whole."""

from typing import Any

from sqlalchemy import Select, func, or_, select

from app.balances.queries import Movement, MovementKind
from app.kit import db
from app.kit.ids import public
from app.kit.money import Money
from app.ledger.queries import MOST, Fault
from app.orders.queries import Order, Purpose


def uncredited() -> list[Fault]:
    """Return paid top-ups that put another sum onto a balance than was paid, or took another one off than went back."""
    faults = []
    for order, currency, *sums in db.session().execute(_uncredited().limit(MOST)):
        paid, refunded, came, back = (f"{Money(int(amount), currency).major} {currency}" for amount in sums)
        where = public("ord", order)
        faults.append(Fault("top-up is not on the balance", where, f"{came} less {back}", f"{paid} less {refunded}"))
    return faults


def _uncredited() -> Select[Any]:
    o, m = Order.__table__.c, Movement.__table__.c
    came = func.sum(m.amount).filter(m.kind == MovementKind.TOP_UP).label("came")
    back = func.sum(-m.amount).filter(m.kind == MovementKind.PAID_OUT).label("back")
    sums = select(m.order_id, came, back).where(m.merchant_id == db.merchant_id(), m.order_id.is_not(None))
    moved = sums.group_by(m.order_id).subquery()
    found = [func.coalesce(moved.c.came, 0), func.coalesce(moved.c.back, 0)]
    query = select(o.id, o.currency, o.total_amount, o.refunded_amount, *found)
    query = query.select_from(Order.__table__.outerjoin(moved, moved.c.order_id == o.id)).order_by(o.id)
    paid = (o.merchant_id == db.merchant_id(), o.purpose == Purpose.TOP_UP, o.paid_at.is_not(None))
    return query.where(*paid, or_(found[0] != o.total_amount, found[1] != o.refunded_amount))
