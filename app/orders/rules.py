"""Pure rules of orders: status, order numbers, contacts."""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime

from app.orders.models import Closed, Fulfilment, Order, Payment, Review

MOST = 1000
MOST_OF_COMPANY = 10_000
LONGEST_CONTACT = 200
STATUSES = (
    "in_review",
    "cancelled",
    "expired",
    "refunded",
    "queued",
    "fulfilling",
    "partially_delivered",
    "partially_refunded",
    "delivered",
    "paid",
    "pending",
)


def status(order: Order, *, now: datetime) -> str:
    """Return the one word for an order; the first that holds (contract.md)."""
    late = order.payment is Payment.PENDING and now >= order.expires_at
    paid = order.payment is not Payment.PENDING
    kept = order.payment in (Payment.PAID, Payment.PARTIALLY_REFUNDED)  # unpaid, it is like any other for its buyer
    holds = {
        "in_review": kept and order.review is Review.WAITING,
        "cancelled": order.closed is Closed.CANCELLED,
        "expired": order.closed is Closed.EXPIRED or late,
        "refunded": order.payment is Payment.REFUNDED,
        "queued": order.fulfilment is Fulfilment.QUEUED,
        "partially_delivered": order.fulfilment is Fulfilment.PARTIAL,
        "partially_refunded": order.payment is Payment.PARTIALLY_REFUNDED,
        "delivered": order.fulfilment is Fulfilment.DONE,
        "paid": paid,
    }
    return next((name for name in STATUSES if holds.get(name)), "pending")


def returned_fee(fee: int, *, price: int, refunded: int) -> int:
    """Return how much of the fee that a buyer bore has gone back once so much of the price has; all with all of it."""
    return (2 * fee * refunded + price) // (2 * price) if price else 0


def new_number(now: datetime) -> str:
    """Return a fresh order number: the day and ten random digits, so that it counts nothing."""
    return f"{now:%y%m%d}{secrets.randbelow(10**10):010d}"


def is_contact(text: str) -> bool:
    return 2 <= len(text) <= LONGEST_CONTACT and text.isprintable()


def same_contact(text: str) -> str:
    """Return the one spelling of a contact: `+86 138-0013-8000` and `13800138000` are the same."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    number = re.sub(r"[\s().-]", "", plain)
    if re.fullmatch(r"\+?\d{5,17}", number):
        return re.sub(r"^(\+86|0086)", "", number).removeprefix("+")
    return plain


def merge_lines(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return how many of each SKU are asked for: the same one twice is one line."""
    merged: dict[str, int] = {}
    for code, quantity in lines:
        merged[code] = merged.get(code, 0) + quantity
    return merged


def mask_contact(text: str) -> str:
    """Return what may be seen of a contact: `138****8000`, `al***@example.com`."""
    if "@" in text:
        name, _, host = text.partition("@")
        return f"{name[:2] if len(name) > 2 else name[:1]}***@{host}"
    if re.fullmatch(r"\+?\d{7,15}", digits := re.sub(r"[\s-]", "", text)):
        return f"{digits[:-8]}****{digits[-4:]}" if len(digits) > 8 else f"****{digits[-4:]}"
    return f"{text[:1]}***"
