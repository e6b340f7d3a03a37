"""Refusals of companies."""

from app.kit.errors import Refusal, words
from app.kit.money import Money


class InsufficientBalance(Refusal):
    message = words("The balance does not suffice: {missing} {currency} are missing.")
    mend = words("Order less, or top the balance up by a bank transfer to the shop first.")

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


class MoreThanLeft(Refusal):
    kind = "invalid"
    message = words("At most {amount} {currency}.")

    def __init__(self, most: Money) -> None:
        self.amount, self.currency = most.major, most.currency


class ClosedCompany(Refusal):
    message = words("This company is closed.")
    mend = words("Open it again first.")


class LastAdministrator(Refusal):
    message = words("A company keeps at least one administrator.")
    mend = words("Make somebody else an administrator first.")


class AlreadyMember(Refusal):
    kind = "invalid"
    message = words("This person is a member already.")
    mend = words("Change the role in the list of members.")


class NoUserId(Refusal):
    kind = "invalid"
    message = words("This is no user ID.")
    mend = words("Letters, digits and _ . @ - only, at most 64; your administrator of WeCom or DingTalk sees it there.")


class NoSuchRole(Refusal):
    kind = "invalid"
    message = words("Choose one of the roles.")


class DeadInvite(Refusal):
    message = words("This invitation is no longer good.")
    mend = words("It works once and for {days} days. Ask for a new one.")

    def __init__(self, days: int) -> None:
        self.days = days


class WrongPerson(Refusal):
    message = words("This invitation is for another e-mail address.")
    mend = words("Sign out first, then open the link again.")


class TooManyInvites(Refusal):
    kind = "throttled"
    message = words("Too many invitations were sent.")
    mend = words("Wait {minutes} minutes and go on.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
