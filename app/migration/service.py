"""Looking at what another system exported, and taking it over."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.queries import ProductStatus, Source
from app.inventory import service as stocking
from app.inventory.errors import CodeTaken
from app.kit import db
from app.kit.errors import Invalid
from app.kit.events import By
from app.merchants import queries as merchants
from app.migration.plan import Line, Plan, plan_of
from app.migration.shapes import SHAPES as SHAPES
from app.migration.shapes import Card
from app.migration.shapes import Shape as Shape
from app.migration.survey import cards_in, cells_of, in_parts, orders_in, survey
from app.migration.tables import Held as Held
from app.migration.tables import Pieces

LOOK = 5000
MOST_USES = 1_000_000
LONGEST_NAME, LONGEST_ABOUT, LONGEST_VARIANT = 120, 10_000, 60
ORDERS = ("number", "total", "at")


@dataclass(frozen=True)
class Taken:
    """What was planned, the tasks that import its codes, and how many shared codes came or were known."""

    plan: Plan
    tasks: Sequence[UUID]
    shared: int
    shared_known: int


def look(merchant_id: int, shape: Shape, files: Sequence[Pieces], *, uses: int = 0) -> Plan:
    """Return what would come of some files, what is left out and why; opens its own units and writes nothing."""
    plan, seen = _planned(merchant_id, shape, files, uses), stocking.Foresight()

    def count(part: list[Card]) -> None:
        db.read(merchant_id, lambda: _foresee(seen, plan, part))

    in_parts(cards_in(shape, files), LOOK, count)
    plan.counts = seen.counts
    return plan


def _planned(merchant_id: int, shape: Shape, files: Sequence[Pieces], uses: int) -> Plan:
    found = survey(shape, files)
    return db.read(merchant_id, lambda: plan_of(shape, found, currency=merchants.current().currency, uses=uses))


def _foresee(seen: stocking.Foresight, plan: Plan, part: Sequence[Card]) -> None:
    rows: dict[str, list[tuple[str, ...]]] = {}
    lines: dict[str, Line] = {}
    for line, card in _routed(plan, part, Source.POOL):
        lines[line.sku] = line
        rows.setdefault(line.sku, []).append(cells_of(card, line.kind))
    for sku, some in rows.items():
        seen.look(lines[sku].kind, some)


def _routed(plan: Plan, cards: "Sequence[Card] | Iterator[Card]", source: Source) -> Iterator[tuple[Line, Card]]:
    for card in cards:
        line = plan.lines.get((card.key, card.variant))
        if line and line.source is source and card.is_loop is (source is Source.SHARED) and line.codes:
            yield line, card


def take_over(
    merchant_id: int,
    shape: Shape,
    files: Sequence[Pieces],
    *,
    uses: int = 0,
    now: datetime,
    today: date,
    by: By,
) -> Taken:
    """Make products as drafts and start the import of their codes; opens its own units.

    Whoever does it again finds what is there: products are not made twice, and codes are told as known.
    """
    plan = _planned(merchant_id, shape, files, uses)
    db.write(merchant_id, lambda: _create(plan, now, by))
    pooled = _routed(plan, cards_in(shape, files), Source.POOL)
    rows = ((line.sku, cells_of(card, line.kind)) for line, card in pooled)
    started = stocking.receive_many(merchant_id, _orders(shape, plan, by), rows, now=now, today=today)
    came, known = 0, 0
    for line, card in _routed(plan, cards_in(shape, files), Source.SHARED):
        is_new = db.write(merchant_id, lambda line=line, card=card: _share(shape, line, card, now, today, by))  # type: ignore[misc]
        came, known = came + is_new, known + (not is_new)
    return Taken(plan, started, came, known)


def _create(plan: Plan, now: datetime, by: By) -> None:
    lang = merchants.current().lang
    for key, lines in plan.products.items():
        name, about = lines[0].name[:LONGEST_NAME], plan.abouts[key][:LONGEST_ABOUT]
        shelving.create_product(
            slug=_slug(lines[0].sku),
            texts={lang: shelving.Texts(name, about=about)},
            skus=[_draft(line, lang) for line in lines],
            status=ProductStatus.DRAFT,
            now=now,
            by=by,
        )


def _draft(line: Line, lang: str) -> shelving.SkuDraft:
    names = {lang: line.variant[:LONGEST_VARIANT]} if line.variant else {}
    return shelving.SkuDraft(line.sku, line.kind, line.price, names, source=line.source)


def _slug(sku: str) -> str:
    """Return an address for a product that no other has."""
    base = re.sub(r"[^a-z0-9]+", "-", sku.lower()).strip("-")
    slug, number = base, 1
    while catalog.find_product(slug) is not None:
        number += 1
        slug = f"{base}-{number}"
    return slug


def _orders(shape: Shape, plan: Plan, by: By) -> Mapping[str, stocking.ImportOrder]:
    lines = (line for line in plan.lines.values() if line.source is Source.POOL)
    return {
        line.sku: stocking.ImportOrder(
            sku_code=line.sku,
            name=f"{line.name[:80]} {line.variant[:30]}".strip(),
            file_name=shape.name,
            supplier=shape.name,
            cost=line.cost,
            expires_on=None,
            by=by,
        )
        for line in lines
    }


def _share(shape: Shape, line: Line, card: Card, now: datetime, today: date, by: By) -> bool:
    """Take a shared code into stock; False for one that is known or is no code."""
    sku = catalog.get_sku(line.sku)
    values = dict(zip(sku.kind.fields, cells_of(card, sku.kind)[:-2], strict=False))
    draft = stocking.SharedDraft(values, line.uses, replace(line.cost), supplier=shape.name)
    try:
        stocking.add_shared(sku.id, draft, now=now, today=today, by=by)
    except (CodeTaken, Invalid):
        return False
    return True


def list_orders(shape: Shape, files: Sequence[Pieces]) -> Iterator[Sequence[str]]:
    """Yield number, total and time of each order in the files, for the merchant's own keeping."""
    return ((order.number, order.total, order.at) for order in orders_in(shape, files))
