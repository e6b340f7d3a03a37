"""The guarded statements of redemption: the counter of a voucher goes down only while something is left, in time.

Whoever redeems locks vouchers first, in one order, so that two lists that overlap wait for each other and do not
block. The guards do not need the lock: without it the second UPDATE finds nothing left and changes no row.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, TextualSelect, bindparam, or_, select, text, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from app.entitlements import queries as entitled
from app.inventory import queries as stock
from app.kit import db
from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.inline import (
    MANY,
    Batch,
    among,
    arrays,
    binds_of,
    given,
    inline,
    insert_arrays,
    insert_into,
    inserted,
    inserted_arrays,
    is_in,
    spread,
    unnested,
)
from app.redemption.models import Redemption, Voucher

VOUCHER, REDEMPTION = Voucher.__table__.c, Redemption.__table__.c
AT_ONCE = 200  # vouchers a statement
KINDS: dict[str, TypeEngine[Any]] = {"entitlement_id": Id(), "uses": Integer()}


def lock(entitlement_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Lock vouchers, ascending, and return them as plain rows by entitlement, each with whether its code is barred."""
    if not entitlement_ids:
        return {}
    ids, count = sorted(entitlement_ids), _shape(len(entitlement_ids))
    binds = spread("id", ids) if count else {"id": ids}
    rows = db.session().execute(_locking(count), {"merchant": db.merchant_id()} | binds)
    return {row.entitlement_id: row for row in rows}


def find(entitlement_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return vouchers as plain rows by entitlement, without a lock."""
    if not entitlement_ids:
        return {}
    count = _shape(len(entitlement_ids))
    binds = spread("id", entitlement_ids) if count else {"id": list(entitlement_ids)}
    rows = db.session().execute(_seen(count), {"merchant": db.merchant_id()} | binds)
    return {row.entitlement_id: row for row in rows}


def _shape(count: int) -> int:
    """Return for how many rows a statement is made: few have one of their own, many come as arrays where they can."""
    return count if count <= MANY or db.is_sqlite() else 0


@lru_cache(maxsize=256)  # making a statement costs more than running it
def _locking(count: int) -> Select[Any]:
    return _seen(count).with_for_update(of=Voucher.__table__)


@lru_cache(maxsize=256)
def _seen(count: int) -> Select[Any]:
    """Return the question for so many vouchers, or, for 0, for any number that comes as an array."""
    mine = among(VOUCHER.entitlement_id, "id", count) if count else is_in(VOUCHER.entitlement_id, "id")
    shared = entitled.is_share_barred(VOUCHER.merchant_id, VOUCHER.entitlement_id)
    barred = stock.is_barred(VOUCHER.merchant_id, VOUCHER.code_id) | (VOUCHER.code_id.is_(None) & shared)
    found = select(Voucher.__table__, barred.label("barred")).where(VOUCHER.merchant_id == bindparam("merchant"), mine)
    return found.order_by(VOUCHER.entitlement_id)


def take(uses: Mapping[UUID, int], *, now: datetime) -> dict[UUID, int]:
    """Take uses from the vouchers of entitlements that have so many left and are in time; returns what is left."""
    return _count({number: -count for number, count in uses.items()}, now=now)


def give_back(uses: Mapping[UUID, int]) -> dict[UUID, int]:
    """Give uses back to vouchers, in time or not; returns what is left."""
    return _count(uses, now=None)


def _count(changes: Mapping[UUID, int], *, now: datetime | None) -> dict[UUID, int]:
    if not changes:
        return {}
    count, rows = _shape(len(changes)), list(changes.items())
    binds: dict[str, Any] = {"merchant": db.merchant_id()} | ({"now": now} if now else {})
    if count:
        binds |= spread("id", list(changes)) | given("new", KINDS, rows)
    else:
        binds |= arrays("new", KINDS, rows)
    found = db.session().execute(_counting(count, in_time=now is not None), binds)
    return {row.entitlement_id: row.uses_left for row in found}


@lru_cache(maxsize=256)
def _counting(count: int, *, in_time: bool) -> ReturningUpdate[Any]:
    new = inline("new", KINDS, [[None] * len(KINDS)] * count) if count else unnested("new", KINDS)
    now, after = bindparam("now", type_=Moment), VOUCHER.uses_left + new.c.uses
    timely = (VOUCHER.valid_from <= now, or_(VOUCHER.valid_until.is_(None), VOUCHER.valid_until > now))
    return (
        update(Voucher.__table__)  # type: ignore[arg-type]
        .where(
            VOUCHER.merchant_id == bindparam("merchant"),
            *((among(VOUCHER.entitlement_id, "id", count),) if count else ()),
            VOUCHER.entitlement_id == new.c.entitlement_id,
            after >= 0,
            *(timely if in_time else ()),
        )
        .values(uses_left=after)
        .returning(VOUCHER.entitlement_id, VOUCHER.uses_left)
    )


def write(rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Write redemptions, each unless its act was written before, and return the ids of those that are new."""
    if not rows:
        return set()
    names, count = (*rows[0],), _shape(len(rows))
    binds = inserted([rows]) if count else inserted_arrays(rows)
    return set(db.session().scalars(_writing(names, count), binds))


@lru_cache(maxsize=256)
def _writing(names: tuple[str, ...], count: int) -> TextualSelect:
    if count:
        batch: Batch = (Redemption.__table__, names, count)  # type: ignore[assignment]
        words, binds = insert_into(0, batch), binds_of(0, batch)
    else:
        words, binds = insert_arrays(Redemption.__table__, names)  # type: ignore[arg-type]
    once = f"{words} ON CONFLICT (merchant_id, idem) DO NOTHING RETURNING id"
    return text(once).bindparams(*binds).columns(id=Id())


def find_written(idems: Sequence[bytes]) -> dict[bytes, Any]:
    """Return what was written for these acts, as plain rows."""
    if not idems:
        return {}
    binds = {"merchant": db.merchant_id()} | spread("idem", idems)
    return {row.idem: row for row in db.session().execute(_finding(len(idems)), binds)}


@lru_cache(maxsize=256)
def _finding(count: int) -> Select[Any]:
    mine = (REDEMPTION.merchant_id == bindparam("merchant"), among(REDEMPTION.idem, "idem", count))
    return select(Redemption.__table__).where(*mine)
