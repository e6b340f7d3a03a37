"""Pure rules of stock: when two texts are the same code, what may be seen of one, what a row must be."""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from app.catalog.queries import Strategy
from app.inventory.models import Code, Status

TAIL = 4
LONG_ENOUGH_FOR_TAIL = 12
LONGEST_VALUE = 500
LONGEST_TAGS = 200
A_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T]00:00(?::00)?)?")
SPREADSHEET_DAYS = re.compile(r"[3-9]\d{4}(?:\.0)?")  # 1982 to 2173
SPREADSHEET_ZERO = date(1899, 12, 30)


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


def is_bad_link(field: str, text: str) -> bool:
    """Tell whether something given as a link is none that a browser may be led to."""
    return field == "link" and not re.fullmatch(r"https?://[^\s<>\"']+", text.strip())


def fault_beside(expires: str, tags: str) -> str:
    """Return what is wrong with what a row says beside its code, as a stable word, or ""."""
    if expires and read_date(expires) is None:
        return "bad_expiry"
    return "long_tags" if len(read_tags(tags)) > LONGEST_TAGS else ""


def read_date(text: str) -> date | None:
    """Return a day as people and spreadsheets write it, or None."""
    if SPREADSHEET_DAYS.fullmatch(text):
        return SPREADSHEET_ZERO + timedelta(days=int(text[:5]))
    found = A_DATE.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def read_tags(text: str) -> str:
    """Return tags as they are kept: words with a space between them, each once."""
    return " ".join(dict.fromkeys(re.split(r"[\s,;，；、]+", text.strip()))) if text else ""


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


# A strategy has a quarter of the numbers to itself, so that a code tells by its place which one put it there.
QUARTER = 2**62
FLOORS = {Strategy.FIRST_IN: 0, Strategy.RANDOM: QUARTER, Strategy.SOONEST: -2 * QUARTER, Strategy.RANKED: -QUARTER}
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
LEAD, SECONDS, LINES = 2**15, 2**30, 2**17  # what leads, then when the batch came, then its line


def pick(
    batch_at: datetime,
    line: int,
    strategy: Strategy = Strategy.FIRST_IN,
    *,
    expires_on: date | None = None,
    rank: int = 0,
) -> int:
    """Return the place of a line in the order of sale: codes of a smaller one are sold first."""
    if strategy is Strategy.FIRST_IN:
        return int(batch_at.timestamp() * 1000) * 2**20 + min(line, 2**20 - 1)
    if strategy is Strategy.RANDOM:
        return QUARTER + secrets.randbelow(QUARTER)
    if strategy is Strategy.SOONEST:
        lead = (expires_on - EPOCH.date()).days if expires_on else LEAD - 1
    else:
        lead = rank + LEAD // 2
    came = int((batch_at - EPOCH).total_seconds())
    return FLOORS[strategy] + (_within(lead, LEAD) * SECONDS + _within(came, SECONDS)) * LINES + _within(line, LINES)


def span(strategy: Strategy) -> tuple[int, int]:
    """Return the first and the last place that a strategy gives."""
    return FLOORS[strategy], FLOORS[strategy] + QUARTER - 1


def _within(number: int, count: int) -> int:
    return min(max(number, 0), count - 1)
