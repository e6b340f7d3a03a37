"""The demo's stock: files of made-up codes, as much of each as is sold in the story and left after it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.queries import Kind
from app.commands.demo.plan import Plan
from app.commands.demo.shelf import CURRENCY, Good, Variant
from app.inventory import queries as inventory
from app.inventory import service as importing
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.money import Money

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
SUPPLIERS = {Kind.CODE: "山海数字", Kind.CARD: "聚星点卡", Kind.ACCOUNT: "自营"}

MANY, REST = 200, 0.35  # from so many codes on this share of them comes later


@dataclass(frozen=True)
class Delivery:
    """Codes of one variant that came together."""

    kind: Kind
    variant: Variant
    at: datetime
    pieces: int
    number: int = 1


def fill(merchant_id: int, goods: Sequence[Good], plan: Plan, *, now: datetime) -> None:
    """Import the codes of every SKU that has never had any."""
    empty = db.read(merchant_id, _list_empty)
    wanted = [
        delivery
        for good in goods
        for variant in good.variants
        if variant.code in empty
        for delivery in _deliveries(good, variant, variant.free + plan.pieces[variant.code], now)
    ]
    for delivery in sorted(wanted, key=lambda one: one.at):
        _import(merchant_id, delivery, now)


def count(merchant_id: int) -> int:
    """Return how many codes the batches of the shop brought."""
    return db.read(merchant_id, lambda: sum(imported for _, imported in _batches()))


def _list_empty() -> set[str]:
    stocked = {sku_id for sku_id, _ in _batches()}
    return {sku.code for sku in catalog.list_skus() if sku.id not in stocked}


def _batches() -> list[tuple[UUID, int]]:
    """Return the SKU of each batch, and how many codes it brought."""
    return [(batch.sku_id, batch.imported) for batch in db.session().scalars(inventory.BATCHES.query())]


def _deliveries(good: Good, variant: Variant, pieces: int, now: datetime) -> list[Delivery]:
    """Return when how many codes of a variant came: some on its first day, much of what sells well some weeks later."""
    first = now - timedelta(days=good.age) + timedelta(minutes=random.Random(variant.code).randrange(20, 300))
    later = round(pieces * REST) if pieces > MANY else 0
    parts = [Delivery(good.kind, variant, first, pieces - later)]
    if later:
        parts.append(Delivery(good.kind, variant, first + timedelta(days=good.age * 0.8), later, 2))
    return [part for part in parts if part.pieces]


def _import(merchant_id: int, one: Delivery, now: datetime) -> None:
    code, then = one.variant.code, one.at
    order = importing.ImportOrder(
        sku_code=code,
        name=f"{code}-{then:%m%d}",
        file_name=f"{code.lower()}-{then:%m%d}.csv",
        supplier=SUPPLIERS[one.kind],
        cost=Money(one.variant.cost, CURRENCY),
        expires_on=(now + timedelta(days=one.variant.expires)).date() if one.variant.expires else None,
        by=SYSTEM,
    )
    file = _file(one.kind, f"{code} {one.number}", one.pieces)
    with clock.running(lambda: then):
        importing.import_codes(merchant_id, order, [file], now=then, today=then.date())


def _file(kind: Kind, name: str, pieces: int) -> bytes:
    """Return a file of made-up codes; the same each time, so that loading twice changes nothing."""
    draw = random.Random(name)

    def word(length: int) -> str:
        return "".join(draw.choices(LETTERS, k=length))

    rows = {
        Kind.CODE: lambda: "-".join(word(4) for _ in range(4)),
        Kind.CARD: lambda: f"{draw.randrange(10**15, 10**16)},{draw.randrange(10**7, 10**8)}",
        Kind.ACCOUNT: lambda: f"{word(10).lower()}@demo.example,{word(12)}",
    }
    return "\n".join([",".join(kind.fields), *(rows[kind]() for _ in range(pieces))]).encode()
