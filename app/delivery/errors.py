"""Refusals of delivery."""

from app.kit.errors import Refusal, words


class DeviceLimit(Refusal):
    message = words("This order was opened in {most} browsers already, and this would be another one.")
    mend = words("Open it in one of those, have a new link sent to you on the look-up page, or ask the shop.")

    def __init__(self, most: int) -> None:
        self.most = most


class NoSuchPair(Refusal):
    """Words alike for an order that does not exist, is somebody else's, or has another password."""

    kind = "invalid"
    message = words("No order of this number, contact or payment has this password. Tries left: {left}.")
    mend = words("Check both; the password stood on the payment page and looks like ABCD-EFGH-JKMN.")

    def __init__(self, left: int) -> None:
        self.left = left


class OnItsWay(Refusal):
    message = words("This message is on its way already.")
    mend = words("Wait a moment; the list says when it has left, or why it has not.")


class NoAddress(Refusal):
    message = words("The contact of this order is no e-mail address.")
    mend = words("Tell the buyer the order number; the order password opens the codes.")


class NothingToOpen(Refusal):
    message = words("This order has no codes to open.")
    mend = words("Its page says how it stands.")


class AlreadySettled(Refusal):
    message = words("This message has been dealt with in the meantime.")
    mend = words("Load the list again to see how it stands.")


class NoCodesByMail(Refusal):
    message = words("This shop proves no order by mail.")
    mend = words("Use the order password, or the browser you paid in.")


class TooManyCodes(Refusal):
    kind = "throttled"
    message = words("Too many codes were asked for.")
    mend = words("Look into your mailbox, or wait {minutes} minutes and ask again.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


class NotSixDigits(Refusal):
    kind = "invalid"
    message = words("A code has six digits.")
    mend = words("It stands in the newest letter.")


class WrongDigits(Refusal):
    """Words alike for a code that was sent and for one that was not."""

    kind = "invalid"
    message = words("This is not the code. Tries left: {left}.")
    mend = words("Take the one from the newest letter.")

    def __init__(self, left: int) -> None:
        self.left = left


class DeadCode(Refusal):
    """Words alike for a code that is too old, was used, was guessed at too often, or was never asked for here."""

    message = words("No code is good here any more.")
    mend = words("It works once, for {minutes} minutes, in the browser it was asked in. Ask for a new one.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
