"""What bundles bring: of each part its share of the price, its cost and what is left, and the sum of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.catalog.queries import Sku, Source
from app.kit import clock
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order, Payment
from app.web.guard import actor, frame
from app.web.language import lang

DAYS = 30  # of the sum on a bundle's own page
COSTS = "reports.view"  # who may see what we paid and earn


@dataclass(frozen=True)
class Margin:
    """What so many pieces of a part brought and cost."""

    title: str
    quantity: int
    share: Money
    cost: Money

    @property
    def margin(self) -> Money:
        return self.share - self.cost


@dataclass(frozen=True)
class BundleShown:
    """The parts of a bundle, and their sum."""

    title: str
    parts: Sequence[Margin]

    @property
    def total(self) -> Margin:
        first, *others = self.parts
        share, cost = first.share, first.cost
        for part in others:
            share, cost = share + part.share, cost + part.cost
        return Margin(_("Total"), sum(part.quantity for part in self.parts), share, cost)


def bundles_of(order: Order) -> list[BundleShown]:
    """Return the bundles of a paid order with what each part brought; nothing for who may not see costs."""
    if not actor().can(COSTS) or order.payment is not Payment.PAID:
        return []
    rows = orders.list_in_bundles(order.id)
    named = _named(row.sku_id for row in rows)
    lines = groupby(rows, key=lambda row: (row.line_id, row.bundle))
    return [BundleShown(title, [_margin(row, named, row.currency) for row in some]) for (_line, title), some in lines]


def sum_of(sku: Sku) -> BundleShown | None:
    """Return what a bundle brought in the last DAYS, or None where there is nothing to show."""
    if not actor().can(COSTS) or sku.source is not Source.BUNDLE:
        return None
    rows = orders.sum_bundle(sku.id, since=clock.now() - timedelta(days=DAYS))
    named = _named(row.sku_id for row in rows)
    parts = sorted((_margin(row, named, sku.price_currency) for row in rows), key=lambda part: part.title)
    return BundleShown("", parts) if parts else None


def _margin(row: Any, named: Callable[[UUID], str], currency: str) -> Margin:
    money = (Money(int(amount), currency) for amount in (row.price_share, row.cost))
    return Margin(named(row.sku_id), int(row.quantity), *money)


def _named(sku_ids: Any) -> Callable[[UUID], str]:
    titles: Mapping[UUID, str] = catalog.titles(set(sku_ids), lang(), frame().lang)
    return lambda sku_id: titles.get(sku_id, "")
