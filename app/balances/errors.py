"""Refusals of balances."""

from app.kit.errors import Refusal, words
from app.kit.money import Money


class InsufficientBalance(Refusal):
    message = words("The balance does not suffice: {missing} {currency} are missing.")
    mend = words("Order less, or top the balance up first.")

    def __init__(self, short: Money) -> None:
        self.short = short
        self.missing, self.currency = short.major, short.currency


class KnownTransfer(Refusal):
    message = words("A transfer with the reference “{reference}” was booked for this company before.")
    mend = words("Look at its balance; a second transfer has a reference of its own.")

    def __init__(self, reference: str) -> None:
        self.reference = reference


class NothingToBook(Refusal):
    kind = "invalid"
    message = words("Give an amount above zero.")


class TooMuch(Refusal):
    kind = "invalid"
    message = words("The balance is {amount} {currency}; no more can leave it.")

    def __init__(self, balance: Money) -> None:
        self.amount, self.currency = balance.major, balance.currency


class TooLittle(Refusal):
    kind = "invalid"
    message = words("At least {amount} {currency}.")

    def __init__(self, least: Money) -> None:
        self.amount, self.currency = least.major, least.currency


class TooManyWaiting(Refusal):
    message = words("{most} top-ups wait for their payment already.")
    mend = words("Pay one of them, or cancel it.")

    def __init__(self, most: int) -> None:
        self.most = most


class MoreThanLeft(Refusal):
    kind = "invalid"
    message = words("At most {amount} {currency}.")

    def __init__(self, most: Money) -> None:
        self.amount, self.currency = most.major, most.currency
