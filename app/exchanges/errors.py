"""Refusals of exchanges."""

from app.kit.errors import Refusal, words


class NotExchangeable(Refusal):
    message = words("This cannot be exchanged, or not any more.")
    mend = words("Only what is there, was neither looked at nor used, and is still yours can become something else.")


class TermsChanged(Refusal):
    message = words("The difference is another one now.")
    mend = words("Look at it again and choose once more. Nothing was changed.")


class NoSuchTarget(Refusal):
    kind = "invalid"
    message = words("Choose from the list.")


class SameThing(Refusal):
    kind = "invalid"
    message = words("A piece does not become itself: choose something else.")


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
    message = words("The fee is nothing, or more.")


class TooManyRules(Refusal):
    message = words("There are {most} rules, which is all there may be.")
    mend = words("A rule for a whole product or category says the same as many.")

    def __init__(self, most: int) -> None:
        self.most = most
