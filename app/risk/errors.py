"""Refusals of risk."""

from app.kit.errors import Refusal, words


class TurnedAway(Refusal):
    """It does not say which rule it was, nor how much passes: that would tell a robber what to change."""

    kind = "throttled"
    message = words("The shop cannot take this order right now.")
    mend = words(
        "Nothing was ordered. Pay the orders that wait for you, or try again later; if it happens again, ask the shop."
    )


class BadLimit(Refusal):
    kind = "invalid"
    message = words("Give a number between 1 and {most}.")

    def __init__(self, most: int) -> None:
        self.most = most


class BadChoice(Refusal):
    kind = "invalid"
    message = words("Choose one of the offered values.")
