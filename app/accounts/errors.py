"""Refusals of accounts."""

from app.kit.errors import Refusal, words


class WrongLogin(Refusal):
    kind = "invalid"
    message = words("E-mail and password do not match. Tries left: {left}.")
    mend = words("Check both, or choose a new password by “Forgot your password?”.")

    def __init__(self, left: int) -> None:
        self.left = left


class WrongPassword(Refusal):
    kind = "invalid"
    message = words("This is not your current password. Tries left: {left}.")

    def __init__(self, left: int) -> None:
        self.left = left


class NotTheSame(Refusal):
    kind = "invalid"
    message = words("The two passwords do not match.")
    mend = words("Type the new password again in both fields.")


class TooManyLinks(Refusal):
    kind = "throttled"
    message = words("Too many links were requested.")
    mend = words("Check your inbox, or wait {minutes} minutes and ask again.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


class DeadLink(Refusal):
    kind = "conflict"
    message = words("This link no longer works.")
    mend = words("A link works once, for {minutes} minutes, and only the newest one works. Ask for a new one.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


class NoSuchUser(Refusal):
    kind = "missing"
    message = words("Nobody signs in as “{email}”.")
    mend = words("Check the spelling; “shop create --owner” makes a user.")

    def __init__(self, email: str) -> None:
        self.email = email


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
