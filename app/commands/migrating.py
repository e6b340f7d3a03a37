"""`migrate-in`: products and unsold codes of another shop system."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.commands.answer import answers, find_shop
from app.inventory import queries as inventory
from app.kit import clock, db, sheets, tasks
from app.kit.events import SYSTEM
from app.merchants import queries as merchants
from app.migration import service as migration
from app.migration.queries import told

PIECE = 1024 * 1024
COUNTS = ("total", "imported", "duplicate_in_file", "duplicate_in_stock", "invalid")


@click.command("migrate-in")
@click.argument("kind", type=click.Choice([*migration.SHAPES]))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", help="Short name of the shop.")
@click.option("--dry-run", is_flag=True, help="Only tell what would come; nothing is written.")
@click.option("--uses", default=0, type=click.IntRange(0, 1_000_000), help="How often each loop card may be sold.")
@click.option("--orders", type=click.Path(path_type=Path), help="Write the numbers of their orders to this CSV.")
@answers
def migrate_in(
    kind: str, files: tuple[Path, ...], shop: str | None, dry_run: bool, uses: int, orders: Path | None
) -> Any:
    """Take over what KIND exported to FILES: an SQL dump, CSV or a workbook (docs/migrating.md)."""
    merchant_id, shape = find_shop(shop), migration.SHAPES[kind]
    sources = [partial(_pieces, file) for file in files]
    if orders is not None:
        with orders.open("wb") as file:
            file.writelines(sheets.csv_file(migration.ORDERS, migration.list_orders(shape, sources)))
    if dry_run:
        return {"dry_run": True} | told(migration.look(merchant_id, shape, sources, uses=uses))
    merchant, now = db.read(merchant_id, merchants.current), clock.now()
    today = now.astimezone(ZoneInfo(merchant.zone)).date()
    taken = migration.take_over(merchant_id, shape, sources, uses=uses, now=now, today=today, by=SYSTEM)
    return told(taken.plan) | {"codes": _finish(merchant_id, taken)}


def _finish(merchant_id: int, taken: migration.Taken) -> dict[str, int]:
    """Import what was staged, and return what became of the codes in all."""
    counts = dict.fromkeys(COUNTS, 0)
    for task_id in taken.tasks:
        batch_id = tasks.run(merchant_id, task_id).subject_id
        batch = db.read(merchant_id, partial(inventory.get_batch, batch_id))
        for name in COUNTS:
            counts[name] += getattr(batch, name)
    return counts | {"shared": taken.shared, "shared_known": taken.shared_known}


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece
