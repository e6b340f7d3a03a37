"""Refusals of messages."""

from app.kit.errors import Refusal, words


class AccountFault(Refusal):
    """What somebody entered for a carrier cannot work; the party's own words say why."""

    kind = "invalid"
    message = words("This cannot be used.")

    def __init__(self, message: str) -> None:
        self.message = message  # type: ignore[misc]


class NoSuchVariable(Refusal):
    kind = "invalid"
    message = words("Give each variable its name there, and which of our values fills it.")


class NoSuchTemplate(Refusal):
    kind = "invalid"
    message = words("Choose one of the templates that are set.")


class Retired(Refusal):
    kind = "conflict"
    message = words("This account was removed.")
    mend = words("Connect it again to use it.")


class LastOfChannel(Refusal):
    kind = "invalid"
    message = words("No other account carries messages on this channel.")
    mend = words("Connect another one first, or tick “Stop sending on this channel”.")


class TooManyTrials(Refusal):
    """Somebody sent as many messages for a test as one person may within a minute."""

    kind = "throttled"
    message = words("You have sent {most} messages for a test within a minute.")
    mend = words("Try again in {seconds} s.")

    def __init__(self, most: int, seconds: int) -> None:
        self.most, self.seconds = most, seconds


class TooManyOfShop(Refusal):
    """All who work for the shop sent as many messages for a test as it may within an hour."""

    kind = "throttled"
    message = words("The shop has sent {most} messages for a test within an hour.")
    mend = words("Wait {minutes} minutes and try again.")

    def __init__(self, most: int, minutes: int) -> None:
        self.most, self.minutes = most, minutes


class RobotBusy(Refusal):
    """A robot has said as much as it may just now."""

    kind = "throttled"
    message = words("The robot has reached its message limit for now.")
    mend = words("Try again in {seconds} s.")

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds


class LoginCodeRefused(Refusal):
    """Nobody stands behind a login code, or no more."""

    kind = "invalid"
    message = words("This login code names nobody.")
    mend = words("Call wx.login again and send its code at once: it is good once, for five minutes, in this app alone.")


class PersonBlocked(Refusal):
    """The app lets this person sign in nowhere."""

    kind = "invalid"
    message = words("WeChat lets this person sign in nowhere just now.")
    mend = words("They are told by their other ways as before.")


class TooManyLogins(Refusal):
    """The app has named its people too often within a minute."""

    kind = "throttled"
    message = words("There were too many sign-ins within a minute.")
    mend = words("Wait a minute, call wx.login again and send its code.")


class NobodyNamed(Refusal):
    """The app does not say just now who is before it."""

    kind = "busy"
    message = words("WeChat does not say just now who this is.")
    mend = words("Call wx.login again in a few seconds and send its code.")
