"""The member who is before this browser, if one is signed in."""

from typing import Any

from flask import g

from app.kit.errors import NotFound


def present_member() -> Any:
    """Return the member who is signed in, or None."""
    return g.get("member")


def me() -> Any:
    """Return the member who is signed in, or refuse."""
    member = present_member()
    if member is None:
        raise NotFound
    return member


def own_contact() -> str:
    """Return the contact that the member signed in by; "" for others."""
    member = present_member()
    return str(member.contact) if member else ""
