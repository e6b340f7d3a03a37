"""Turnover: what came into stock in a stretch of days, what became of it, what it cost and what it brought.

Every code counts by the same conditions in the sums and in the rows behind them. It comes in with its batch, and goes
once: sold, set aside, void or expired, whichever was first. So opening + in - sold - set aside - void - expired is the
closing stock; returned is told beside them, for what was sold and taken back lies set aside. What left stock before
the first day counts nowhere, so nothing is read of it. A code that was moved counts under the SKU it is in now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, literal, or_, select, text

from app.catalog.queries import Sku, Source
from app.entitlements.queries import Entitlement, State
from app.inventory.queries import Batch, Code, Status
from app.kit import clock, db
from app.kit.events import EventRow
from app.kit.ids import from_public
from app.kit.listing import Filter, Listing
from app.merchants import queries as merchants
from app.orders.queries import Order, Part
from app.refunds.queries import Refund

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_DAYS = 92
MANY = 10_000  # orders; more are read at one go
AT_ONE_GO = {"enable_nestloop": "off", "enable_sort": "off", "jit": "off", "work_mem": "'32MB'"}
STAYS = ("opening", "in", "closing")
GOES = ("sold", "set_aside", "void", "expired")
WHATS = ("opening", "in", *GOES, "closing", "returned")
MADE_WHEN_SOLD = (Source.GENERATED, Source.MANUAL)
BY_OWNER = ("sold", "returned")
TAKEN = {"set_aside": Status.QUARANTINED, "void": Status.VOID}
TOLD = {Status.QUARANTINED: ("code.quarantined", "export.revealed"), Status.VOID: ("code.voided",)}

LATE = "entitlement.ready_at > entitlement.granted_at"  # as the index ix_entitlement_late says it

# Codes without an owner, in three walks along indexes: of a shop's codes most are sold, and none of those is read.
APART = "code.entitlement_id IS NULL AND (code.frozen OR code.status >= 3)"  # as the index ix_code_apart says it
WALKS = ("code.status = 0 AND NOT code.frozen", "code.status = 1 AND NOT code.frozen", APART)

# The same owner in each join: what lets an index be used, and keeps shops apart whatever filters a session.
OF_BATCH = (Batch.merchant_id == Code.merchant_id) & (Batch.id == Code.batch_id)
OF_CODE = (Entitlement.merchant_id == Code.merchant_id) & (Entitlement.code_id == Code.id)
OF_PART = (Part.merchant_id == Entitlement.merchant_id) & (Part.id == Entitlement.part_id)


@dataclass(frozen=True)
class Span:
    """Some days of the shop, first and last one included, and the moments at which they begin and end."""

    first: date
    last: date
    zone: ZoneInfo
    today: date

    @classmethod
    def of(cls, first: date, last: date) -> "Span":
        """Return the span of these days in the zone of the running shop, at most MOST_DAYS of them."""
        zone = ZoneInfo(merchants.current().zone)
        today = clock.now().astimezone(zone).date()
        return cls(max(first, last - (MOST_DAYS - 1) * DAY), last, zone, today)

    @cached_property
    def days(self) -> list[date]:
        return [self.first + number * DAY for number in range((self.last - self.first).days + 1)]

    def start(self, day: date) -> datetime:
        return datetime.combine(day, datetime.min.time(), self.zone)

    @cached_property
    def since(self) -> datetime:
        return self.start(self.first)

    @cached_property
    def until(self) -> datetime:
        return self.start(self.last + DAY)

    @cached_property
    def expired_before(self) -> date:
        """The day before which a last day must lie for a code to be expired at the end: today's are still good."""
        return min(self.last + DAY, max(self.today, self.first))

    @cached_property
    def weeks(self) -> list[date]:
        """The Mondays of the weeks that these days touch."""
        monday = self.first - timedelta(days=self.first.weekday())
        return [monday + number * 7 * DAY for number in range((self.last - monday).days // 7 + 1)]

    def week_of(self, moment: datetime) -> int:
        return (moment.astimezone(self.zone).date() - self.weeks[0]).days // 7

    def holds(self, moment: Any) -> ColumnElement[bool]:
        return and_(moment >= self.since, moment < self.until)


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
    """Return when a code was set aside or made void, as its last event tells; without one, when it came."""
    told = case(*((Code.status == status, EventRow.name.in_(names)) for status, names in TOLD.items()), else_=false())
    mine = (EventRow.merchant_id == Code.merchant_id, EventRow.subject_type == "code", EventRow.subject_id == Code.id)
    last = select(func.max(EventRow.at)).where(*mine, told).correlate(Code).scalar_subquery()
    return case((Code.status.in_(TOLD), func.coalesce(last, Batch.created_at)), else_=None)


def _day_after_expiry(span: Span) -> ColumnElement[Any]:
    """Return the moment at which a code that expires in these days is no good any more."""
    at = EventRow.at.type
    ends = ((Code.expires_on == day, literal(span.start(day + DAY), at)) for day in span.days)
    return case(*ends, else_=literal(span.until, at))


def _owned(span: Span) -> dict[str, ColumnElement[bool]]:
    """Return what each class means for codes that left stock for an owner, on the first of these days or later."""
    came, went = _came(), Entitlement.ready_at
    return {
        "opening": came < span.since,
        "in": span.holds(came),
        "sold": span.holds(went),
        "closing": and_(came < span.until, went >= span.until),
        "returned": and_(Entitlement.state == State.REVOKED, _refunded(span)),
    }


def _came() -> ColumnElement[datetime]:
    """Return when a sold code came in: with its batch, or, made for its owner, in that very moment."""
    made = select(Sku.id).where(Sku.merchant_id == db.merchant_id(), Sku.source.in_(MADE_WHEN_SOLD))
    in_that_moment = or_(Code.sku_id.in_(made), Entitlement.ready_at < Batch.created_at)
    return case((in_that_moment, Entitlement.ready_at), else_=Batch.created_at)


def _refunded(span: Span) -> ColumnElement[bool]:
    """Return whether the order of an entitlement was refunded in these days."""
    orders = select(Refund.order_id).where(Refund.merchant_id == db.merchant_id(), span.holds(Refund.created_at))
    return Entitlement.order_id.in_(orders)


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


def groups(span: Span, **narrowed: Any) -> list[Group]:
    """Return what moved and what lay in stock in these days, batch by batch; six statements, however many codes."""
    found: dict[tuple[UUID, UUID, str], tuple[Any, Sums]] = {}
    if not db.is_sqlite():  # compiling such a question takes longer than answering it
        _set({"jit": "off"})
    for walk in WALKS:
        for row in db.session().execute(_of_stock(span, walk, **narrowed)):
            _take(found, row, span, _of_fate(row, span))
    sales = [_of_sales(span, late=late, **narrowed) for late in (True, False)]
    for query in (_of_returns(span, **narrowed), *sales):
        if query is sales[-1]:
            _expect_many(span)
        for row in db.session().execute(query):
            _take(found, row, span, row._asdict())
    if not db.is_sqlite():
        _set(dict.fromkeys(AT_ONE_GO, "DEFAULT"))
    return [
        Group(row.batch_id, row.sku_id, row.supplier, frozenset(f"{row.batch_tags} {row.tags}".split()), sums)
        for row, sums in found.values()
    ]


def _of_fate(row: Any, span: Span) -> dict[str, int]:
    """Return the counts and sums of codes that came with one batch and ended the same way."""
    if row.fate == "gone":
        return {}
    came = "opening" if row.created_at < span.since else "in"
    money = {"closing": "value", "void": "lost", "expired": "lost"}.get(row.fate, "")
    return {came: row.codes, row.fate: row.codes, money: row.cost}


KEYS = (Code.batch_id, Code.sku_id, Code.tags, Batch.supplier, Batch.tags.label("batch_tags"), Batch.created_at)


def _of_stock(span: Span, walk: str, **narrowed: Any) -> Select[Any]:
    """Ask for some of the codes without an owner."""
    fate = _fate(span).label("fate")
    query = select(*KEYS, fate, func.count().label("codes"), func.sum(Code.cost).label("cost")).join(Batch, OF_BATCH)
    skus = select(Sku.id).where(
        Sku.merchant_id == db.merchant_id()
    )  # said, so that each SKU's part of an index is used
    query = query.where(text(walk), Code.sku_id.in_(skus), Batch.created_at < span.until)
    return _narrow(query, **narrowed).group_by(*KEYS, "fate")


def _of_sales(span: Span, *, late: bool, **narrowed: Any) -> Select[Any]:
    """Ask for the codes that left stock for an owner since the first day, by week."""
    conditions = {name: condition for name, condition in _owned(span).items() if name != "returned"}
    sold, closing = conditions["sold"], conditions["closing"]
    weeks = [(Entitlement.ready_at >= span.start(day), number) for number, day in reversed(list(enumerate(span.weeks)))]
    week = case(*weeks, else_=0).label("week")
    money = (_sum(Code.cost, sold, "goods"), _sum(_price(), sold, "revenue"), _sum(Code.cost, closing, "value"))
    counts = [_sum(1, condition, name) for name, condition in conditions.items()]
    query = select(*KEYS, week, *counts, *money).select_from(Entitlement)
    query = query.join(Code, OF_CODE).join(Batch, OF_BATCH).join(Part, OF_PART)
    return _narrow(query.where(*_left_since(span, late)), **narrowed).group_by(*KEYS, "week")


def _expect_many(span: Span) -> None:
    """Say so when much was sold: without statistics PostgreSQL would look up each of its codes by itself."""
    orders = select(literal(1)).where(Order.merchant_id == db.merchant_id(), Order.paid_at >= span.since - DAY)
    if not db.is_sqlite() and db.session().scalar(select(exists(orders.offset(MANY)))):
        _set(AT_ONE_GO)


def _set(planning: Mapping[str, str]) -> None:
    for name, value in planning.items():
        db.session().execute(text(f"SET LOCAL {name} TO {value}"))


def _left_since(span: Span, late: bool) -> tuple[Any, ...]:
    """Keep entitlements that got their code on the first day or later: those that waited for it, or the others.

    Who waited has an index; the others are those of the orders that were paid since, which have one too. So nothing is
    read of all that was sold before.
    """
    orders = select(Order.id).where(Order.merchant_id == db.merchant_id(), Order.paid_at >= span.since - DAY)
    way = text(LATE) if late else and_(text(f"NOT ({LATE})"), Entitlement.order_id.in_(orders))
    return (way, Entitlement.code_id.is_not(None), Entitlement.ready_at >= span.since)


def _of_returns(span: Span, **narrowed: Any) -> Select[Any]:
    """Ask for what was sold, whenever, and taken back in these days."""
    money = (-func.sum(Code.cost)).label("goods"), (-func.sum(_price())).label("revenue")
    query = select(*KEYS, func.count().label("returned"), *money).select_from(Entitlement)
    query = query.join(Code, OF_CODE).join(Batch, OF_BATCH).join(Part, OF_PART)
    return _narrow(query.where(_owned(span)["returned"]), **narrowed).group_by(*KEYS)


def _price() -> ColumnElement[int]:
    """Return what one piece of a part brought; the pieces of a part bring just its price together."""
    price, slot, pieces = Part.price_share, Entitlement.slot, Part.quantity
    whole = func.coalesce(price, 0)
    return (whole * (slot + 1)) // pieces - (whole * slot) // pieces


def _sum(value: Any, condition: ColumnElement[bool], name: str) -> Any:
    return func.sum(case((condition, value), else_=0)).label(name)


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
        place = span.week_of(row.created_at) if span.since <= row.created_at < span.until else week
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
    owned = exists().where(OF_CODE, Entitlement.ready_at >= span.since, _owned(span)[what])
    return query.where(or_(unsold, owned))


def span_of(text: str) -> Span | None:
    """Return the span that a text such as 2026-02-01..2026-02-28 means, or None."""
    first, _, last = text.partition("..")
    try:
        return Span.of(date.fromisoformat(first), date.fromisoformat(last))
    except (ValueError, OverflowError):
        return None


def _has_tag(said: str) -> ColumnElement[bool]:
    """Return whether a code or its batch has a tag; "=" stands for none at all."""
    if said == "=":
        return and_(Code.tags == "", Batch.tags == "")
    words = literal(" ") + Code.tags + " " + Batch.tags + " "
    return words.contains(f" {said} ", autoescape=True)


NARROWING: Mapping[str, Any] = {
    "sku": lambda said: Code.sku_id == from_public("sku", said),
    "batch": lambda said: Code.batch_id == from_public("bat", said),
    "supplier": lambda said: Batch.supplier == said.removeprefix("="),  # "=" alone: nobody is named
    "tag": lambda said: _has_tag(said),
}


def _narrow(query: Any, **narrowed: Any) -> Select[Any]:
    kept: Select[Any] = query.where(*(NARROWING[name](said) for name, said in narrowed.items() if said))
    return kept


def _filter(name: str) -> Filter:
    return lambda query, said: _narrow(query, **{name: said})


MOVED = Listing(
    query=lambda: select(Code).join(Batch, OF_BATCH),
    keys=(Code.id,),
    filters={"moved": _moved, **{name: _filter(name) for name in NARROWING}},
)


def sold_of(codes: Sequence[Code]) -> dict[UUID, Entitlement]:
    """Return the entitlement that each of these codes was given to."""
    query = select(Entitlement).where(Entitlement.code_id.in_([code.id for code in codes]))
    return {row.code_id: row for row in db.session().scalars(query) if row.code_id}
