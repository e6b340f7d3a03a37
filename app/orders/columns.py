"""The columns of the list of orders, the same on the page and in a file of it; a contact stays masked."""

from collections.abc import Mapping

from app.kit.errors import words
from app.kit.listing import Column, Word
from app.orders.models import Order, Purpose
from app.orders.rules import status

STATUS_WORDS: Mapping[str, str] = {
    "pending": words("Awaiting payment"),
    "paid": words("Paid"),
    "fulfilling": words("Being delivered"),
    "queued": words("Queued"),
    "delivered": words("Delivered"),
    "partially_delivered": words("Partly delivered"),
    "in_review": words("In review"),
    "refunded": words("Refunded"),
    "partially_refunded": words("Partly refunded"),
    "expired": words("Expired"),
    "cancelled": words("Cancelled"),
}

TOP_UP = Word(words("Top-up of a balance"))


def _products(order: Order) -> str:
    return "; ".join(f"{line.title} × {line.quantity}" for line in order.lines)


COLUMNS: tuple[Column, ...] = (
    Column("order", words("Order"), lambda row, about: row.number),
    Column(
        "products",
        words("Products"),
        lambda row, about: TOP_UP if row.purpose is Purpose.TOP_UP else _products(row),
    ),
    Column("contact", words("Contact"), lambda row, about: row.contact_mask),
    Column("total", words("Total"), lambda row, about: row.total),
    Column("status", words("Status"), lambda row, about: Word(STATUS_WORDS[status(row, now=about.now)])),
    Column("placed", words("Placed"), lambda row, about: row.placed_at),
    Column("paid", words("Paid at"), lambda row, about: row.paid_at),
)
