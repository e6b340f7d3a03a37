"""Refusals of delivery."""

from app.kit.errors import Refusal, words
from app.kit.onetime import DeadCode as DeadCode
from app.kit.onetime import NotSixDigits as NotSixDigits
from app.kit.onetime import TooManyCodes as TooManyCodes
from app.kit.onetime import WrongDigits as WrongDigits


class DeviceLimit(Refusal):
    message = words("This order has already been opened in {most} browsers, which is the limit.")
    mend = words("Open it in one of those, request a new link on the order look-up page, or ask the shop.")

    def __init__(self, most: int) -> None:
        self.most = most


class NoSuchPair(Refusal):
    """Words alike for an order that does not exist, is somebody else's, or has another password."""

    kind = "invalid"
    message = words("No order of this number, contact or payment has this password. Tries left: {left}.")
    mend = words("Check both; the password was shown on the payment page and looks like ABCD-EFGH-JKMN.")

    def __init__(self, left: int) -> None:
        self.left = left


class OnItsWay(Refusal):
    message = words("This message is on its way already.")
    mend = words("Wait a moment; the list shows when it was sent, or why it was not.")


class NoAddress(Refusal):
    message = words("This shop cannot send messages to the contact on this order.")
    mend = words("Tell the buyer the order number; the order password opens the codes.")


class TriedThere(Refusal):
    message = words("This was sent by that channel already.")
    mend = words("Send that message again instead; the page of the order lists it.")


class NothingStuck(Refusal):
    message = words("None of these messages failed or is unknown.")
    mend = words("Load the list again to see how they stand.")


class MoreStuckNow(Refusal):
    message = words("There are {found} such messages now, more than the {count} that you saw.")
    mend = words("Look at the list again and confirm the new number.")

    def __init__(self, found: int, count: int) -> None:
        self.found, self.count = found, count


class NoChannelLeft(Refusal):
    kind = "invalid"
    message = words("At least one channel has to be used.")
    mend = words("Switch one on; buyers who cannot be reached find their codes on the order page.")


class NotATime(Refusal):
    kind = "invalid"
    message = words("Give a time such as 22:00.")


class NothingToOpen(Refusal):
    message = words("This order has no codes to open.")
    mend = words("Its page says how it stands.")


class AlreadySettled(Refusal):
    message = words("This message has been dealt with in the meantime.")
    mend = words("Load the list again to see how it stands.")


class NoCodesByMail(Refusal):
    message = words("This shop proves no order by mail.")
    mend = words("Use the order password, or the browser you paid in.")


class BadLink(Refusal):
    kind = "invalid"
    message = words("“{url}” is no https address.")
    mend = words("Write links as [words](https://example.com/page).")

    def __init__(self, url: str) -> None:
        self.url = url[:60]


class BadButton(Refusal):
    kind = "invalid"
    message = words("A button needs a label and an https address.")
    mend = words("Enter both, or neither. The address cannot contain a code: the page copies it first.")


class SaysNothing(Refusal):
    kind = "invalid"
    message = words("This text is still empty.")
    mend = words("Write something, then publish it.")


class NotInForce(Refusal):
    message = words("Buyers do not see this right now.")
    mend = words("Load the page again to see how it stands. Nothing was changed.")
