"""Paying from a balance that the shop keeps: the same notice as any gateway's, made by ourselves in the same unit."""

from datetime import datetime

from sqlalchemy import select

from app.kit import crypto, db
from app.kit.ids import base32, new_id
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Order
from app.payments.models import Method
from app.payments.providers import BALANCE, Told
from app.payments.service.methods import CREDENTIALS
from app.payments.service.notices import Arrived, apply


def pay_from_balance(order: Order, *, trade_no: str, now: datetime) -> None:
    """Pay an unpaid order by a notice of the shop's own; whoever calls has taken the money in this unit.

    Refuses with NotPayable when the order waits for no payment.
    """
    method = _method(now)
    tender = ordering.start_paying(order, method.id, now=now)
    told = Told(base32(tender.id), trade_no, method.account, tender.due)
    apply([Arrived(method.id, told, "", now)])
    assert orders.find_due(order.id) is None, "the money was taken, so the order is paid"


def _method(now: datetime) -> Method:
    """Return the shop's way to pay from balances, made when it is first needed.

    No cashier offers it, and no address leads to it, so that nobody outside can say something was paid.
    """
    known = db.session().scalar(select(Method).where(Method.provider == BALANCE).order_by(Method.id).limit(1))
    if known is not None:
        return known
    number, key = new_id(), crypto.key_for(CREDENTIALS)
    method = Method(
        id=number,
        provider=BALANCE,
        enabled=False,
        position=0,
        account=BALANCE,
        credentials=key.seal("payment_method", "credentials", number, Secret("")),
        key_id=key.id,
        hook_token=random_token(),
        created_at=now,
    )
    db.session().add(method)
    db.session().flush()
    return method
