"""Revealing: a deliberate, proven, logged look at a code."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, or_, update

from app.entitlements import queries
from app.entitlements.errors import CodesFrozen, NotFresh, NothingToReveal, NotOpenYet, RevealLimit
from app.entitlements.events import CodeRevealed, SharedCodeRevealed
from app.entitlements.models import Entitlement, State
from app.entitlements.queries import in_hand
from app.inventory import queries as stock
from app.kit import db
from app.kit.columns import Moment
from app.kit.crypto import Reveal
from app.kit.events import By, publish
from app.merchants import queries as merchants

MOST_REVEALS = 100


@dataclass(frozen=True)
class Proof:
    """Why somebody may see a code, and from where; goes into the reveal's record."""

    kind: str
    by: By
    network: str
    agent: str
    fresh_at: datetime | None = None  # when somebody last proved anew that it is theirs, by what is asked each time


@dataclass(frozen=True)
class Opening:
    """One entitlement that may be opened now, and the reveal that allows it."""

    entitlement_id: UUID
    reveal: Reveal


def reveal(
    order_id: UUID,
    *,
    proof: Proof,
    now: datetime,
    only: Collection[UUID] | None = None,
    holder_id: UUID | None = None,
) -> list[Opening]:
    """Record that the proven buyer sees the codes of an order, or `only` some; then `crypto.open` gives the plaintext.

    A frozen one is left out, and what is in another hand: its buyer's without `holder_id`, that of a gift with it.
    Where the shop shows codes again only to a fresh proof, so are those seen before. Raises NothingToReveal, NotFresh,
    CodesFrozen, NotOpenYet, or RevealLimit once a budget is used up.
    """
    rule = merchants.reveals()
    unseen = not rule.is_fresh(proof.fresh_at, now=now)
    opened = _spend(order_id, now, only, holder_id, unseen=unseen)
    if not opened:
        raise _why_not(order_id, only, holder_id, now, rule.fresh_minutes if unseen else 0)
    return _openings(opened, order_id, proof, now)


def _openings(opened: Sequence[Any], order_id: UUID, proof: Proof, now: datetime) -> list[Opening]:
    """Record each look, and return what `crypto.open` takes after the commit."""
    alone, shared = ([row for row in opened if is_shared(row) is it] for it in (False, True))
    seals = stock.sealed_codes(row.code_id for row in alone)
    seals |= stock.sealed_shared(row.shared_id for row in shared) if shared else {}
    ids = [
        number
        for rows, event in ((alone, CodeRevealed), (shared, SharedCodeRevealed))
        for number in publish(*_events(event, rows, order_id, proof, now))
    ]
    return [
        Opening(row.id, Reveal(seals[row.shared_id or row.code_id], number))
        for row, number in zip(alone + shared, ids, strict=True)
    ]


def is_shared(row: Any) -> bool:
    """Tell whether what is opened is a code that others use as well."""
    return row.shared_id is not None


def _events(
    kind: type[CodeRevealed], rows: Sequence[Any], order_id: UUID, proof: Proof, now: datetime
) -> list[CodeRevealed]:
    return [
        kind(
            subject_id=row.shared_id or row.code_id,
            order_id=order_id,
            entitlement_id=row.id,
            proof=proof.kind,
            network=proof.network,
            agent=proof.agent[:200],
            at=now,
            by=proof.by,
        )
        for row in rows
    ]


def _spend(
    order_id: UUID, now: datetime, only: Collection[UUID] | None, holder_id: UUID | None, *, unseen: bool
) -> list[Any]:
    """Take one reveal from the budget of each ready entitlement of an order, and list those that had one left.

    With `unseen`, of those alone that nobody has seen, even when two ask at once.
    """
    e = Entitlement.__table__.c
    statement = (
        update(Entitlement.__table__)  # type: ignore[arg-type]
        .where(
            e.merchant_id == db.merchant_id(),
            e.order_id == order_id,
            e.state == State.READY,
            in_hand(e, holder_id),
            e.reveals < (1 if unseen else MOST_REVEALS),
            or_(e.opens_at.is_(None), e.opens_at <= now),
            ~stock.is_frozen(e.merchant_id, e.code_id),
            ~stock.is_shared_frozen(e.merchant_id, e.shared_id),
            *([e.id.in_(list(only))] if only is not None else []),
        )
        .values(reveals=e.reveals + 1, first_revealed_at=func.coalesce(e.first_revealed_at, literal(now, Moment)))
        .returning(e.id, e.code_id, e.shared_id, e.part_id, e.slot)
    )
    return sorted(db.session().execute(statement), key=lambda row: (row.part_id, row.slot))


def _why_not(
    order_id: UUID, only: Collection[UUID] | None, holder_id: UUID | None, now: datetime, minutes: int
) -> NothingToReveal | RevealLimit | CodesFrozen | NotFresh | NotOpenYet:
    held = queries.list_held(order_id, holder_id=holder_id)
    wanted = [row for row in held if only is None or row.id in only]
    ready = [row for row in wanted if row.state is State.READY]
    closed = [row for row in wanted if row.opens_at and row.opens_at > now]
    if closed and all(row in closed for row in ready):
        return NotOpenYet()
    if minutes and any(0 < row.reveals < MOST_REVEALS for row in ready):
        return NotFresh(minutes)
    if any(row.reveals < MOST_REVEALS for row in ready):
        barred = any(row.barred for row in queries.facts(row.id for row in ready).values())
        return CodesFrozen() if barred else NothingToReveal()  # else it came into this hand a moment later
    return RevealLimit(MOST_REVEALS) if ready else NothingToReveal()
