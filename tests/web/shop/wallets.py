"""A member who is signed in at the shop, in a test of their wallet.

The real sign-in is another area's; what stands here is who it says is present.
"""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.kit.events import By
from tests.balances.person import Person

HERE = (
    "app.web.shop.me.wallet.me",
    "app.web.shop.me.offering.present_member",
)


@dataclass(frozen=True)
class Present:
    """What the shop knows of a member who is signed in."""

    id: UUID
    unread: int = 0

    @property
    def by(self) -> By:
        return By("buyer", self.id)


def sign_in(monkeypatch: pytest.MonkeyPatch, person: Person | None) -> None:
    """Let every page be asked for by this person from now on."""
    seen = Present(person.id) if person else None
    for name in HERE:
        monkeypatch.setattr(name, lambda: seen)
    monkeypatch.setattr("app.web.shop.me.wallet.own_contact", lambda: "dora@example.com" if seen else "")
