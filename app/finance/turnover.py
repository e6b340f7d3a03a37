"""Turnover: what came into stock in a stretch of days, what became of it, what it cost and what it brought.

Every code counts by the same conditions in the sums and in the rows behind them. It comes in with its batch, and goes
once: sold, set aside, void or expired, whichever was first. So opening + in - sold - set aside - void - expired is the
closing stock; returned is told beside them, for what was sold and taken back lies set aside. What left stock before
the first day counts nowhere, so nothing is read of it. A code that was moved counts under the SKU it is in now.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, literal, or_, select, text

from app.catalog.queries import Sku
from app.entitlements.queries import Entitlement, State
from app.finance import sold, uses
from app.finance.sold import NARROWING as NARROWING
from app.finance.sold import came_at, joined, keys, narrow, of_batch, of_owner, price
from app.finance.spans import DAY, HOUR, Span, span_of
from app.inventory.queries import Action, Batch, Code, CodeChange, CodeChanged, SharedCode, Status
from app.kit import clock, db
from app.kit.events import EventRow
from app.kit.listing import Filter, Listing
from app.refunds.queries import Refund, RefundPart

STAYS = ("opening", "in", "closing")
GOES = ("sold", "set_aside", "void", "expired")
WHATS = ("opening", "in", *GOES, "closing", "returned")
BY_OWNER = ("sold", "returned")
TAKEN = {"set_aside": Status.QUARANTINED, "void": Status.VOID}
TOLD = {Status.QUARANTINED: ("code.quarantined", "export.revealed"), Status.VOID: ("code.voided",)}

# Codes without an owner, in three walks along indexes: of a shop's codes most are sold, and none of those is read.
APART = "code.entitlement_id IS NULL AND (code.frozen OR code.status >= 3)"  # as the index ix_code_apart says it
WALKS = ("code.status = 0 AND NOT code.frozen", "code.status = 1 AND NOT code.frozen", APART)


# Conditions -------------------------------------------------------------------------------------------------------


def _fate(span: Span) -> ColumnElement[str]:
    """Return what became of a code that never had an owner; "gone" left stock before these days."""
    taken_at, taken = _taken_at(), Code.status.in_(TOLD)
    known = Code.expires_on.is_not(None)  # else NULL would be neither true nor false below
    expires = and_(known, Code.expires_on >= span.first, Code.expires_on < span.expired_before)
    left = and_(taken, taken_at < span.until)
    return case(
        (and_(known, Code.expires_on < span.first), "gone"),
        (and_(taken, taken_at < span.since), "gone"),
        (and_(expires, or_(~taken, taken_at >= _day_after_expiry(span))), "expired"),
        *((and_(left, Code.status == status), name) for name, status in TAKEN.items()),
        else_="closing",
    )


def _unsold(span: Span) -> dict[str, ColumnElement[bool]]:
    """Return what each class means for codes that never had an owner."""
    came, fate = Batch.created_at, _fate(span)
    stays = {"opening": and_(came < span.since, fate != "gone"), "in": and_(span.holds(came), fate != "gone")}
    return stays | {name: and_(came < span.until, fate == name) for name in (*GOES[1:], "closing")}


def _taken_at() -> ColumnElement[datetime]:
    """Return when a code was set aside or made void, alone or with others; when nobody wrote it down, when it came."""
    told = case(*((Code.status == status, EventRow.name.in_(names)) for status, names in TOLD.items()), else_=false())
    mine = (EventRow.merchant_id == Code.merchant_id, EventRow.subject_type == "code", EventRow.subject_id == Code.id)
    last = select(func.max(EventRow.at)).where(*mine, told).correlate(Code).scalar_subquery()
    known = case((Code.status == Status.VOID, _later(last, _voided_with_others())), else_=last)
    return case((Code.status.in_(TOLD), func.coalesce(known, Batch.created_at)), else_=None)


def _voided_with_others() -> ColumnElement[datetime]:
    """Return when somebody last had a code made void together with others."""
    of_change = and_(CodeChange.merchant_id == CodeChanged.merchant_id, CodeChange.id == CodeChanged.change_id)
    mine = (CodeChanged.merchant_id == Code.merchant_id, CodeChanged.code_id == Code.id)
    asked = select(func.max(CodeChange.asked_at)).join(CodeChanged, of_change)
    return asked.where(*mine, CodeChange.action == Action.VOID).correlate(Code).scalar_subquery()


def _later(one: Any, other: Any) -> ColumnElement[datetime]:
    """Return the later one of two moments of which either may be missing."""
    return func.coalesce(case((other > one, other), else_=one), other)


def _day_after_expiry(span: Span) -> ColumnElement[Any]:
    """Return the moment at which a code that expires in these days is no good any more."""
    at = EventRow.at.type
    ends = ((Code.expires_on == day, literal(span.start(day + DAY), at)) for day in span.days)
    return case(*ends, else_=literal(span.until, at))


def _owned(span: Span) -> dict[str, ColumnElement[bool]]:
    """Return what each class means for codes that left stock for an owner, on the first of these days or later."""
    came, went = came_at(Code), Entitlement.ready_at
    return {
        "opening": came < span.since,
        "in": span.holds(came),
        "sold": span.holds(went),
        "closing": and_(came < span.until, went >= span.until),
        "returned": and_(Entitlement.state == State.REVOKED, went.is_not(None), _refunded(span)),
    }


def _refunded(span: Span) -> ColumnElement[bool]:
    """Return whether an entitlement was taken back in these days."""
    part = (RefundPart.merchant_id == Refund.merchant_id) & (RefundPart.refund_id == Refund.id)
    taken = select(RefundPart.entitlement_id).join(Refund, part)
    return Entitlement.id.in_(taken.where(Refund.merchant_id == db.merchant_id(), span.holds(Refund.created_at)))


# Sums -------------------------------------------------------------------------------------------------------------


@dataclass
class Sums:
    """What some codes come to: how many of each class, and money in minor units of the shop's currency."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WHATS, 0))
    goods: int = 0  # what the sold ones cost, less what came back
    revenue: int = 0  # what they brought, less what was given back
    lost: int = 0  # what the expired and the void ones had cost
    value: int = 0  # of the closing stock, at cost
    age: int = 0  # hours that the closing stock has been here, of all codes together
    came: dict[int, int] = field(default_factory=dict)  # by week
    went: dict[int, int] = field(default_factory=dict)

    @property
    def margin(self) -> int:
        return self.revenue - self.goods

    @property
    def average_age(self) -> int | None:
        """How long a code of the closing stock has been here, in tenths of a day."""
        return self.age * 10 // 24 // self.counts["closing"] if self.counts["closing"] else None

    def days_left(self, days: int) -> int | None:
        """Return how long the stock lasts at the pace of so many days, in tenths of a day; None: nothing was sold."""
        sold = self.counts["sold"]
        return self.counts["closing"] * days * 10 // sold if sold else None

    def add(self, other: "Sums") -> None:
        for name, count in other.counts.items():
            self.counts[name] += count
        for name in ("goods", "revenue", "lost", "value", "age"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.came, other.came), (self.went, other.went)):
            for week, count in theirs.items():
                mine[week] = mine.get(week, 0) + count


