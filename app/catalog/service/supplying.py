"""Supplying: how a variant's goods look, what a bundle consists of, and from when something is delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from app.catalog import queries
from app.catalog.clearances import is_cleared
from app.catalog.errors import (
    BadCap,
    BadComponents,
    BadMinutes,
    BadRelease,
    BundleInBundle,
    InClearance,
    NoSuchSku,
    NotOfSource,
)
from app.catalog.events import ProductChanged
from app.catalog.models import Component, Sku, Source
from app.kit import db
from app.kit.errors import Invalid
from app.kit.events import By, publish
from app.merchants import service as merchants

MOST_OF_ONE, MOST_COMPONENTS = 100, 20
MOST_MINUTES = 30 * 24 * 60


@dataclass(frozen=True)
class Portion:
    """So many of a variant in a bundle, and its weight in the price."""

    code: str
    quantity: int
    share: int


def set_pattern(sku: Sku, pattern: str, *, now: datetime, by: By) -> None:
    """Let the codes of a variant that are made from now on look so; the caller knows the pattern to be a good one."""
    if sku.source is not Source.GENERATED:
        raise NotOfSource
    before, sku.pattern = sku.pattern, pattern
    _tell(sku, [("pattern", before, pattern)], now=now, by=by)


def set_components(sku: Sku, portions: Sequence[Portion], *, as_ready: bool, now: datetime, by: By) -> None:
    """Let a bundle consist of these from now on; orders keep what they were placed for. Refuses bundles in it."""
    if sku.source is not Source.BUNDLE:
        raise NotOfSource
    found = _components(sku, portions)
    before = _said(queries.read_recipes([sku.id]).get(sku.id, ()))
    db.changed(delete(Component).where(Component.sku_id == sku.id))
    rows = [
        Component(sku_id=sku.id, position=place, component_id=one.id, quantity=each.quantity, share=each.share)
        for place, (one, each) in enumerate(zip(found, portions, strict=True))
    ]
    db.session().add_all(rows)
    changes = [("components", before, _said(rows))]
    if sku.as_ready != as_ready:
        changes.append(("as_ready", "", "yes" if as_ready else "no"))
    sku.as_ready = as_ready
    db.session().flush()
    _tell(sku, changes, now=now, by=by)


def _components(sku: Sku, portions: Sequence[Portion]) -> list[Sku]:
    """Return what portions name, in their order."""
    codes = [portion.code for portion in portions]
    fits = 0 < len(codes) <= MOST_COMPONENTS and len(set(codes)) == len(codes) and sku.code not in codes
    if not fits or not all(1 <= one.quantity <= MOST_OF_ONE and one.share >= 0 for one in portions):
        raise Invalid({"components": BadComponents(MOST_OF_ONE)})
    known = {one.code: one for one in db.session().scalars(select(Sku).where(Sku.code.in_(codes)))}
    for code in codes:
        if code not in known:
            raise Invalid({"components": NoSuchSku(code)})
        if known[code].source is Source.BUNDLE:
            raise Invalid({"components": BundleInBundle(code)})
    return [known[code] for code in codes]


def set_release(sku: Sku, at: datetime | None, cap: int | None, *, now: datetime, by: By) -> None:
    """Sell a variant before its release, at most so many; what was sold is delivered on the day.

    Without a day its release is now, so that those who bought before are known and served before others.
    """
    if sku.source is not Source.POOL:
        raise NotOfSource
    if at is not None and is_cleared(sku):
        raise Invalid({"release": InClearance()})
    if at is not None and at <= now and at != sku.release_at:
        raise Invalid({"release": BadRelease()})
    if cap is not None and cap < 1:
        raise Invalid({"cap": BadCap()})
    before = sku.release_at.isoformat() if sku.release_at else ""
    sku.presale_cap = cap if at else None
    sku.release_at = at if at or not sku.release_at else min(sku.release_at, now)
    db.session().flush()
    _tell(sku, [("release", before, at.isoformat() if at else "")], now=now, by=by)


def set_opening(sku: Sku, minutes: int | None, *, now: datetime, by: By) -> None:
    """Hand a variant over so many minutes after its payment, or at once; what was paid before keeps its moment."""
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise Invalid({"minutes": BadMinutes(MOST_MINUTES // 1440)})
    before, sku.open_minutes = sku.open_minutes, minutes
    db.session().flush()
    if before != minutes:
        _tell(sku, [("opening", str(before or ""), str(minutes or ""))], now=now, by=by)


def _said(portions: Sequence[Component | queries.Ingredient]) -> str:
    return " + ".join(str(one.quantity) for one in portions)


def _tell(sku: Sku, changes: Sequence[tuple[str, str, str]], *, now: datetime, by: By) -> None:
    told = tuple((f"{what} {sku.code}", before, after) for what, before, after in changes)
    publish(ProductChanged(subject_id=sku.product_id, changes=told, at=now, by=by))
    merchants.touch_shelf()
    queries.forget_offers()
