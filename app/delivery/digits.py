"""The digits of one-time codes: made from the id of their row and our key; no database tells them."""

from uuid import UUID

from app.kit import tokens
from app.kit.secret import Secret

PURPOSE = "one-time code"


def digits_of(code_id: UUID) -> Secret:
    """Return the digits of a code, for its letter."""
    return Secret(tokens.digits(PURPOSE, code_id.hex))


def is_digits(code_id: UUID, digits: str) -> bool:
    """Tell whether these are the digits of a code."""
    return tokens.is_digits(PURPOSE, code_id.hex, digits)
