"""Shared codes come in, are stopped and opened again, and get uses back that a refund takes from a buyer."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from app.catalog import queries as catalog
from app.catalog.queries import Sku, Source
from app.inventory import rules, sharing
from app.inventory.errors import BadCost, BadExpiry, BadUses, CodeTaken, NotACode, NotShared
from app.inventory.events import CodesImported, CodesStocked, SharedCodeFrozen, SharedCodeOpened
from app.inventory.models import Batch, BatchState, SharedCode
from app.inventory.service.counting import recount
from app.inventory.service.holds import tell_freed
from app.inventory.service.intake import ENCODE
from app.inventory.service.staging import COUNTERS, UNTOLD
from app.kit import crypto, db
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.secret import Secret

MOST_USES = 1_000_000


@dataclass(frozen=True)
class SharedDraft:
    """A shared code that is to come in: its fields, how many may use it, and what one use costs us."""

    values: Mapping[str, str]
    uses: int
    cost: Money
    expires_on: date | None = None
    supplier: str = ""


def add_shared(sku_id: UUID, draft: SharedDraft, *, now: datetime, today: date, by: By) -> UUID:
    """Take a shared code into stock, and return it; refuses what is no code and one that is known, faults together."""
    sku = catalog.list_skus_by_id([sku_id])[sku_id]
    if sku.source is not Source.SHARED:
        raise NotShared
    if faults := _faults(sku, draft, today):
        raise Invalid(faults)
    batch = _batch(sku, draft, now, by)
    number = _insert(sku, batch, draft)
    publish(CodesStocked(subject_id=sku.id, batch_id=batch.id, skus=(sku.id,), count=draft.uses, at=now, by=by))
    recount([sku.id], now=now)
    came = CodesImported(
        subject_id=batch.id,
        skus=(sku.id,),
        total=draft.uses,
        imported=draft.uses,
        duplicate_in_file=0,
        duplicate_in_stock=0,
        invalid=0,
        at=now,
        by=by,
    )
    publish(came)
    return number


def _faults(sku: Sku, draft: SharedDraft, today: date) -> dict[str, Refusal]:
    faults: dict[str, Refusal] = {}
    first = sku.kind.fields[0]
    values = [draft.values.get(name, "") for name in sku.kind.fields]
    if rules.fault(values, len(sku.kind.fields)) or rules.is_bad_link(first, values[0]):
        faults[first] = NotACode()
    if not 1 <= draft.uses <= MOST_USES:
        faults["uses"] = BadUses(MOST_USES)
    if draft.cost.minor < 0:
        faults["cost"] = BadCost()
    if draft.expires_on is not None and draft.expires_on < today:
        faults["expires"] = BadExpiry()
    return faults


def _batch(sku: Sku, draft: SharedDraft, now: datetime, by: By) -> Batch:
    """Open the batch of one shared code: its uses are what the books count."""
    number = new_id()
    batch = Batch(
        id=number,
        sku_id=sku.id,
        name=f"{sku.code} {now:%Y-%m-%d}",
        supplier=draft.supplier,
        cost_amount=draft.cost.minor,
        cost_currency=draft.cost.currency,
        expires_on=draft.expires_on,
        file_name="",
        key_id=crypto.create_key("code", number.hex).id,
        state=BatchState.READY,
        created_at=now,
        created_by=by.id,
        **UNTOLD,
        encoding="",
        columns="",
        delimiter="",
        **dict.fromkeys(COUNTERS, 0) | {"imported": draft.uses, "lines": 1},
    )
    db.session().add(batch)
    db.session().flush()
    return batch


def _insert(sku: Sku, batch: Batch, draft: SharedDraft) -> UUID:
    number, first = new_id(), sku.kind.fields[0]
    values = {name: draft.values[name].strip() for name in sku.kind.fields}
    row: dict[str, Any] = {
        "merchant_id": db.merchant_id(),
        "id": number,
        "sku_id": sku.id,
        "batch_id": batch.id,
        "uses": draft.uses,
        "uses_left": draft.uses,
        "frozen": False,
        "pick": rules.pick(batch.created_at, 1),
        "sealed": crypto.load_key(batch.key_id).seal("shared_code", "sealed", number, Secret(ENCODE(values))),
        "key_id": batch.key_id,
        "fingerprint": crypto.fingerprint_key("code").fingerprint(rules.canonical(first, values[first])),
        "tail": rules.tail(first, values[first]),
        "cost": draft.cost.minor,
        "expires_on": draft.expires_on,
    }
    put = db.insert_or(SharedCode).values(row).on_conflict_do_nothing(index_elements=["merchant_id", "fingerprint"])
    if db.changed(put) == 0:
        raise CodeTaken
    return number


def freeze_shared(shared_id: UUID, *, frozen: bool, now: datetime, by: By) -> None:
    """Sell no more uses of a code and let nobody look at it, or end that; what is so already stays so."""
    c = SharedCode.__table__.c
    other = (c.merchant_id == db.merchant_id(), c.id == shared_id, c.frozen != frozen)
    changed = update(SharedCode.__table__).where(*other).values(frozen=frozen).returning(c.sku_id)  # type: ignore[arg-type]
    for sku_id in db.session().scalars(changed).all():
        told = SharedCodeFrozen if frozen else SharedCodeOpened
        publish(told(subject_id=shared_id, skus=(sku_id,), at=now, by=by))
        recount([sku_id], now=now)
        if not frozen:
            tell_freed({sku_id}, now)


def return_uses(shared_ids: Iterable[UUID], *, now: datetime) -> None:
    """Let uses be sold again that buyers never saw; those who wait are told at once."""
    tell_freed(sharing.give_back(Counter(shared_ids)), now)