@dataclass(frozen=True)
class Group:
    """The codes of one batch in one SKU that have the same tags of their own."""

    batch_id: UUID
    sku_id: UUID
    supplier: str
    tags: frozenset[str]
    sums: Sums


Found = dict[tuple[UUID, UUID, str], tuple[Any, Sums]]


def groups(span: Span, **narrowed: Any) -> list[Group]:
    """Return what moved and what lay in stock in these days, batch by batch; few statements, however many codes."""
    found: Found = {}
    for walk in WALKS:
        for row in db.session().execute(_of_stock(span, walk, **narrowed)):
            _take(found, row, span, _of_fate(row, span))
    for row in db.session().execute(_of_returns(span, **narrowed)):
        _take(found, row, span, row._asdict())
    _take_sold(found, span, **narrowed)
    return [
        Group(row.batch_id, row.sku_id, row.supplier, frozenset(f"{row.batch_tags} {row.tags}".split()), sums)
        for row, sums in found.values()
    ]


def _take_sold(found: Found, span: Span, **narrowed: Any) -> None:
    """Add what was sold; of shared codes it tells their stock as well."""
    moved: dict[UUID, Counter[str]] = {}
    shared = {}
    if SharedCode in sold.goods_there_are():
        shared = {row.batch_id: row for row in uses.left_now(span, **narrowed)}
        for row in uses.came_back(span, **narrowed):
            moved.setdefault(row.batch_id, Counter()).update(back=row.returned, back_later=row.back_later)
            _take(found, row, span, row._asdict() | {"in": row.returned, "came_week": row.week})
    for row in sold.sold(span, **narrowed):
        said = row._asdict()
        if row.batch_id in shared:
            moved.setdefault(row.batch_id, Counter()).update(sold=int(row.sold), later=int(row.later))
            said = {name: said[name] for name in ("sold", "goods", "revenue", "week")}
        _take(found, row, span, said)
    for batch_id, row in shared.items():
        since = moved.get(batch_id, Counter())
        counts = (int(since[name]) for name in ("sold", "later", "back", "back_later"))
        _take(found, row, span, uses.stock_of(row, span, *counts))


def _of_fate(row: Any, span: Span) -> dict[str, int]:
    """Return the counts and sums of codes that came with one batch and ended the same way."""
    if row.fate == "gone":
        return {}
    came = "opening" if row.created_at < span.since else "in"
    money = {"closing": "value", "void": "lost", "expired": "lost"}.get(row.fate, "")
    return {came: row.codes, row.fate: row.codes, money: row.cost}


