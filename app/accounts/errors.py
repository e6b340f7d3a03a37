"""Refusals of accounts."""

from app.kit.errors import Refusal, words


class WrongLogin(Refusal):
    kind = "invalid"
    message = words("E-mail and password do not match. {left} more tries.")
    mend = words("Check both, or ask the installation's keeper to reset the password.")

    def __init__(self, left: int) -> None:
        self.left = left


class TooManyTries(Refusal):
    kind = "throttled"
    message = words("Too many wrong tries.")
    mend = words("Wait {minutes} minutes and try again.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


class BadEmail(Refusal):
    kind = "invalid"
    message = words("This is not an e-mail address.")
    mend = words("It looks like name@example.com.")


class WeakPassword(Refusal):
    kind = "invalid"
    message = words("A password has {least} to {most} characters.")

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most


class NoSuchRole(Refusal):
    kind = "invalid"
    message = words("There is no role “{role}”.")

    def __init__(self, role: str) -> None:
        self.role = role
