"""Refusals of entitlements."""

from app.kit.errors import Refusal, words


class NothingToReveal(Refusal):
    message = words("This order has no code to show yet.")
    mend = words("Wait for the payment to arrive; this page follows it.")


class RevealLimit(Refusal):
    kind = "throttled"
    message = words("These codes were shown {limit} times already.")
    mend = words("Write to the shop; it can see every time and place they were shown.")

    def __init__(self, limit: int) -> None:
        self.limit = limit


class NotFresh(Refusal):
    message = words("This shop shows codes again only to who has just proved to be their owner.")
    mend = words("Prove it once more; it then holds for {minutes} minutes.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


class CodesFrozen(Refusal):
    message = words("The shop has frozen this code, so it is not shown just now.")
    mend = words("Write to the shop with the number of the order.")


class NotReplaceable(Refusal):
    message = words("Only a code that its buyer has, and has not redeemed, can be replaced.")
    mend = words("Reload the page to see how it stands. Nothing was changed.")


class ChoreGone(Refusal):
    message = words("This is done already, or its order was refunded.")
    mend = words("Look at the list: what is open stands there.")


class NotYours(Refusal):
    message = words("Somebody else has taken this on.")
    mend = words("Agree with them, or put it back on the list first.")


class CodesSeen(Refusal):
    message = words("A code of this order was looked at already.")
    mend = words("Agree with the buyer first; a code that was seen cannot simply be taken back.")


class NotInHand(Refusal):
    message = words("This cannot be given away, or not any more.")
    mend = words(
        "Only what is there, was not used and is still yours can be given. Reload the page to see how it stands."
    )


class CodesGiven(Refusal):
    message = words("Something of this order was given to somebody else.")
    mend = words("Speak with the buyer first: the money is theirs, and who was given it loses the code.")


class CodesUsed(Refusal):
    message = words("A code of this order was redeemed already.")
    mend = words("Take the redemption back first if it was a mistake; what was used is not refunded silently.")


class TakenBackBefore(Refusal):
    message = words("Something you chose was taken back a moment ago.")
    mend = words("Open the order again: it shows what is left. Nothing was changed.")


class NotOpenYet(Refusal):
    message = words("This is yours, and opens at its time.")
    mend = words("The page of the order says when, and why.")


class NothingClosed(Refusal):
    message = words("Nothing of this order waits for its time any more.")
    mend = words("Load the page again to see how it stands. Nothing was changed.")
