"""Pre-sale: before its release a SKU is sold without stock, up to a cap; what is paid is promised until the day.

The counter (`app.inventory.presold`) is the guard; what is held lies beside it, so that an order which is not paid
gives its pieces back. Money that comes after that is counted all the same, over the cap if it must be: it is there
already.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, update

from app.inventory.errors import OutOfStock, SoldOut
from app.inventory.events import HoldsLapsed
from app.inventory.models import PresaleHold
from app.inventory.presold import count_taken, give_back, take
from app.inventory.service.holds import Held, Want, tell_freed
from app.inventory.service.sales import Owed, Sold
from app.kit import db
from app.kit.events import publish

HOLD = PresaleHold.__table__.c


class Presale:
    """Promises of what is not released yet."""

    def hold(self, wants: Sequence[Want], *, until: datetime, now: datetime, today: date) -> list[Held]:
        return [_hold(want, until, now) for want in sorted(wants, key=lambda want: (want.sku_id, want.part_id))]

    def keep(self, part_ids: Sequence[UUID]) -> Counter[UUID]:
        kept = update(PresaleHold.__table__).where(*_of_parts(part_ids)).values(held_until=None)  # type: ignore[arg-type]
        rows = db.session().execute(kept.returning(HOLD.part_id, HOLD.quantity))
        return Counter({row.part_id: row.quantity for row in rows})

    def release(self, part_ids: Sequence[UUID], *, now: datetime) -> set[UUID]:
        skus = give_back(_pieces(_end(*_of_parts(part_ids))))
        tell_freed(skus, now)
        return skus

    def sell(self, wants: Sequence[Want], *, now: datetime, today: date) -> list[Sold]:
        held = {row.part_id for row in _end(*_of_parts([want.part_id for want in wants]))}
        lost = Counter[UUID]()
        for want in wants:
            lost[want.sku_id] += want.quantity if want.part_id not in held else 0
        for sku_id in sorted(sku for sku in lost if lost[sku]):
            take(sku_id, lost[sku_id], None)
        return []

    def give(self, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
        return []


def _hold(want: Want, until: datetime, now: datetime) -> Held:
    if not take(want.sku_id, want.quantity, want.most):
        lapsed = _end(HOLD.sku_id == want.sku_id, HOLD.held_until < now)
        give_back(_pieces(lapsed))
        if lapsed:
            publish(HoldsLapsed(subject_id=want.sku_id, parts=tuple(row.part_id for row in lapsed), at=now))
        if not lapsed or not take(want.sku_id, want.quantity, want.most):
            left = (want.most or 0) - count_taken([want.sku_id]).get(want.sku_id, 0)
            raise OutOfStock(left) if left > 0 else SoldOut(0)
    facts = {"part_id": want.part_id, "sku_id": want.sku_id, "quantity": want.quantity, "held_until": until}
    db.insert((PresaleHold.__table__, [{"merchant_id": db.merchant_id(), **facts}]))
    return Held(want.part_id, (), 0)


def _of_parts(part_ids: Sequence[UUID]) -> tuple[ColumnElement[bool], ...]:
    return (HOLD.merchant_id == db.merchant_id(), HOLD.part_id.in_(part_ids))


def _end(*which: ColumnElement[bool]) -> Sequence[Any]:
    ended = delete(PresaleHold.__table__).where(HOLD.merchant_id == db.merchant_id(), *which)  # type: ignore[arg-type]
    rows = db.session().execute(ended.returning(HOLD.part_id, HOLD.sku_id, HOLD.quantity))
    return sorted(rows, key=lambda row: row.part_id)


def _pieces(rows: Sequence[Any]) -> Counter[UUID]:
    pieces = Counter[UUID]()
    for row in rows:
        pieces[row.sku_id] += row.quantity
    return pieces
