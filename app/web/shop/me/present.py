"""The member who is before this browser, if one is signed in."""

from datetime import timedelta

from flask import g, request

from app.members import queries
from app.members import service as members
from app.members.queries import MemberSeen
from app.web.guard import BUYER_COOKIE, SignInFirst
from app.web.render import Cookie


def present_member() -> MemberSeen | None:
    """Return the member who is signed in, or None; asks nothing, since the guard has asked already."""
    return g.get("member")  # type: ignore[no-any-return]


def me() -> MemberSeen:
    """Return the member who is signed in, or lead to the sign-in page and back."""
    member = present_member()
    if member is None:
        raise SignInFirst
    return member


def own_contact() -> str:
    """Return the contact that the member signed in by, for a form that asks for one; "" for others."""
    member = present_member()
    contacts = queries.list_contacts(member.id) if member else []
    mine = next((one for one in contacts if member and one.channel is member.channel), None)
    return queries.address_in(mine).expose() if mine else ""


def held_token() -> str:
    """Return the token of the session that this browser holds; "" without one."""
    return request.cookies.get(BUYER_COOKIE, "")


def member_cookie(token: str) -> Cookie:
    """Return the cookie by which a member is known; it is gone with an empty token."""
    return Cookie(BUYER_COOKIE, token, "/", members.SESSION_LIFE / timedelta(days=1))
