"""What happened to stock, and what can be done with much of it at once, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import ngettext

from app.kit.errors import words
from app.kit.money import Money
from app.web.guard import frame
from app.web.language import money


def _codes(count: int) -> str:
    return str(ngettext("%(num)s code", "%(num)s codes", count))


def _worth(minor: int | str) -> str:
    return money(Money(int(minor), frame().currency))


def _fact(facts: Mapping[str, Any]) -> str:
    """Return what a fact of a batch was and is now; a cost as money."""
    said = _worth if facts["field"] == "cost_amount" else str
    return f"{said(facts['before'])} → {said(facts['after'])}"


# What is done to many codes at once.
CHANGES: Mapping[str, str] = {
    "freeze": words("Freeze"),
    "unfreeze": words("Unfreeze"),
    "void": words("Make void"),
    "restore": words("Restore"),
    "restock": words("Put back in stock"),
    "recall": words("Recall the batch"),
    "release": words("Release the recall"),
    "withdraw": words("Undo the import"),
    "expiry": words("Change the expiry"),
    "cost": words("Correct the cost"),
}

# As STEPS of shown.py: the name of each event, its tone, and which of its facts are worth telling.
STOCK_STEPS: Mapping[str, tuple[str, str, Callable[[Mapping[str, Any]], str]]] = {
    "code.frozen": (words("Code frozen"), "warn", lambda facts: facts["reason"]),
    "code.unfrozen": (words("Code unfrozen"), "", lambda facts: facts["reason"]),
    "code.voided": (words("Code made void"), "bad", lambda facts: facts["reason"]),
    "code.restored": (words("Code restored"), "ok", lambda facts: facts["reason"]),
    "code.quarantined": (words("Code set aside"), "warn", lambda facts: facts["reason"]),
    "code.returned": (words("Code back in stock"), "ok", lambda facts: facts["reason"]),
    "code.replaced": (words("Code replaced by another"), "warn", lambda facts: facts["reason"]),
    "batch.changed": (words("Facts of the batch changed"), "", _fact),
    "batch.recalled": (words("Batch recalled"), "warn", lambda facts: facts["reason"]),
    "batch.recall_released": (words("Recall released"), "ok", lambda facts: facts["reason"]),
    "batch.undone": (words("Import undone"), "bad", lambda facts: _codes(facts["count"])),
    "codes.imported": (words("Imported"), "ok", lambda facts: _codes(facts["imported"])),
    "codes.move_asked": (words("Move of codes asked for"), "", lambda facts: _codes(facts["count"])),
    "codes.moved": (words("Codes came from another SKU"), "", lambda facts: _codes(facts["count"])),
    "codes.move_cancelled": (words("Move of codes stopped early"), "warn", lambda facts: _codes(facts["moved"])),
    "codes.making_cancelled": (
        words("Making of codes stopped early"),
        "warn",
        lambda facts: _codes(facts["made"]),
    ),
    "stock.revalued": (words("The stock is worth more or less"), "", lambda facts: _worth(facts["amount"])),
    "proof.added": (words("Document of origin filed"), "info", lambda facts: facts["file"]),
    "proof.downloaded": (
        words("Document of origin downloaded"),
        "",
        lambda facts: f"{facts['file']} · {facts['network']}",
    ),
}
