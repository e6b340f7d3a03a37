"""The demo's shelf: departments and goods of made-up brands, read from `goods/`, with the covers drawn for them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.queries import Kind, ProductStatus, Source
from app.commands.demo.tutorials import Scene, draw
from app.kit import db, pictures
from app.kit.events import SYSTEM
from app.kit.money import Money

HERE = Path(__file__).parent
CURRENCY = "CNY"


@dataclass(frozen=True)
class Variant:
    """What a buyer chooses among; prices in fen."""

    code: str
    price: int
    cost: int
    free: int  # codes left when the story has been told
    weight: int  # how often it is bought
    zh: str
    en: str
    was: int | None = None
    expires: int | None = None  # days from now
    source: str = Source.POOL.name
    pattern: str = ""  # of codes that are made when they are sold


@dataclass(frozen=True)
class Good:
    """A product of the demo."""

    slug: str
    cover: str
    kind: Kind
    tags: tuple[str, ...]
    redeem: str
    age: int  # days on the shelf
    status: ProductStatus
    steps: tuple[str, ...]
    scene: Scene
    variants: tuple[Variant, ...]
    texts: Mapping[str, shelving.Texts]


@dataclass(frozen=True)
class Department:
    """A category with its goods."""

    slug: str
    names: Mapping[str, str]
    goods: tuple[Good, ...]


def read(folder: str = "goods") -> list[Department]:
    """Return the departments of a folder in their order."""
    return [_department(tomllib.loads(path.read_text("utf-8"))) for path in sorted((HERE / folder).glob("*.toml"))]


def _department(said: Mapping[str, Any]) -> Department:
    names = {lang: said["category"][lang] for lang in ("zh", "en")}
    return Department(said["category"]["slug"], names, tuple(_good(good) for good in said["good"]))


def _good(said: Mapping[str, Any]) -> Good:
    return Good(
        slug=said["slug"],
        cover=said["cover"],
        kind=Kind[said["kind"]],
        tags=tuple(said["tags"]),
        redeem=said.get("redeem", ""),
        age=said["age"],
        status=ProductStatus[said.get("status", "LIVE")],
        steps=tuple(said["steps"]),
        scene=Scene(said["ground"], said["accent"]),
        variants=tuple(Variant(**variant) for variant in said["variants"]),
        texts={lang: shelving.Texts(**said[lang]) for lang in ("zh", "en")},
    )


def fill(merchant_id: int, departments: Sequence[Department], *, now: datetime) -> None:
    """Put every good on the shelf that does not stand there, in one unit; what was changed since stays."""
    db.write(merchant_id, lambda: shelve_missing(departments, now))


def shelve_missing(departments: Sequence[Department], now: datetime) -> None:
    """Put every good on the shelf that does not stand there."""
    for department in departments:
        missing = [good for good in department.goods if catalog.find_product(good.slug) is None]
        category_id = _category(department, now) if missing else None
        for good in missing:
            _shelve(good, category_id, now)


def _category(department: Department, now: datetime) -> UUID:
    found = {category.slug: category.id for category in catalog.list_categories()}
    if department.slug in found:
        return found[department.slug]
    opened = now - timedelta(days=60)
    return shelving.create_category(slug=department.slug, names=department.names, now=opened, by=SYSTEM).id


def _shelve(good: Good, category_id: UUID | None, now: datetime) -> None:
    then = now - timedelta(days=good.age)
    cover = (HERE / "covers" / f"{good.cover}.svg").read_text("utf-8").strip()
    shelving.create_product(
        slug=good.slug,
        texts=good.texts,
        skus=[_draft(good, variant) for variant in good.variants],
        status=good.status,
        category_id=category_id,
        cover_id=pictures.keep_drawn(cover, now=then),
        tags=good.tags,
        redeem_url=good.redeem,
        steps=[pictures.keep_drawn(draw(step, good.scene), now=then) for step in good.steps],
        now=then,
        by=SYSTEM,
    )


def _draft(good: Good, variant: Variant) -> shelving.SkuDraft:
    was = Money(variant.was, CURRENCY) if variant.was else None
    names = {lang: name for lang, name in (("zh", variant.zh), ("en", variant.en)) if name}
    return shelving.SkuDraft(
        variant.code,
        good.kind,
        Money(variant.price, CURRENCY),
        names,
        was,
        source=Source[variant.source],
        pattern=variant.pattern,
    )
