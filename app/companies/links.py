"""Links of invites: signed over an id, so that nothing in the database opens one."""

from uuid import UUID

from app.kit.tokens import read, sign

PURPOSE = "company invite"


def token_of(invite_id: UUID) -> str:
    """Return the token of an invite's link."""
    return sign(PURPOSE, str(invite_id))


def invite_of(token: str) -> UUID | None:
    """Return the id of the invite that a link is for, if we signed it."""
    value = read(PURPOSE, token)
    return UUID(value) if isinstance(value, str) else None
