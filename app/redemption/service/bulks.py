"""Bulks: a list that was looked at is confirmed with its count, and a task redeems it slice by slice.

A slice redeems its rows, writes what became of each and counts, all in one unit; the key of a row is the row itself.
So a bulk that is killed at any moment goes on where it stopped: no row is used twice, and none is lost.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.sql.dml import Update

from app.entitlements.queries import Entitlement, State
from app.kit import db, tasks
from app.kit.columns import Moment
from app.kit.events import By, publish
from app.kit.ids import Id
from app.kit.inline import MANY, arrays, given, inline, unnested
from app.redemption.errors import BulkGone, CountChanged, LocationClosed, NothingReady, NothingToGoOn
from app.redemption.events import BulkConfirmed, BulkFinished
from app.redemption.models import Bulk, BulkRow, BulkState, RowState, Voucher
from app.redemption.service.redeeming import Outcome, Use, Via, redeem

BULK = "redemption.bulk"
SLICE = 200
ROW = BulkRow.__table__.c
KINDS: dict[str, Any] = {"line": ROW.line.type, "state": ROW.state.type, "reason": ROW.reason.type, "redemption": Id()}


def confirm_bulk(bulk_id: UUID | None, *, count: int, now: datetime, by: By) -> CountChanged | NothingReady | None:
    """Have the ready rows of a list redeemed, when there are still `count` of them; a second time changes nothing.

    Returns what to say after the commit when the number is another by now; raises BulkGone.
    """
    bulk = _locked(bulk_id)
    if bulk.state not in (BulkState.DRAFTING, BulkState.PREVIEW):
        return None if bulk.ready == count else CountChanged(bulk.ready, count)
    if bulk.state is BulkState.DRAFTING:
        raise BulkGone
    bulk.ready -= _look_again(bulk)
    if bulk.ready != count:
        return CountChanged(bulk.ready, count)
    if not count:
        return NothingReady()
    bulk.state, bulk.confirmed_at = BulkState.RUNNING, now
    tasks.start(BULK, bulk.id, due_at=now, total=count)
    publish(BulkConfirmed(subject_id=bulk.id, rows=count, at=now, by=by))
    return None


def _locked(bulk_id: UUID | None) -> Bulk:
    query = select(Bulk).where(Bulk.id == bulk_id).with_for_update().execution_options(populate_existing=True)
    bulk = db.session().scalar(query)
    if bulk is None:
        raise BulkGone
    return bulk


def _look_again(bulk: Bulk) -> int:
    """Mark rows that were used or refunded since the list was looked at, and return how many."""
    ready = (BulkRow.bulk_id == bulk.id, BulkRow.state == RowState.READY)
    used = select(Voucher.entitlement_id).where(Voucher.uses_left == 0)
    gone = select(Entitlement.id).where(Entitlement.state == State.REVOKED)
    changed = 0
    for lost, state, reason in (
        (used, RowState.USED, "already_redeemed"),
        (gone, RowState.REFUSED, "was_refunded"),
    ):
        among_ours = select(BulkRow.entitlement_id).where(*ready)
        column = Voucher.entitlement_id if lost is used else Entitlement.id
        ids = db.session().scalars(lost.where(column.in_(among_ours))).all()
        mine = update(BulkRow).where(*ready, BulkRow.entitlement_id.in_(ids))
        changed += db.changed(mine.values(state=state, reason=reason)) if ids else 0
    return changed


def redeem_slice(bulk_id: UUID, *, now: datetime) -> Bulk:
    """Redeem the next rows of a confirmed list, or finish it; what became of them is written in the same unit."""
    bulk = _locked(bulk_id)
    if bulk.state is not BulkState.RUNNING:
        return bulk
    ready = select(BulkRow).where(BulkRow.bulk_id == bulk_id, BulkRow.state == RowState.READY)
    rows = db.session().scalars(ready.order_by(BulkRow.line).limit(SLICE)).all()
    uses = [
        Use(row.entitlement_id, f"{bulk_id.hex}:{row.line}", reference=row.reference)
        for row in rows
        if row.entitlement_id
    ]
    outcomes = _redeemed(uses, _via(bulk), now)
    _write(bulk_id, [row.line for row in rows], outcomes, now)
    done = sum(outcome.redeemed is not None for outcome in outcomes)
    bulk.done, bulk.failed = bulk.done + done, bulk.failed + len(outcomes) - done
    if len(rows) < SLICE:
        _finish(bulk, now)
    return bulk


def _redeemed(uses: Sequence[Use], via: Via, now: datetime) -> Sequence[Outcome]:
    """Redeem some rows; a place that was closed since refuses them all, and stops nobody's list."""
    try:
        return redeem(uses, via, now=now)
    except LocationClosed as refusal:
        return [Outcome(use, refusal=refusal) for use in uses]


