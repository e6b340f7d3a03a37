"""Reveal links: signed over the id of a `link` row, so that nothing in the database opens one."""

from uuid import UUID

from app.kit.tokens import read, sign

PURPOSE = "reveal link"


def token_of(link_id: UUID) -> str:
    """Return the token of a link."""
    return sign(PURPOSE, link_id.hex)


def read_token(token: str) -> UUID | None:
    """Return the id of the link that a token names, if we signed it."""
    value = read(PURPOSE, token)
    return UUID(value) if isinstance(value, str) else None
