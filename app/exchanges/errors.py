"""Refusals of exchanges."""

from app.kit.errors import Refusal, words


class NotExchangeable(Refusal):
    message = words("This cannot be exchanged, or no longer can.")
    mend = words("You can only exchange what has been delivered, has been neither viewed nor used, and is still yours.")


class TermsChanged(Refusal):
    message = words("The price difference has changed.")
    mend = words("Check the new amount and choose again. Nothing was changed.")


class NoSuchTarget(Refusal):
    kind = "invalid"
    message = words("Choose from the list.")


class SameThing(Refusal):
    kind = "invalid"
    message = words("Something cannot be exchanged for itself: choose something else.")


class KnownRule(Refusal):
    kind = "invalid"
    message = words("There is a rule for these two. Switch it on, or choose others.")


class BadDays(Refusal):
    kind = "invalid"
    message = words("Give a number of days from 1 to {most}.")

    def __init__(self, most: int) -> None:
        self.most = most


class BadFee(Refusal):
    kind = "invalid"
    message = words("The fee must be zero or more.")


class TooManyRules(Refusal):
    message = words("There are already {most} rules, which is the limit.")
    mend = words("One rule for a whole product or category can replace many.")

    def __init__(self, most: int) -> None:
        self.most = most
