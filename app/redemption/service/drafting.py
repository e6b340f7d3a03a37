"""Drafting: a list becomes a preview in the database, row by row sealed and looked up; nothing is used yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from app.inventory.queries import Typed
from app.kit import crypto, db, tasks
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.redemption import standing, terms
from app.redemption.errors import EmptyList, ListTooLong, LocationClosed
from app.redemption.models import Bulk, BulkRow, BulkState, RowState
from app.redemption.rules import LONGEST_NAME, LONGEST_REFERENCE, Wish, state_of, why_not
from app.redemption.service.redeeming import Via
from app.redemption.standing import Standing

MOST_ROWS = 20_000
AT_ONCE = 500
KEPT = timedelta(days=1)  # what nobody confirms
DISCARD = "redemption.discard"
SEALED = "bulk row"
BETWEEN = "\0"  # a text and its PIN


@dataclass(frozen=True)
class Draft:
    """What a list is redeemed for: through which door, and, for a company, its own orders only."""

    via: Via
    name: str = ""
    company_id: UUID | None = None


@dataclass(frozen=True)
class Asked:
    """A row of a list: what was typed, or an entitlement that was chosen; and for whom it is."""

    typed: Typed | None = field(default=None, repr=False)
    entitlement_id: UUID | None = None
    reference: str = ""


def draft_bulk(merchant_id: int, draft: Draft, rows: Iterable[Asked], *, now: datetime) -> UUID:
    """Take a list in and return the bulk that shows what would become of each row; opens its own units.

    Refuses with EmptyList, ListTooLong or LocationClosed, and then leaves nothing behind; what a killed process
    leaves, nobody sees, and a task discards it.
    """
    bulk_id = db.write(merchant_id, lambda: _open(draft, now))
    try:
        seen: set[UUID] = set()
        for start, some in _numbered(rows):
            seen |= db.write(merchant_id, lambda: _take_in(bulk_id, draft, start, some, seen, now))  # noqa: B023 (now)
        db.write(merchant_id, lambda: _show(bulk_id))
    except BaseException:  # a refusal, a sender who hung up
        db.write(merchant_id, lambda: discard([bulk_id]))
        raise
    return bulk_id


def _numbered(rows: Iterable[Asked]) -> Iterator[tuple[int, Sequence[Asked]]]:
    left, start = iter(rows), 1
    while some := list(islice(left, AT_ONCE)):
        if start + len(some) - 1 > MOST_ROWS:
            raise ListTooLong(MOST_ROWS)
        yield start, some
        start += len(some)
    if start == 1:
        raise EmptyList


def _open(draft: Draft, now: datetime) -> UUID:
    via, number = draft.via, new_id()
    if via.location_id is not None and via.location_id not in terms.current().open:
        raise LocationClosed
    bulk = Bulk(
        id=number,
        company_id=draft.company_id,
        channel=via.channel,
        location_id=via.location_id,
        network=via.network,
        name=" ".join(draft.name.split())[:LONGEST_NAME],
        state=BulkState.DRAFTING,
        key_id=crypto.create_key(SEALED, number.hex).id,
        **dict.fromkeys(("total", "ready", "done", "failed"), 0),
        created_at=now,
        actor_type=via.by.type,
        actor_id=via.by.id,
    )
    db.session().add(bulk)
    tasks.wake(DISCARD, now + KEPT)
    return number


def _take_in(
    bulk_id: UUID, draft: Draft, start: int, some: Sequence[Asked], seen: set[UUID], now: datetime
) -> set[UUID]:
    """Write some rows with what speaks against each, and return the entitlements that they name."""
    key = crypto.load_key(db.get(Bulk, bulk_id).key_id)
    named = _named(some)
    known = standing.scoped(standing.look({number for number in named if number}), draft.company_id)
    wish = Wish(1, now, now.astimezone(terms.zone()).date(), draft.via.location_id, by_oneself=False)
    met, rows = set(seen), []
    for line, (asked, number) in enumerate(zip(some, named, strict=True), start):
        found = known.get(number) if number else None
        reason = "duplicate" if number in met and found else _reason(found, wish)
        met |= {found.entitlement_id} if found else set()
        rows.append(_row(bulk_id, line, asked, found, reason, key))
    db.insert((BulkRow.__table__, rows))
    return met - seen


def _named(some: Sequence[Asked]) -> list[UUID | None]:
    """Return the entitlement of each row, whoever owns it."""
    found = iter(standing.owners([asked.typed for asked in some if asked.typed]))
    return [next(found) if asked.typed else asked.entitlement_id for asked in some]


def _reason(found: Standing | None, wish: Wish) -> str:
    return why_not(found.facts, wish) if found else "unknown_code"


def _row(
    bulk_id: UUID, line: int, asked: Asked, found: Standing | None, reason: str, key: crypto.Key
) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "bulk_id": bulk_id,
        "line": line,
        "state": state_of(reason),
        "reason": reason,
        "sealed": key.seal("bulk_row", str(line), bulk_id, _text(asked.typed)) if asked.typed else None,
        "entitlement_id": found.entitlement_id if found else None,
        "redemption_id": None,
        "tail": found.tail if found else "",
        "reference": " ".join(asked.reference.split())[:LONGEST_REFERENCE],
        "done_at": None,
    }


def _text(typed: Typed) -> Secret:
    return Secret(f"{typed.text.expose()}{BETWEEN}{typed.pin.expose()}") if typed.pin else typed.text


def _show(bulk_id: UUID) -> None:
    """Count the rows, and let the list be seen."""
    mine = (BulkRow.bulk_id == bulk_id,)
    total = select(func.count()).select_from(BulkRow).where(*mine).scalar_subquery()
    ready = select(func.count()).select_from(BulkRow).where(*mine, BulkRow.state == RowState.READY).scalar_subquery()
    counts = db.session().execute(select(total, ready)).one()
    shown = update(Bulk).where(Bulk.id == bulk_id, Bulk.state == BulkState.DRAFTING)
    db.changed(shown.values(state=BulkState.PREVIEW, total=counts[0], ready=counts[1]))


# What nobody confirms ---------------------------------------------------------------------------------------------


def discard(bulk_ids: Sequence[UUID]) -> None:
    """Remove lists that nobody confirmed, with all their rows; one that was confirmed by now stays."""
    unconfirmed = (Bulk.id.in_(bulk_ids), Bulk.state.in_((BulkState.DRAFTING, BulkState.PREVIEW)))
    lost = db.session().scalars(select(Bulk.id).where(*unconfirmed).with_for_update()).all()
    db.session().execute(delete(BulkRow).where(BulkRow.bulk_id.in_(lost)))
    db.session().execute(delete(Bulk).where(Bulk.id.in_(lost)))


def discard_abandoned(*, now: datetime) -> datetime | None:
    """Remove lists that nobody confirmed in their time, some at once, and return when to look again."""
    waiting = Bulk.state.in_((BulkState.DRAFTING, BulkState.PREVIEW))
    some = select(Bulk.id).where(waiting, Bulk.created_at <= now - KEPT).order_by(Bulk.created_at).limit(10)
    discard(db.session().scalars(some).all())
    next_one = db.session().scalar(select(func.min(Bulk.created_at)).where(waiting))
    return next_one + KEPT if next_one else None
