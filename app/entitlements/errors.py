"""Refusals of entitlements."""

from app.kit.errors import Refusal, words


class NothingToReveal(Refusal):
    message = words("This order has no code to show yet.")
    mend = words("Wait for the payment to arrive; this page updates automatically.")


class RevealLimit(Refusal):
    kind = "throttled"
    message = words("These codes were shown {limit} times already.")
    mend = words("Contact the shop; it can see when and where they were shown.")

    def __init__(self, limit: int) -> None:
        self.limit = limit


class NotFresh(Refusal):
    message = words("This shop shows codes again only to people who have just proved that they own them.")
    mend = words("Prove it once more; that is good for {minutes} minutes.")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes


class CodesFrozen(Refusal):
    message = words("The shop has frozen this code, so it is not shown right now.")
    mend = words("Contact the shop with the order number.")


class NotReplaceable(Refusal):
    message = words("Only a code that its buyer has, and has not redeemed, can be replaced.")
    mend = words("Reload the page to see how it stands. Nothing was changed.")


class ChoreGone(Refusal):
    message = words("This is done already, or its order was refunded.")
    mend = words("Check the list for what is still open.")


class NotYours(Refusal):
    message = words("Somebody else has taken this on.")
    mend = words("Agree with them, or put it back on the list first.")


class CodesSeen(Refusal):
    message = words("A code in this order has already been viewed.")
    mend = words("Agree with the buyer first; a viewed code cannot simply be taken back.")


class NotInHand(Refusal):
    message = words("This cannot be given away, or no longer can.")
    mend = words(
        "You can only give away what has been delivered, is unused and is still yours. Reload the page to check."
    )


class CodesGiven(Refusal):
    message = words("Part of this order was given to somebody else.")
    mend = words("Speak with the buyer first: they get the money, and the person they gave it to loses the code.")


class CodesUsed(Refusal):
    message = words("A code in this order has already been redeemed.")
    mend = words("Take the redemption back first if it was a mistake; what was used is not refunded silently.")


class TakenBackBefore(Refusal):
    message = words("Something you chose was taken back a moment ago.")
    mend = words("Open the order again: it shows what is left. Nothing was changed.")


class NotOpenYet(Refusal):
    message = words("This is yours, but it cannot be opened yet.")
    mend = words("The order page says when, and why.")


class NothingClosed(Refusal):
    message = words("Nothing in this order is waiting to be handed over any more.")
    mend = words("Load the page again to see how it stands. Nothing was changed.")
