"""Questions about parts: what lines consist of, by order, line and piece."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select

from app.catalog.queries import Source
from app.kit import db
from app.kit.inline import among, spread
from app.orders.models import Line, Order, Part, Payment

PART, LINE = Part.__table__.c, Line.__table__.c
SAME_LINE = (LINE.merchant_id == PART.merchant_id) & (LINE.id == PART.line_id)


@cache
def _parts(count: int) -> Select[Any]:
    own = (PART.merchant_id, PART.id, PART.order_id, PART.line_id, PART.sku_id)
    facts = (*own, PART.quantity, PART.source, PART.cost, PART.currency)
    whose = (PART.merchant_id == bindparam("merchant"), among(PART.order_id, "order", count))
    return select(*facts).where(*whose)  # a writer sorts nothing: for ORDER BY id it would walk all parts of the shop


def list_parts(order_ids: Sequence[UUID]) -> Sequence[Any]:
    """List the parts of orders, as plain rows; several reactions to one event read them once."""
    read = db.unit().notes.setdefault("parts", {})  # whoever changes a part forgets them
    key = tuple(order_ids)
    if key not in read:
        found = db.session().execute(_parts(len(key)), {"merchant": db.merchant_id()} | spread("order", key))
        read[key] = sorted(found, key=lambda part: part.id)
    rows: Sequence[Any] = read[key]
    return rows


def order_of_part(part_id: UUID) -> UUID | None:
    """Return the order that a part is of."""
    return db.session().scalar(select(Part.order_id).where(Part.id == part_id))


def list_sold_as(line_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return under which SKU each line was sold; its parts may be of others, if that is a bundle."""
    found = db.session().execute(select(Line.id, Line.sku_id).where(Line.id.in_(set(line_ids))))
    return {row.id: row.sku_id for row in found}


def list_parts_of_lines(line_ids: Iterable[UUID], order_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return the parts of each of these lines, which are of these orders."""
    found: dict[UUID, list[UUID]] = {}
    mine = (Part.order_id.in_(set(order_ids)), Part.line_id.in_(set(line_ids)))
    for row in db.session().execute(select(Part.id, Part.line_id).where(*mine)):
        found.setdefault(row.line_id, []).append(row.id)
    return found


def list_parts_by_id(part_ids: Iterable[UUID]) -> Sequence[Any]:
    """List parts by id, each with its order, line and source."""
    query = select(PART.id, PART.order_id, PART.line_id, PART.sku_id, PART.source)
    mine = (PART.merchant_id == db.merchant_id(), PART.id.in_(sorted(set(part_ids))))
    return db.session().execute(query.where(*mine)).all()


def list_in_bundles(order_id: UUID) -> Sequence[Any]:
    """List the parts of an order that were sold in bundles, each with the SKU of its bundle, by line and part."""
    asked = (PART.merchant_id == db.merchant_id(), PART.order_id == order_id, LINE.sku_id != PART.sku_id)
    return db.session().execute(_in_bundles().where(*asked).order_by(LINE.position, PART.id)).all()


def sum_bundle(sku_id: UUID, *, since: datetime) -> Sequence[Any]:
    """Return by component what paid sales of a bundle since a moment brought and cost, refunded ones left out."""
    o = Order.__table__.c
    paid = (o.merchant_id == db.merchant_id(), o.paid_at >= since, o.payment == Payment.PAID)
    sums = (func.sum(column).label(column.name) for column in (PART.quantity, PART.price_share, PART.cost))
    query = select(PART.sku_id, *sums).join_from(Part.__table__, Line.__table__, SAME_LINE)
    query = query.join(Order.__table__, (o.merchant_id == PART.merchant_id) & (o.id == PART.order_id))
    return db.session().execute(query.where(*paid, LINE.sku_id == sku_id).group_by(PART.sku_id)).all()


def _in_bundles() -> Select[Any]:
    facts = (PART.id, PART.line_id, PART.sku_id, PART.quantity, PART.price_share, PART.cost, PART.currency)
    line = (LINE.sku_id.label("bundle_id"), LINE.title.label("bundle"))
    return select(*facts, *line).join_from(Part.__table__, Line.__table__, SAME_LINE)


def list_presold(order_ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Return of which SKUs, by order, something was sold before its release."""
    early = (PART.merchant_id == db.merchant_id(), PART.order_id.in_(list(order_ids)), PART.source == Source.PRESALE)
    found: dict[UUID, set[UUID]] = {}
    for row in db.session().execute(select(PART.order_id, PART.sku_id).where(*early)):
        found.setdefault(row.order_id, set()).add(row.sku_id)
    return found
