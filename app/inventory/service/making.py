"""Making codes that were never in stock: by a pattern while they are sold, or by hand for somebody who waits.

They are sold from their first moment, sealed under the key of a batch that each SKU has for each month, and cost
nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.catalog import queries as catalog
from app.inventory import marks, rules
from app.inventory.errors import CodeTaken, NotACode
from app.inventory.models import Batch, BatchState, Status
from app.inventory.patterns import Pattern
from app.inventory.service.intake import ENCODE
from app.inventory.service.sales import Owed, Sold
from app.inventory.service.staging import COUNTERS, UNTOLD
from app.kit import crypto, db
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.merchants import queries as merchants

TRIES = 5  # with 60 bits and more, a second try is never needed
BATCH = Batch.__table__.c


def make(sku_id: UUID, pattern: Pattern, owed: Sequence[Owed], *, now: datetime, today: date) -> list[Sold]:
    """Make a code for each promise, and return those that were made; the unique fingerprint keeps them apart."""
    batch = _book(sku_id, len(owed), now, today)
    left, sold = list(owed), list[Sold]()
    for _ in range(TRIES):
        rows = [_row(batch, sku_id, place, one, {"code": pattern.make()}) for place, one in enumerate(left)]
        new = marks.insert_new(rows)
        made = {row["entitlement_id"]: row for row in rows if row["id"] in new}
        sold += [_sold(one, made[one.entitlement_id]) for one in left if one.entitlement_id in made]
        left = [one for one in left if one.entitlement_id not in made]
        if not left:
            break
    return sold


def enter(owed: Owed, values: Mapping[str, str], *, now: datetime, today: date) -> Sold:
    """Take in what somebody of the staff has got for a buyer; refuses what is no code, and a known one."""
    fields = tuple(values)
    if rules.fault(tuple(values.values()), len(fields)) or rules.is_bad_link(fields[0], values[fields[0]]):
        raise NotACode
    row = _row(_book(owed.sku_id, 1, now, today), owed.sku_id, 0, owed, values)
    if not marks.insert_new([row]):
        raise CodeTaken
    return _sold(owed, row)


def _sold(owed: Owed, row: Mapping[str, Any]) -> Sold:
    return Sold(owed.part_id, 0, row["id"], owed.entitlement_id, row["tail"], 0)


def _row(batch: Any, sku_id: UUID, place: int, owed: Owed, values: Mapping[str, str]) -> dict[str, Any]:
    number, prints = new_id(), crypto.fingerprint_key("code")
    field, *more = values
    text, line = values[field], batch.imported - place
    pair = prints.fingerprint(rules.canonical_pair(field, text, values[more[0]])) if more else None
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "sku_id": sku_id,
        "batch_id": batch.id,
        "status": Status.SOLD,
        "frozen": False,
        "lane": 0,
        "pick": rules.pick(batch.created_at, line),
        "held_by": None,
        "held_until": None,
        "entitlement_id": owed.entitlement_id,
        "sealed": crypto.load_key(batch.key_id).seal("code", "sealed", number, Secret(ENCODE(dict(values)))),
        "key_id": batch.key_id,
        "fingerprint": prints.fingerprint(rules.canonical(field, text)),
        "pin_fingerprint": pair,
        "tail": rules.tail(field, text),
        "cost": 0,
        "expires_on": None,
        "line": line,
        "tags": "",
    }


# The batch of a month --------------------------------------------------------------------------------------------


def _book(sku_id: UUID, count: int, now: datetime, today: date) -> Any:
    """Count codes into the SKU's batch of the month, which is opened with its first one, and return that batch."""
    number = _batch_id(sku_id, today)
    counted = update(Batch.__table__).where(BATCH.merchant_id == db.merchant_id(), BATCH.id == number)  # type: ignore[arg-type]
    values: dict[str, Any] = {"imported": BATCH.imported + count, "lines": BATCH.lines + count}
    counted = counted.values(values).returning(BATCH.id, BATCH.key_id, BATCH.imported, BATCH.created_at)
    found = db.session().execute(counted).first()
    if found is None:
        _open(number, sku_id, now, today)
        found = db.session().execute(counted).one()
    return found


def _batch_id(sku_id: UUID, today: date) -> UUID:
    """Return the one id that the batch of a SKU and a month can have; it sorts among others by its first day."""
    first = round(datetime(today.year, today.month, 1, tzinfo=UTC).timestamp() * 1000)
    rest = int.from_bytes(hashlib.sha256(sku_id.bytes + f"{today:%Y-%m}".encode()).digest()[:10])
    mixed = (first << 80) | rest
    return UUID(int=mixed & ~(0xF << 76) & ~(0x3 << 62) | (7 << 76) | (2 << 62))


def _open(number: UUID, sku_id: UUID, now: datetime, today: date) -> None:
    sku = catalog.list_skus_by_id([sku_id])[sku_id]
    values: dict[str, Any] = {
        "merchant_id": db.merchant_id(),
        "id": number,
        "sku_id": sku_id,
        "name": f"{sku.code} {today:%Y-%m}",
        "supplier": "",
        "cost_amount": 0,
        "cost_currency": merchants.current().currency,
        "expires_on": None,
        "file_name": "",
        "key_id": crypto.key_for("code", number.hex).id,
        "state": BatchState.READY,
        "created_at": now,
        "created_by": None,
        "recalled_at": None,
        "encoding": "",
        "columns": "",
        "delimiter": "",
    }
    rows = values | UNTOLD | dict.fromkeys(COUNTERS, 0)
    db.changed(db.insert_or(Batch).values(rows).on_conflict_do_nothing(index_elements=["merchant_id", "id"]))
