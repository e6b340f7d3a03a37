"""The wallet of a company: its batches, each with how many of its entitlements are in which state, and their rows.

An entitlement counts under the first that fits: taken back, on its way, redeemed (once at least), expired, ready. These
are the classes of `redemption.reconciling`, so that a company and its shop read the same figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import selectinload

from app.entitlements.queries import Entitlement, State
from app.kit import db
from app.kit.few import no_index
from app.kit.listing import Listing
from app.orders.queries import Order, Payment, Purpose
from app.redemption.queries import Redemption, Voucher

MINUTE = timedelta(minutes=1)  # a window ends before the moment it names; people read its last minute
SOLD = (Order.purpose == Purpose.SALE) & (Order.payment != Payment.PENDING)  # not: money ahead, and what is unpaid
STATES = ("ready", "redeemed", "expired", "promised", "revoked")


@dataclass(frozen=True)
class Tally:
    """How many entitlements of a batch are in which state, and the last minute of the first that is ready."""

    counts: Mapping[str, int] = field(default_factory=dict)
    until: datetime | None = None

    def __getitem__(self, state: str) -> int:
        return self.counts.get(state, 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def shares(self) -> list[tuple[str, float, float]]:
        """Return state, start and length of each piece of a bar that is 100 long, as far as there is any."""
        pieces, start = [], 0.0
        for state in STATES:
            length = round(100 * self[state] / self.total, 2) if self.total else 0.0
            if length:
                pieces.append((state, round(start, 2), length))
            start += length
        return pieces


def batches_of(company_id: UUID) -> Listing:
    """Return the list of a company's batches, newest first."""
    return Listing(
        query=lambda: select(Order).where(Order.company_id == company_id, SOLD).options(selectinload(Order.lines)),
        keys=(Order.id,),
        filters={"q": lambda query, text: query.where(Order.number == "".join(text.split()))},
    )


def is_batch(order: Order) -> bool:
    """Tell whether an order is of goods that were paid: no top-up, and nothing that waits for its money."""
    return order.purpose is Purpose.SALE and order.payment is not Payment.PENDING


def tallies(order_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, Tally]:
    """Return the tally of each of these batches, by one statement."""
    state = _state(now)
    ready_until = func.min(case((state == "ready", Voucher.valid_until), else_=None))
    query = select(Entitlement.order_id, state, func.count(), ready_until).outerjoin(Voucher, _its_voucher())
    rows = db.session().execute(
        query.where(Entitlement.order_id.in_(list(order_ids))).group_by(Entitlement.order_id, state)
    )
    counts: dict[UUID, dict[str, int]] = {number: {} for number in order_ids}
    until: dict[UUID, datetime] = {}
    for order_id, name, count, first in rows:
        counts[order_id][name] = count
        if first is not None:
            until[order_id] = first - MINUTE
    return {number: Tally(counts[number], until.get(number)) for number in order_ids}


def pieces_of(order_id: UUID, *, now: datetime) -> Listing:
    """Return the list of the entitlements of a batch; found by state, by last characters, by person or reference."""
    return Listing(
        query=lambda: select(Entitlement).outerjoin(Voucher, _its_voucher()).where(Entitlement.order_id == order_id),
        keys=(Entitlement.id,),
        filters={
            "status": lambda query, text: query.where(_state(now) == text) if text in STATES else query,
            "q": _found_by,
        },
    )


def list_ready(order_id: UUID, *, limit: int, now: datetime) -> list[UUID]:
    """List the entitlements of a batch that are ready, the oldest first."""
    query = select(Entitlement.id).outerjoin(Voucher, _its_voucher())
    mine = query.where(Entitlement.order_id == order_id, _state(now) == "ready")
    return list(db.session().scalars(mine.order_by(no_index(Entitlement.id)).limit(limit)))


def _its_voucher() -> ColumnElement[bool]:
    return and_(Voucher.merchant_id == Entitlement.merchant_id, Voucher.entitlement_id == Entitlement.id)


def _state(now: datetime) -> Any:
    return case(
        (Entitlement.state == State.REVOKED, "revoked"),
        (Entitlement.state == State.PROMISED, "promised"),
        (Entitlement.used > 0, "redeemed"),
        (Voucher.valid_until <= now, "expired"),
        else_="ready",
    )


def _found_by(query: Select[Any], text: str) -> Select[Any]:
    used_for = exists().where(
        Redemption.merchant_id == Entitlement.merchant_id,
        Redemption.entitlement_id == Entitlement.id,
        Redemption.reference.icontains(text, autoescape=True),
    )
    return query.where((Entitlement.tail == text.upper()) | (Entitlement.tail == text) | used_for)


@dataclass(frozen=True)
class Piece:
    """One entitlement of a batch: its state, what is left of it, the last minute it is good, and its last use."""

    id: UUID
    sku_id: UUID
    tail: str
    state: str
    uses: int
    uses_left: int
    until: datetime | None
    last: Redemption | None

    @property
    def reference(self) -> str:
        return self.last.reference if self.last else ""


def pieces(rows: Iterable[Entitlement], *, now: datetime) -> list[Piece]:
    """Return entitlements with their vouchers and last uses, two statements however many."""
    owned = list(rows)
    ids = [row.id for row in owned]
    vouchers = {row.entitlement_id: row for row in db.session().scalars(_vouchers(ids))}
    last = _last_uses([row.id for row in owned if row.used])
    return [_piece(row, vouchers.get(row.id), last.get(row.id), now) for row in owned]


def list_pieces(
    order_id: UUID, *, chosen: Mapping[str, str], after: UUID | None, limit: int, now: datetime
) -> list[Piece]:
    """List some of what the filters of a batch choose, after a row, in the order of its page; for files."""
    listing = pieces_of(order_id, now=now)
    query = listing.query()
    for name, text in chosen.items():
        query = listing.filters[name](query, text) if text else query
    if after is not None:
        query = query.where(Entitlement.id < after)
    return pieces(db.session().scalars(query.order_by(Entitlement.id.desc()).limit(limit)), now=now)


def _vouchers(ids: Sequence[UUID]) -> Select[Any]:
    return select(Voucher).where(Voucher.entitlement_id.in_(ids))


def _last_uses(ids: Sequence[UUID]) -> dict[UUID, Redemption]:
    uses = select(Redemption).where(Redemption.entitlement_id.in_(ids), Redemption.undoes_id.is_(None))
    return {row.entitlement_id: row for row in db.session().scalars(uses.order_by(Redemption.at, Redemption.id))}


def _piece(row: Entitlement, voucher: Voucher | None, last: Redemption | None, now: datetime) -> Piece:
    uses, left = (voucher.uses, voucher.uses_left) if voucher else (1, 0 if row.used else 1)
    until = voucher.valid_until if voucher else None
    return Piece(
        row.id, row.sku_id, row.tail, _state_of(row, until, now), uses, left, until - MINUTE if until else None, last
    )


def _state_of(row: Entitlement, until: datetime | None, now: datetime) -> str:
    """Return what `_state` says in SQL; they agree, which a test proves."""
    if row.state is State.REVOKED:
        return "revoked"
    if row.state is State.PROMISED:
        return "promised"
    if row.used:
        return "redeemed"
    return "expired" if until is not None and until <= now else "ready"
