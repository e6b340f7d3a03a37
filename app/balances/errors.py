"""Refusals of balances."""

from app.kit.errors import Refusal, words
from app.kit.money import Money


class InsufficientBalance(Refusal):
    message = words("The balance is {missing} {currency} short.")
    mend = words("Order less, or top the balance up first.")

    def __init__(self, short: Money) -> None:
        self.short = short
        self.missing, self.currency = short.major, short.currency


class KnownTransfer(Refusal):
    message = words("A transfer with the reference “{reference}” was already booked for this company.")
    mend = words("Check its balance; a second transfer needs its own reference.")

    def __init__(self, reference: str) -> None:
        self.reference = reference


class NothingToBook(Refusal):
    kind = "invalid"
    message = words("Give an amount above zero.")


class TooMuch(Refusal):
    kind = "invalid"
    message = words("The balance is {amount} {currency}; you cannot take out more than that.")

    def __init__(self, balance: Money) -> None:
        self.amount, self.currency = balance.major, balance.currency


class TooLittle(Refusal):
    kind = "invalid"
    message = words("At least {amount} {currency}.")

    def __init__(self, least: Money) -> None:
        self.amount, self.currency = least.major, least.currency


class TooManyWaiting(Refusal):
    message = words("{most} top-ups are already waiting for payment.")
    mend = words("Pay one of them, or cancel it.")

    def __init__(self, most: int) -> None:
        self.most = most


class MoreThanLeft(Refusal):
    kind = "invalid"
    message = words("At most {amount} {currency}.")

    def __init__(self, most: Money) -> None:
        self.amount, self.currency = most.major, most.currency
