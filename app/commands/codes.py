"""`codes import` and `stock`."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.catalog import queries as catalog
from app.commands.answer import answers, find_shop
from app.inventory import queries as inventory
from app.inventory import service as importing
from app.inventory.errors import BadCost, BadExpiry
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.kit.money import Money, NotMoney, parse
from app.merchants import queries as merchants

PIECE = 64 * 1024


@click.group()
def codes() -> None:
    """Codes of the pool."""


@codes.command("import")
@click.argument("sku")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", help="Short name of the shop.")
@click.option("--batch", default="", help="Name of the batch; default: the file's name.")
@click.option("--supplier", default="", help="Who sold these codes to you.")
@click.option("--cost", default="0", help="What one code cost, such as 12.50.")
@click.option("--expires", default="", help="Last day the codes can be sold, such as 2027-01-31.")
@answers
def import_(sku: str, file: Path, shop: str | None, batch: str, supplier: str, cost: str, expires: str) -> Any:
    """Import FILE (csv or txt) into the pool of SKU."""
    began = time.perf_counter()
    merchant_id = find_shop(shop)
    merchant = db.read(merchant_id, merchants.current)
    now = clock.now()
    order = importing.ImportOrder(
        sku_code=sku,
        name=batch or file.stem,
        file_name=file.name,
        supplier=supplier,
        cost=_cost(cost, merchant.currency),
        expires_on=_expiry(expires),
        by=SYSTEM,
    )
    today = now.astimezone(ZoneInfo(merchant.zone)).date()
    done = importing.import_codes(merchant_id, order, _pieces(file), now=now, today=today)
    return {
        "total": done.total,
        "imported": done.imported,
        "duplicate_in_file": done.duplicate_in_file,
        "duplicate_in_stock": done.duplicate_in_stock,
        "invalid": done.invalid,
        "batch": public("bat", done.id),
        "seconds": round(time.perf_counter() - began, 3),
    }


@click.command()
@click.argument("sku")
@click.option("--shop", help="Short name of the shop.")
@answers
def stock(sku: str, shop: str | None) -> Any:
    """Count the codes of SKU, each under one class."""
    merchant_id = find_shop(shop)
    merchant = db.read(merchant_id, merchants.current)
    today = clock.now().astimezone(ZoneInfo(merchant.zone)).date()
    return db.read(merchant_id, lambda: inventory.count_by_class(catalog.get_sku(sku).id, today=today))


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


def _cost(text: str, currency: str) -> Money:
    try:
        return parse(text, currency)
    except NotMoney:
        raise BadCost from None


def _expiry(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadExpiry from None
