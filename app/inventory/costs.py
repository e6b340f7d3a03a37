"""What a cell of a file says a code cost, as people, shops and spreadsheets write it. Pure."""

import re
import unicodedata

from app.kit.money import exponent

FIELD = "cost"
MOST = 10**11  # minor units; more is a mistaken column
PLAIN = re.compile(r"(\d{1,18})(?:\.(\d*))?", re.ASCII)
GROUPED = re.compile(r"\d{1,3}((?:,\d{3})+)(?:\.(\d*))?", re.ASCII)  # 1,234.50
WITH_COMMA = re.compile(r"(\d{1,15}|\d{1,3}(?:\.\d{3})+),(\d*)", re.ASCII)  # 1,50 and 1.234,50
LESS = re.compile(r"[-\u2212]|\(.*\)$")
SIGNS = {
    "CNY": ("RMB", "¥", "元"),
    "JPY": ("¥", "円"),
    "USD": ("US$", "$"),
    "HKD": ("HK$", "$"),
    "TWD": ("NT$", "$"),
    "SGD": ("S$", "$"),
    "AUD": ("A$", "$"),
    "CAD": ("C$", "$"),
    "EUR": ("€",),
    "GBP": ("£",),
    "KRW": ("₩",),
    "INR": ("₹",),
    "RUB": ("₽",),
    "VND": ("₫",),
    "THB": ("฿",),
}


def read_cost(text: str, currency: str) -> tuple[int | None, str]:
    """Return the minor units that a cell says, and why it is refused, as a stable word; an empty cell says nothing.

    Refused are bad_cost, cost_below_zero, cost_too_large and cost_decimals. A comma before three digits parts
    thousands, any other one parts the decimals; where the currency has three decimals, one comma alone says neither.
    """
    if not text:
        return None, ""
    places, said = exponent(currency), text if PLAIN.fullmatch(text) else _bare(text, currency)
    said = f"0{said}" if said.startswith(".") else said
    if LESS.match(said):
        return None, "cost_below_zero" if any(letter.isdigit() for letter in said) else "bad_cost"
    found = _parts(said, places)
    if found is None:
        return None, "bad_cost"
    whole, decimals = found[0], found[1].rstrip("0")
    if len(decimals) > places:
        return None, "cost_decimals"
    minor = int(whole + decimals.ljust(places, "0"))
    return (minor, "") if minor <= MOST else (None, "cost_too_large")


def may_be_seen(text: str) -> bool:
    """Tell whether a cell is surely no secret: digits alone may be a PIN, where there are more than three."""
    return len(text) <= 3 or not text.isdecimal()


def _bare(text: str, currency: str) -> str:
    """Return what is written without the sign or the letters of the currency, before it or behind it."""
    said = unicodedata.normalize("NFKC", text).replace("\u00a5", "¥").replace(" ", "").replace("\u202f", "")
    for sign in (currency, *SIGNS.get(currency, ())):
        if said.upper().startswith(sign):
            return said[len(sign) :]
        if said.upper().endswith(sign):
            return said.removesuffix(said[-len(sign) :])
        if said.upper().startswith("-" + sign):
            return "-" + said[len(sign) + 1 :]
    return said


def _parts(said: str, places: int) -> tuple[str, str] | None:
    """Return the digits before and behind what parts the decimals."""
    if found := PLAIN.fullmatch(said):
        return found[1], found[2] or ""
    if found := GROUPED.fullmatch(said):
        one_comma = len(found[1]) == 4 and found[2] is None
        whole = said.partition(".")[0].replace(",", "")
        return None if one_comma and places == 3 else (whole, found[2] or "")
    found = WITH_COMMA.fullmatch(said)
    return (found[1].replace(".", ""), found[2]) if found else None
