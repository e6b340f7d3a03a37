"""What must hold after any load: every paid order has its code, no code has two owners, the books balance."""

from typing import Any

from sqlalchemy import Select, func, select

from app.entitlements.models import Entitlement, State
from app.inventory.models import Code, Status
from app.kit import db
from app.ledger.models import Entry, Transaction
from app.orders.models import Fulfilment, Order, Payment
from tests.make import Shop


class Broken(RuntimeError):
    """A promise was broken under load: no figure is worth anything then."""


def check(shop: Shop) -> None:
    """Raise Broken unless the shop, in which each order is of one code, kept its promises."""
    said = shop.read(_count)
    agree(said, "paid", "delivered", "entitlements", "codes owned", "codes sold", "sales posted")
    agree(said, "unpaid", "codes held")
    agree(said, "off balance", "nothing")


def agree(said: dict[str, int], *names: str) -> None:
    """Raise Broken unless these numbers are the same."""
    if len({said[name] for name in names}) != 1:
        raise Broken("; ".join(f"{name}: {said[name]}" for name in names))


def _count() -> dict[str, int]:
    sums = select(func.sum(Entry.amount)).group_by(Entry.tx_id, Entry.currency).having(func.sum(Entry.amount) != 0)
    return {
        "paid": _number(select(func.count()).where(Order.payment == Payment.PAID)),
        "delivered": _number(select(func.count()).where(Order.fulfilment == Fulfilment.DONE)),
        "unpaid": _number(select(func.count()).where(Order.payment == Payment.PENDING)),
        "entitlements": _number(select(func.count()).where(Entitlement.state == State.READY)),
        "codes owned": _number(select(func.count(Entitlement.code_id.distinct()))),
        "codes sold": _number(select(func.count()).where(Code.status == Status.SOLD)),
        "codes held": _number(select(func.count()).where(Code.status == Status.HELD)),
        "sales posted": _number(select(func.count()).where(Transaction.kind == "sale")),
        "off balance": len(db.session().execute(sums).all()),
        "nothing": 0,
    }


def _number(query: Select[Any]) -> int:
    return int(db.session().scalar(query) or 0)
