"""Replacing: a buyer whose code does not work gets another one, and the old one is set aside."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update

from app.entitlements.errors import NotReplaceable
from app.entitlements.events import CodeReplaced
from app.entitlements.models import Entitlement, State
from app.inventory import service as inventory
from app.kit import db
from app.kit.events import By, publish
from app.merchants import queries as merchants
from app.orders import service as ordering


def replace(entitlement_id: UUID, *, reason: str, now: datetime, by: By) -> UUID:
    """Give the buyer of a ready entitlement another free code in place of its own, and return that code.

    Refuses with NotReplaceable, with CodeStoodOtherwise, and with SoldOut when there is no other.
    """
    e = Entitlement.__table__.c
    mine = (e.merchant_id == db.merchant_id(), e.id == entitlement_id, e.state == State.READY, e.used == 0)
    touch = update(Entitlement.__table__).where(*mine, e.code_id.is_not(None)).values(state=State.READY)  # type: ignore[arg-type]
    row = db.session().execute(touch.returning(e.part_id, e.sku_id, e.order_id)).first()
    if row is None:
        raise NotReplaceable
    owed = inventory.Owed(entitlement_id, row.part_id, row.sku_id)
    today = now.astimezone(ZoneInfo(merchants.current().zone)).date()
    made = inventory.exchange(owed, reason=reason, now=now, today=today, by=by, order_id=row.order_id)
    given = update(Entitlement.__table__).where(*mine, e.code_id == made.old_id)  # type: ignore[arg-type]
    if db.changed(given.values(code_id=made.new.code_id, tail=made.new.tail)) != 1:
        raise NotReplaceable
    if made.more:
        ordering.add_costs({row.part_id: made.more})
    told = {"entitlement_id": entitlement_id, "new_code_id": made.new.code_id, "reason": reason}
    publish(CodeReplaced(subject_id=made.old_id, order_id=row.order_id, at=now, by=by, **told))  # type: ignore[arg-type]
    return made.new.code_id  # type: ignore[return-value]
