"""Refusals of companies."""

from app.kit.errors import Refusal, words


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
    message = words("This is not a user ID.")
    mend = words("Use at most 64 letters, digits and _ . @ -; your WeCom or DingTalk administrator can see it there.")


class NoSuchRole(Refusal):
    kind = "invalid"
    message = words("Choose one of the roles.")


class DeadInvite(Refusal):
    message = words("This invitation no longer works.")
    mend = words("It works once and for {days} days. Ask for a new one.")

    def __init__(self, days: int) -> None:
        self.days = days


class WrongPerson(Refusal):
    message = words("This invitation is for another e-mail address.")
    mend = words("Sign out first, then open the link again.")


class TooManyInvites(Refusal):
    kind = "throttled"
    message = words("Too many invitations were sent.")
    mend = words("Wait {minutes} minutes, then try again.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
