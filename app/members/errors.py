"""Refusals of members."""

from app.kit.errors import Refusal, words
from app.kit.money import Money
from app.kit.onetime import DeadCode as DeadCode
from app.kit.onetime import NotSixDigits as NotSixDigits
from app.kit.onetime import TooManyCodes as TooManyCodes
from app.kit.onetime import WrongDigits as WrongDigits


class NotAnAddress(Refusal):
    kind = "invalid"
    message = words("A code cannot be sent to this e-mail address or phone number.")
    mend = words("Write name@example.com, a mainland mobile number, or a number with + and its country code.")


class NoCodesByPhone(Refusal):
    kind = "invalid"
    message = words("This shop sends no codes by SMS.")
    mend = words("Use an e-mail address.")


class HasOneAlready(Refusal):
    message = words("Your account already has a contact of this kind.")
    mend = words("Remove that one first, then add the new one.")


class ContactTaken(Refusal):
    message = words("This contact has an account of its own.")
    mend = words("Sign in with it. To have both in one account, delete that one and add its contact here.")


class LastContact(Refusal):
    message = words("This is the only contact of your account.")
    mend = words("Add another one first; without a contact nobody could sign in.")


class MoneyLeft(Refusal):
    message = words("Your balance still holds {left} {currency}.")
    mend = words("Spend it, or ask the shop to pay it out; then delete the account.")

    def __init__(self, left: Money) -> None:
        self.left, self.currency = left.major, left.currency
