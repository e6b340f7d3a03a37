"""What arrives over the wire: keys, forms with brackets, and the refusals in Stripe's words."""

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
WHOLE_HUNDREDS = frozenset({"ISK", "UGX"})
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
LEAST = {"USD": 50, "EUR": 50, "GBP": 30, "HKD": 400, "JPY": 50, "SGD": 50, "AUD": 50, "CAD": 50, "CNY": 350}
CURRENCIES = frozenset(
    "AED AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR MOP MXN MYR NOK NZD PHP PLN RON SAR SEK SGD THB TRY"
    " TWD USD ZAR".split()
)


class ApiError(Exception):
    """A request that is not carried out; `kept` tells whether an idempotency key remembers it."""

    def __init__(
        self, status: int, message: str, *, code: str = "", param: str = "", kept: bool = False, kind: str = ""
    ) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        error = {"type": kind or "invalid_request_error", "message": message, "code": code, "param": param}
        self.body = {"error": {name: value for name, value in error.items() if value}}


def read_key(headers: Mapping[str, str]) -> str:
    """Return the key of a request, given as a bearer or as a user's name."""
    kind, _, text = headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            text = base64.b64decode(text, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            text = ""
    if not text:
        raise ApiError(401, "You did not provide an API key.")
    return text


def read_form(text: str) -> dict[str, Any]:
    """Return a form or query as a tree: `a[b][0]=c` is {"a": {"b": {"0": "c"}}}."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        path = re.findall(r"[^\[\]]+", name)
        branch = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
            if not isinstance(branch, dict):
                raise ApiError(400, f"Invalid form: {name}")
        if path:
            branch[path[-1]] = value
    return tree


def only(given: Mapping[str, Any], names: Collection[str]) -> None:
    """Refuse parameters that there are not."""
    for name in given:
        if name not in names:
            raise ApiError(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def need(given: Mapping[str, Any], name: str) -> Any:
    """Return a parameter that must be there."""
    if given.get(name) in (None, "", {}):
        raise ApiError(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return given[name]


def whole(text: object, name: str) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise ApiError(400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)


def check_amount(amount: int, currency: str) -> None:
    """Refuse an amount that cannot be charged."""
    name = currency.upper()
    if name not in CURRENCIES | ZERO_DECIMAL | WHOLE_HUNDREDS | THREE_DECIMAL or currency != currency.lower():
        raise ApiError(400, f"Invalid currency: {currency}", param="currency")
    if (name in WHOLE_HUNDREDS and amount % 100) or (name in THREE_DECIMAL and amount % 10):
        raise ApiError(400, f"Invalid amount for {name}.", code="amount_invalid", param="unit_amount")
    if amount < LEAST.get(name, 1):
        message = "The Checkout Session's total amount must convert to at least 50 cents."
        raise ApiError(400, message, code="amount_too_small")
    if amount > 99_999_999:
        raise ApiError(400, "Amount must be no more than $999,999.99", code="amount_too_large")


def masked(key: str) -> str:
    """Return a key as error messages show it."""
    return f"{key[:8]}{'*' * 8}{key[-4:]}"
