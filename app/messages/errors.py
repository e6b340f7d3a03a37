"""Refusals of messages."""

from app.kit.errors import Refusal, words


class AccountFault(Refusal):
    """What somebody entered for a carrier cannot work; the party's own words say why."""

    kind = "invalid"
    message = words("This cannot be used.")

    def __init__(self, message: str) -> None:
        self.message = message  # type: ignore[misc]
