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