KEYS = keys(Code)


def _of_stock(span: Span, walk: str, **narrowed: Any) -> Select[Any]:
    """Ask for some of the codes without an owner."""
    fate = _fate(span).label("fate")
    query = select(*KEYS, fate, func.count().label("codes"), func.sum(Code.cost).label("cost")).join(
        Batch, of_batch(Code)
    )
    skus = select(Sku.id).where(
        Sku.merchant_id == db.merchant_id()
    )  # said, so that each SKU's part of an index is used
    query = query.where(text(walk), Code.sku_id.in_(skus), Batch.created_at < span.until)
    return narrow(query, Code, **narrowed).group_by(*KEYS, "fate")


def _of_returns(span: Span, **narrowed: Any) -> Select[Any]:
    """Ask for the codes that were sold, whenever, and taken back in these days."""
    money = (-func.sum(Code.cost)).label("goods"), (-func.sum(price())).label("revenue")
    query = joined(select(*KEYS, func.count().label("returned"), *money), Code)
    return narrow(query.where(_owned(span)["returned"]), Code, **narrowed).group_by(*KEYS)


def _take(found: dict[Any, tuple[Any, Sums]], row: Any, span: Span, said: Mapping[str, Any]) -> None:
    """Add what a row of an answer said to the sums of its group."""
    _row, sums = found.setdefault((row.batch_id, row.sku_id, row.tags), (row, Sums()))
    for name in WHATS:
        sums.counts[name] += int(said.get(name) or 0)
    for name in ("goods", "revenue", "lost", "value"):
        setattr(sums, name, getattr(sums, name) + int(said.get(name) or 0))
    ends = min(span.until, clock.now())
    sums.age += int(said.get("closing") or 0) * max((ends - row.created_at) // HOUR, 0)
    week = int(said.get("week") or 0)
    if came := int(said.get("in") or 0):
        with_batch = span.week_of(row.created_at) if span.since <= row.created_at < span.until else week
        place = int(said.get("came_week", with_batch))
        sums.came[place] = sums.came.get(place, 0) + came
    if sold := int(said.get("sold") or 0):
        sums.went[week] = sums.went.get(week, 0) + sold


# Rows behind the sums ---------------------------------------------------------------------------------------------


def _moved(query: Select[Any], said: str) -> Select[Any]:
    """Keep the codes of a class in some days: sold.2026-02-01..2026-02-28."""
    what, _, days = said.partition(".")
    span = span_of(days)
    if span is None or what not in WHATS:
        return query.where(false())
    if what in BY_OWNER:
        theirs = select(Entitlement.code_id).where(Entitlement.merchant_id == db.merchant_id(), _owned(span)[what])
        return query.where(Code.id.in_(theirs.where(Entitlement.code_id.is_not(None))))
    unsold = and_(Code.entitlement_id.is_(None), Batch.created_at < span.until, _unsold(span)[what])
    if what in GOES:
        return query.where(unsold) if what not in TAKEN else query.where(text(APART), unsold)
    owned = exists().where(of_owner(Code), Entitlement.ready_at >= span.since, _owned(span)[what])
    return query.where(or_(unsold, owned))


def _filter(name: str) -> Filter:
    return lambda query, said: narrow(query, Code, **{name: said})


MOVED = Listing(
    query=lambda: select(Code).join(Batch, of_batch(Code)),
    keys=(Code.id,),
    filters={"moved": _moved, **{name: _filter(name) for name in NARROWING}},
)


@dataclass(frozen=True)
class UsesShown:
    """How many uses of a shared code a figure counts."""

    shared: SharedCode
    count: int


def uses_of(asked: Mapping[str, str]) -> list[UsesShown]:
    """Return the shared codes behind a figure with their uses, as the rows behind it are asked for."""
    what, _, days = asked.get("moved", "").partition(".")
    span = span_of(days)
    if span is None or what not in WHATS or SharedCode not in sold.goods_there_are():
        return []
    found = groups(span, **{name: asked.get(name, "") for name in NARROWING})
    counts = {group.batch_id: group.sums.counts[what] for group in found if group.sums.counts[what]}
    shared = db.session().scalars(select(SharedCode).where(SharedCode.batch_id.in_(counts)).order_by(SharedCode.id))
    return [UsesShown(row, counts[row.batch_id]) for row in shared]


def sold_of(codes: Sequence[Code]) -> dict[UUID, Entitlement]:
    """Return the entitlement that each of these codes was given to."""
    query = select(Entitlement).where(Entitlement.code_id.in_([code.id for code in codes]))
    return {row.code_id: row for row in db.session().scalars(query) if row.code_id}
