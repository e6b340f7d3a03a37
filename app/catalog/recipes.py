"""Recipes: what a SKU consists of and where that comes from, for every SKU that is not simply a pool of codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, or_, select

from app.catalog.models import Component, Sku, Source
from app.kit import db
from app.kit.inline import among, spread
from app.kit.recent import Recent

SKU, COMPONENT = Sku.__table__, Component.__table__
_supplies: "Recent[Supply]" = Recent()


@dataclass(frozen=True)
class Ingredient:
    """What of a SKU is in one piece of something that is sold: a plain SKU consists of itself, once."""

    sku_id: UUID
    source: Source = Source.POOL
    quantity: int = 1
    share: int = 1  # its weight in the price
    release_at: datetime | None = None
    presale_cap: int | None = None

    def source_at(self, now: datetime) -> Source:
        """Return where it comes from when it is sold at a moment: before its release it is a promise."""
        early = self.source is Source.POOL and self.release_at is not None and now < self.release_at
        return Source.PRESALE if early else self.source

    def is_released(self, now: datetime) -> bool:
        """Tell whether it was sold before a release that has come."""
        return self.source is Source.POOL and self.release_at is not None and now >= self.release_at


@dataclass(frozen=True)
class Supply:
    """The SKUs of a shop that are not simply a pool of codes, or not yet."""

    sources: Mapping[UUID, Source] = field(default_factory=dict)
    patterns: Mapping[UUID, str] = field(default_factory=dict)
    bundles: Mapping[UUID, tuple[Ingredient, ...]] = field(default_factory=dict)
    as_ready: frozenset[UUID] = frozenset()
    releases: Mapping[UUID, tuple[datetime, int | None]] = field(default_factory=dict)  # when, and how many before
    delays: Mapping[UUID, int] = field(default_factory=dict)  # minutes from the payment to the hand-over

    def source_of(self, sku_id: UUID, now: datetime) -> Source:
        """Return where a SKU comes from at a moment."""
        own = self.sources.get(sku_id, Source.POOL)
        return Ingredient(sku_id, own, release_at=self.releases.get(sku_id, (None, None))[0]).source_at(now)

    def unreleased(self, now: datetime) -> frozenset[UUID]:
        """Return what is sold before its release at a moment."""
        return frozenset(sku_id for sku_id, (release_at, _cap) in self.releases.items() if release_at > now)

    def delay(self, sku_id: UUID | None) -> int:
        """Return how many minutes after its payment a SKU is handed over."""
        return self.delays.get(sku_id, 0) if sku_id else 0

    @property
    def components(self) -> frozenset[UUID]:
        return frozenset(one.sku_id for recipe in self.bundles.values() for one in recipe)

    def bundles_with(self, sku_ids: Iterable[UUID]) -> set[UUID]:
        """Return the bundles that one of these SKUs is in."""
        asked = set(sku_ids)
        return {bundle for bundle, recipe in self.bundles.items() if any(one.sku_id in asked for one in recipe)}


def supply() -> Supply:
    """Return how the shop's SKUs are supplied; what other processes change is seen a few seconds later."""
    return _supplies.find((db.merchant_id(),), read_supply) or Supply()


def forget_supply() -> None:
    """Let what the running unit changes be seen."""
    _supplies.forget()


def read_supply() -> Supply:
    """Return how the shop's SKUs are supplied, as the running unit sees it."""
    rows = db.session().execute(_special(), {"merchant": db.merchant_id()}).all()
    bundles = [row.id for row in rows if row.source is Source.BUNDLE]
    return Supply(
        sources={row.id: row.source for row in rows if row.source is not Source.POOL},
        patterns={row.id: row.pattern for row in rows if row.pattern},
        bundles=read_recipes(bundles),
        as_ready=frozenset(row.id for row in rows if row.as_ready),
        releases={row.id: (row.release_at, row.presale_cap) for row in rows if row.release_at},
        delays={row.id: row.open_minutes for row in rows if row.open_minutes},
    )


def read_recipes(bundle_ids: Iterable[UUID]) -> dict[UUID, tuple[Ingredient, ...]]:
    """Return what bundles consist of, in the order of their forms; one that consists of nothing is left out."""
    asked = list(bundle_ids)
    found: dict[UUID, list[Ingredient]] = {}
    if asked:
        for row in db.session().execute(_components(len(asked)), {"merchant": db.merchant_id()} | spread("sku", asked)):
            found.setdefault(row.bundle, []).append(_ingredient(row))
    return {bundle: tuple(recipe) for bundle, recipe in found.items()}


def _ingredient(row: Any) -> Ingredient:
    return Ingredient(row.id, row.source, row.quantity, row.share, row.release_at, row.presale_cap)


@lru_cache
def _special() -> Select[Any]:
    s = SKU.c
    facts = (s.id, s.source, s.pattern, s.as_ready, s.release_at, s.presale_cap, s.open_minutes)
    special = or_(s.source != Source.POOL, s.release_at.is_not(None), s.open_minutes.is_not(None))
    return select(*facts).where(s.merchant_id == bindparam("merchant"), special)


@lru_cache
def _components(count: int) -> Select[Any]:
    s, c = SKU.c, COMPONENT.c
    facts = (c.sku_id.label("bundle"), c.quantity, c.share, s.id, s.source, s.release_at, s.presale_cap)
    return (
        select(*facts)
        .join_from(COMPONENT, SKU, (s.merchant_id == c.merchant_id) & (s.id == c.component_id))
        .where(c.merchant_id == bindparam("merchant"), among(c.sku_id, "sku", count))
        .order_by(c.sku_id, c.position)
    )
