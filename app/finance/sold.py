"""Sold: what left stock for an owner, of closed days as it was counted once, of all others as it is.

A code left stock when its entitlement became ready, and with it a use of a shared code. Days are told by the shop's
zone; `open_days` says of which stretches of time no count tells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import aliased

from app.catalog.queries import Sku, Source
from app.entitlements.queries import Entitlement
from app.finance.models import ClosedDay, DaySales
from app.finance.spans import DAY, Span
from app.inventory.queries import Batch, Code, SharedCode
from app.kit import db
from app.kit.ids import from_public
from app.orders.queries import Order, Part

Goods = type[Code] | type[SharedCode]
Owned = type[Entitlement]  # or some of them under another name
Between = tuple[datetime, datetime | None]
MADE_WHEN_SOLD = (Source.GENERATED, Source.MANUAL)
LATE = "entitlement.ready_at > entitlement.granted_at"  # as the index ix_entitlement_late says it


# The same owner in each join: what lets an index be used, and keeps shops apart whatever filters a session.
def of_batch(goods: Any) -> ColumnElement[bool]:
    return and_(Batch.merchant_id == goods.merchant_id, Batch.id == goods.batch_id)


def of_owner(goods: Goods, owned: Owned = Entitlement) -> ColumnElement[bool]:
    """Return the condition that an entitlement is of a code, or has a use of a shared one."""
    return and_(owned.merchant_id == goods.merchant_id, _secret(goods, owned) == goods.id)


def _secret(goods: Goods, owned: Owned) -> Any:
    return owned.code_id if goods is Code else owned.shared_id


def tags_of(goods: Any) -> ColumnElement[str]:
    """Return the tags that goods have beside those of their batch; shared codes have none."""
    own: ColumnElement[str] = literal_column("CAST('' AS TEXT)").label("tags") if goods is SharedCode else goods.tags
    return own


def keys(goods: Any) -> tuple[Any, ...]:
    """Return by what goods are told apart, with what is told of their batch."""
    told = (Batch.supplier, Batch.tags.label("batch_tags"), Batch.created_at)
    return (goods.batch_id, goods.sku_id, tags_of(goods), *told)


# Narrowing --------------------------------------------------------------------------------------------------------


def _has_tag(goods: Any, said: str) -> ColumnElement[bool]:
    """Return whether goods or their batch have a tag; "=" stands for none at all."""
    own = tags_of(goods)
    if said == "=":
        return and_(own == "", Batch.tags == "")
    words = literal(" ") + own + " " + Batch.tags + " "
    return words.contains(f" {said} ", autoescape=True)


NARROWING: dict[str, Any] = {
    "sku": lambda goods, said: goods.sku_id == from_public("sku", said),
    "batch": lambda goods, said: goods.batch_id == from_public("bat", said),
    "supplier": lambda goods, said: Batch.supplier == said.removeprefix("="),  # "=" alone: nobody is named
    "tag": _has_tag,
}


def narrow(query: Any, goods: Any, **narrowed: Any) -> Select[Any]:
    """Keep what these filters ask for; a query that joins the batch."""
    kept: Select[Any] = query.where(*(NARROWING[name](goods, said) for name, said in narrowed.items() if said))
    return kept


# Days -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """Days one after the other, the last one left out; without it all that follow."""

    first: date
    end: date | None

    def holds(self, day: Any) -> ColumnElement[bool]:
        return day >= self.first if self.end is None else and_(day >= self.first, day < self.end)

    def between(self, span: Span) -> Between:
        return span.start(self.first), span.start(self.end) if self.end else None


def stretches(span: Span) -> tuple[list[Stretch], list[Stretch]]:
    """Return the days since the first one of a span that are closed, and those that are open."""
    mine = (ClosedDay.day >= span.first, ClosedDay.zone == span.zone.key)
    closed, opened, at = list[Stretch](), list[Stretch](), span.first
    for day in db.session().scalars(select(ClosedDay.day).where(*mine).order_by(ClosedDay.day)):
        if day > at:
            opened.append(Stretch(at, day))
        if closed and closed[-1].end == day:
            closed[-1] = Stretch(closed[-1].first, day + DAY)
        else:
            closed.append(Stretch(day, day + DAY))
        at = day + DAY
    return closed, [*opened, Stretch(at, None)]


# Sums -------------------------------------------------------------------------------------------------------------


def sold(span: Span, **narrowed: Any) -> Iterator[Any]:
    """Yield what left stock since the first day, by batch, SKU, tags and week; "later" did so after the last one."""
    closed, opened = stretches(span)
    if closed:
        yield from db.session().execute(_counted(span, closed, **narrowed))
    between = [stretch.between(span) for stretch in opened]
    for goods in goods_there_are():
        for late in (True, False):
            owned = ready(goods, between, late=late)
            query = joined(select(*keys(goods), *_as_it_is(span, goods, owned)), goods, owned)
            yield from db.session().execute(narrow(query, goods, **narrowed).group_by(*keys(goods), "week"))


def goods_there_are() -> Sequence[Goods]:
    """Return what the shop sells: codes, and shared ones where it has any."""
    shared = db.session().scalar(select(exists().where(_of_shop(SharedCode))))
    return (Code, SharedCode) if shared else (Code,)


def joined(query: Select[Any], goods: Goods, owned: Owned = Entitlement) -> Select[Any]:
    """Ask of entitlements with what they are on, its batch and their part."""
    query = query.select_from(owned).join(goods, of_owner(goods, owned)).join(Batch, of_batch(goods))
    return query.join(Part, and_(Part.merchant_id == owned.merchant_id, Part.id == owned.part_id))


def ready(goods: Goods, between: Sequence[Between], *, late: bool) -> Owned:
    """Return the entitlements that got their code in these stretches of time: those that waited for it, or the others.

    Who waited has an index; the others are those of the orders that were paid then, which have one too. So nothing is
    read of all that was sold at other times: each step is looked up before the next one is thought of.
    """
    then = or_(*(_holds(Entitlement.ready_at, *some) for some in between))
    query = select(Entitlement).where(_secret(goods, Entitlement).is_not(None), then)
    if late:
        return _first("ready", query.where(text(LATE)))
    paid = [
        select(Order.id, Order.merchant_id).where(_of_shop(Order), _holds(Order.paid_at, since - DAY, until))
        for since, until in between
    ]
    orders = union_all(*paid) if len(paid) > 1 else paid[0]
    order = orders.cte("paid").prefix_with("MATERIALIZED", dialect="postgresql").c
    of_order = and_(Entitlement.merchant_id == order.merchant_id, Entitlement.order_id == order.id)
    return _first("ready", query.join(order.id.table, of_order).where(text(f"NOT ({LATE})")))


def _first(name: str, query: Select[Any]) -> Owned:
    """Return the entitlements of a query that is answered before it is joined to anything."""
    return aliased(Entitlement, query.cte(name).prefix_with("MATERIALIZED", dialect="postgresql"))


def _of_shop(table: Any) -> ColumnElement[bool]:
    own: ColumnElement[bool] = table.merchant_id == db.merchant_id()
    return own


def _holds(moment: Any, since: datetime, until: datetime | None) -> ColumnElement[bool]:
    return moment >= since if until is None else and_(moment >= since, moment < until)


def price(owned: Owned = Entitlement) -> ColumnElement[int]:
    """Return what one piece of a part brought; the pieces of a part bring just its price together."""
    price, slot, pieces = Part.price_share, owned.slot, Part.quantity
    whole = func.coalesce(price, 0)
    return (whole * (slot + 1)) // pieces - (whole * slot) // pieces


def _as_it_is(span: Span, goods: Goods, owned: Owned) -> list[Any]:
    """Return the sums over entitlements."""
    weeks = [(owned.ready_at >= span.start(day), number) for number, day in reversed(list(enumerate(span.weeks)))]
    came, went = came_at(goods, owned), owned.ready_at
    classes = {"opening": came < span.since, "in": span.holds(came), "sold": span.holds(went)}
    classes |= {"closing": and_(came < span.until, went >= span.until), "later": went >= span.until}
    return [case(*weeks, else_=0).label("week"), *_sums(classes, literal(1), goods.cost, price(owned))]


def came_at(goods: Goods, owned: Owned = Entitlement) -> ColumnElement[datetime]:
    """Return when what was sold came in: with its batch, or, made for its owner, in that very moment."""
    in_that_moment = or_(goods.sku_id.in_(_made()), owned.ready_at < Batch.created_at)
    return case((in_that_moment, owned.ready_at), else_=Batch.created_at)


def _made() -> Select[Any]:
    return select(Sku.id).where(_of_shop(Sku), Sku.source.in_(MADE_WHEN_SOLD))


def _counted(span: Span, closed: Sequence[Stretch], **narrowed: Any) -> Select[Any]:
    """Ask for what was counted of closed days."""
    at_once, day = or_(DaySales.early, DaySales.sku_id.in_(_made())), DaySales.day
    weeks = [(day >= literal(monday, Date), number) for number, monday in reversed(list(enumerate(span.weeks)))]
    sold, before = day <= span.last, and_(~at_once, Batch.created_at < span.since)
    came = or_(and_(at_once, sold), and_(~at_once, span.holds(Batch.created_at)))
    stayed = and_(~at_once, Batch.created_at < span.until, ~sold)
    classes = {"opening": before, "in": came, "sold": sold, "closing": stayed, "later": ~sold}
    sums = _sums(classes, DaySales.codes, DaySales.cost, DaySales.revenue)
    query = select(*keys(DaySales), case(*weeks, else_=0).label("week"), *sums).join(Batch, of_batch(DaySales))
    query = query.where(or_(*(stretch.holds(day) for stretch in closed)))
    return narrow(query, DaySales, **narrowed).group_by(*keys(DaySales), "week")


def _sums(classes: dict[str, Any], count: Any, cost: Any, revenue: Any) -> list[Any]:
    def of(value: Any, name: str, label: str) -> Any:
        return func.sum(case((classes[name], value), else_=0)).label(label)

    money = (of(cost, "sold", "goods"), of(revenue, "sold", "revenue"), of(cost, "closing", "value"))
    return [*(of(count, name, name) for name in classes), *money]
