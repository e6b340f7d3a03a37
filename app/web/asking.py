"""What pages about accounts read of a request: who asks, from where, and the new password that was typed twice."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import g, request

from app.accounts import queries as accounts
from app.accounts.errors import NotTheSame
from app.accounts.service import Browser
from app.kit import clock
from app.kit.errors import Invalid, Refusal, Required
from app.web.agents import name_of
from app.web.guard import SignInFirst, client_network

TOUCH_SECONDS = 60


@dataclass(frozen=True)
class SessionShown:
    """One signed-in browser, in words."""

    name: str
    session: accounts.Seen

    @classmethod
    def of(cls, session: accounts.Seen) -> "SessionShown":
        return cls(name_of(session.agent), session)


def me() -> accounts.SignedIn:
    """Return who is signed in, in whatever shop or none, or lead to the log-in page; call it outside of units."""
    signed_in: accounts.SignedIn | None = g.signed_in
    if signed_in is None:
        raise SignInFirst
    g.touch = (clock.now() - signed_in.seen_at).total_seconds() >= TOUCH_SECONDS
    return signed_in


def browser() -> Browser:
    return Browser(client_network(), request.headers.get("User-Agent", ""))


def new_password(fields: Mapping[str, str]) -> str:
    """Return a new password as it was typed, blanks and all; both entries must be the same."""
    faults = _faults(fields)
    if faults:
        raise Invalid(faults)
    return fields["password"]


def changed_password(fields: Mapping[str, str]) -> tuple[str, str]:
    """Return the present password and the new one."""
    faults = _faults(fields)
    if not fields.get("old"):
        faults = {"old": Required()} | faults
    if faults:
        raise Invalid(faults)
    return fields["old"], fields["password"]


def _faults(fields: Mapping[str, str]) -> dict[str, Refusal]:
    if not fields.get("password"):
        return {"password": Required()}
    return {} if fields["password"] == fields.get("again") else {"again": NotTheSame()}
