"""What happened to members, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from app.kit.errors import words
from app.web.agents import name_of
from app.web.office.wording import said

CHANNELS: Mapping[str, str] = {"email": words("by mail"), "sms": words("by SMS")}


def _by(facts: Mapping[str, Any]) -> str:
    return said(CHANNELS, facts["channel"])


# As STEPS of shown.py: the name of each event, its tone, and which of its facts are worth telling.
MEMBER_STEPS: Mapping[str, tuple[str, str, Callable[[Mapping[str, Any]], str]]] = {
    "member.code_asked": (words("A code to sign in was asked for"), "", _by),
    "member.joined": (words("Account opened"), "ok", _by),
    "member.signed_in": (
        words("Signed in"),
        "info",
        lambda facts: f"{_by(facts)} · {name_of(facts['agent'])} · {facts['network']}",
    ),
    "member.signed_out": (words("Signed out"), "", lambda facts: ""),
    "member.contact_added": (words("Contact added"), "ok", _by),
    "member.contact_removed": (words("Contact removed"), "", _by),
    "member.closed": (words("Account deleted by its owner"), "warn", lambda facts: ""),
}
