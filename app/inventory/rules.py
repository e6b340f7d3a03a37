"""Pure rules of stock: when two texts are the same code, what may be seen of one, what a row must be."""

from collections.abc import Sequence
from datetime import date, datetime

from app.inventory.models import Code, Status

TAIL = 4
LONG_ENOUGH_FOR_TAIL = 12
LONGEST_VALUE = 500


def canonical(field: str, text: str) -> str:
    """Return the text that two spellings of one code share.

    Case, spaces and dashes are folded only where the text is single-cased; links, accounts and mixed case are exact.
    """
    text = text.strip()
    single_cased = text in (text.upper(), text.lower())
    if field == "account" or "://" in text or not single_cased:
        return text
    return text.upper().replace(" ", "").replace("-", "")


def canonical_pair(field: str, text: str, pin: str) -> str:
    """Return the text that two spellings of a number or account with its PIN or password share; those are exact."""
    return f"{canonical(field, text)}\0{pin.strip()}"


def tail(field: str, text: str) -> str:
    """Return the last letters that may be seen: of long codes and numbers only, never of an account or a secret."""
    return text[-TAIL:] if field in {"code", "number"} and len(text) >= LONG_ENOUGH_FOR_TAIL else ""


def fault(values: Sequence[str], expected: int) -> str:
    """Return why a row cannot be a code, as a stable word, or "" when it can."""
    if len(values) != expected:
        return "columns"
    if not all(values):
        return "empty"
    if any(len(value) > LONGEST_VALUE for value in values):
        return "too_long"
    if any(not value.isprintable() for value in values):
        return "unprintable"
    return ""


def class_of(code: Code, today: date) -> str:
    """Return the one class a code counts under: the first that fits (design.md, Stock)."""
    holds = {
        "void": code.status is Status.VOID,
        "sold": code.status is Status.SOLD,
        "frozen": code.frozen,
        "expired": code.expires_on is not None and code.expires_on < today,
        "quarantined": code.status is Status.QUARANTINED,
        "held": code.status is Status.HELD,
    }
    return next((name for name, held in holds.items() if held), "available")


def pick(batch_at: datetime, line: int) -> int:
    """Return the place of a line in the order of sale: first imported, first sold."""
    return int(batch_at.timestamp() * 1000) * 2**20 + min(line, 2**20 - 1)
