"""Lines of a file in words: why one did not become a code, and what its columns are called."""

from collections.abc import Mapping

from flask_babel import gettext as _

from app.kit.errors import words

REASONS: Mapping[str, str] = {
    "IN_FILE": words("The same code appears earlier in the file."),
    "IN_STOCK": words("The shop has this code in stock."),
    "WAS_SOLD": words("The shop has sold this code before."),
    "columns": words("The number of columns is not what this SKU needs."),
    "empty": words("A column is empty."),
    "too_long": words("A value is longer than 500 characters."),
    "unprintable": words("It holds characters that cannot be shown."),
    "bad_expiry": words("Its expiry is no date such as 2027-01-31."),
    "bad_cost": words("Its cost is no amount of the shop's currency such as 12.50."),
    "cost_below_zero": words("Its cost is below zero."),
    "cost_too_large": words("Its cost is too large for one code."),
    "cost_decimals": words("Its cost has more decimals than the currency."),
    "long_tags": words("Its tags are longer than 200 characters."),
}
FIELDS: Mapping[str, str] = {
    "": words("Leave out"),
    "code": words("Code"),
    "number": words("Card number"),
    "pin": words("PIN"),
    "account": words("Account"),
    "password": words("Password"),
    "link": words("Link"),
    "expires": words("Expires on"),
    "tags": words("Tags"),
    "cost": words("Unit cost"),
}
DELIMITERS: Mapping[str, tuple[str, str]] = {
    "comma": (",", words("Comma")),
    "semicolon": (";", words("Semicolon")),
    "tab": ("\t", words("Tab")),
    "bar": ("|", words("Bar |")),
    "dashes": ("----", words("Four dashes ----")),
    "space": (" ", words("Space")),
    "none": ("", words("None: the whole line is the code")),
}
ENCODINGS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "gb18030": "GB18030 / GBK",
    "big5": "Big5",
}
CLASSES: Mapping[str, tuple[str, str]] = {
    "new": (words("New codes"), "ok"),
    "in_file": (words("Twice in the file"), "warn"),
    "in_stock": (words("In stock before"), "warn"),
    "was_sold": (words("Sold before"), "warn"),
    "invalid": (words("Not readable"), "bad"),
}


def issue_words(kind: str, reason: str) -> str:
    """Return why a line did not become a code."""
    key = reason if kind == "INVALID" else kind
    return _(REASONS[key]) if key in REASONS else key


def field_name(field: str) -> str:
    return str(_(FIELDS[field]))


def class_name(name: str) -> str:
    return str(_(CLASSES[name][0]))
