"""Links to choose a new password: signed over the id of a reset, so that nothing in the database opens one."""

from uuid import UUID

from app.kit.tokens import read, sign

PURPOSE = "password reset"


def token_of(reset_id: UUID) -> str:
    """Return the token of a reset's link."""
    return sign(PURPOSE, str(reset_id))


def reset_of(token: str) -> UUID | None:
    """Return the id of the reset that a link is for, if we signed it."""
    value = read(PURPOSE, token)
    return UUID(value) if isinstance(value, str) else None
