"""Refusals of messages."""

from app.kit.errors import Refusal, words


class AccountFault(Refusal):
    """What somebody entered for a carrier cannot work; the party's own words say why."""

    kind = "invalid"
    message = words("This cannot be used.")

    def __init__(self, message: str) -> None:
        self.message = message  # type: ignore[misc]


class NoSuchVariable(Refusal):
    kind = "invalid"
    message = words("Give each variable its name there, and which of our values fills it.")


class NoSuchText(Refusal):
    kind = "invalid"
    message = words("Choose one of the texts that are set.")


class TooManyTrials(Refusal):
    kind = "throttled"
    message = words("Enough messages for a test just now.")
    mend = words("Wait {minutes} minutes and try again.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