def _via(bulk: Bulk) -> Via:
    by = By(bulk.actor_type, bulk.actor_id)
    return Via(bulk.channel, by, bulk.location_id, bulk.network, principal=BULK)


def _write(bulk_id: UUID, lines: Sequence[int], outcomes: Sequence[Outcome], now: datetime) -> None:
    if not lines:
        return
    rows = [(line, *_became(outcome)) for line, outcome in zip(lines, outcomes, strict=True)]
    binds: dict[str, Any] = {"merchant": db.merchant_id(), "bulk": bulk_id, "at": now}
    many = len(rows) > MANY and not db.is_sqlite()
    binds |= arrays("new", KINDS, rows) if many else given("new", KINDS, rows)
    db.changed(_writing(0 if many else len(rows)), binds)


def _became(outcome: Outcome) -> tuple[RowState, str, UUID | None]:
    """Return state, reason and redemption of a row."""
    if outcome.redeemed:
        return RowState.DONE, "", outcome.redeemed.id
    return RowState.FAILED, outcome.refusal.code if outcome.refusal else "", None


@lru_cache(maxsize=256)  # making a statement costs more than running it
def _writing(count: int) -> Update:
    """Return the statement for so many rows, or, for 0, for any number that comes as arrays."""
    new = inline("new", KINDS, [[None] * len(KINDS)] * count) if count else unnested("new", KINDS)
    mine = (ROW.merchant_id == bindparam("merchant"), ROW.bulk_id == bindparam("bulk", type_=Id))
    changes = {"state": new.c.state, "reason": new.c.reason, "redemption_id": new.c.redemption, "sealed": None}
    statement = update(BulkRow.__table__).where(*mine, ROW.line == new.c.line)  # type: ignore[arg-type]
    return statement.values(changes | {"done_at": bindparam("at", type_=Moment)})


def _finish(bulk: Bulk, now: datetime) -> None:
    """End a list; what was typed in it is needed no longer."""
    bulk.state, bulk.finished_at = BulkState.DONE, now
    typed = update(BulkRow).where(BulkRow.bulk_id == bulk.id, BulkRow.sealed.is_not(None))
    db.changed(typed.values(sealed=None))
    by = By(bulk.actor_type, bulk.actor_id)
    publish(BulkFinished(subject_id=bulk.id, done=bulk.done, failed=bulk.failed, at=now, by=by))


# When it does not go well -----------------------------------------------------------------------------------------


def stop_bulk(bulk_id: UUID) -> None:
    """Mark a list as failed that could not go on; what it has redeemed stays, the rest waits."""
    bulk = db.get(Bulk, bulk_id)
    if bulk.state is BulkState.RUNNING:
        bulk.state = BulkState.FAILED


def retry_bulk(bulk_id: UUID | None, *, now: datetime) -> None:
    """Let a list go on that stopped; refuses with BulkGone or NothingToGoOn."""
    bulk = _locked(bulk_id)
    if bulk.state is not BulkState.FAILED:
        raise NothingToGoOn
    bulk.state = BulkState.RUNNING
    tasks.start(BULK, bulk.id, due_at=now, total=bulk.ready)
