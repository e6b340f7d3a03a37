"""`ledger check`."""

import time
from dataclasses import asdict
from typing import Any

import click

from app.commands.answer import answers, find_shop
from app.finance import queries as finance
from app.kit import db
from app.kit.tenancy import System
from app.ledger import queries as books
from app.merchants import queries as merchants


@click.group()
def ledger() -> None:
    """The books."""


@ledger.command()
@click.option("--shop", help="Short name of the shop; default: all shops.")
@answers
def check(shop: str | None) -> Any:
    """Check that the books are whole, and that they tell what was sold and given back."""
    began = time.perf_counter()
    ids = [find_shop(shop)] if shop else db.read(System("ledger check"), merchants.list_ids)
    faults: list[dict[str, str]] = []
    transactions = entries = 0
    for merchant in ids:
        size, wrong = db.read(merchant, _check)
        transactions, entries = transactions + size.transactions, entries + size.entries
        faults += wrong
    counted = {"transactions": transactions, "entries": entries, "seconds": round(time.perf_counter() - began, 3)}
    return {"ok": not faults} | ({"faults": faults} if faults else {}) | counted


def _check() -> tuple[books.Size, list[dict[str, str]]]:
    slug = merchants.current().slug
    faults = [*books.check(), *finance.check()]
    return books.size(), [{"shop": slug} | asdict(fault) for fault in faults]
