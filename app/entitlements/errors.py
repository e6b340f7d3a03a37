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


class CodesSeen(Refusal):
    message = words("A code of this order was looked at already.")
    mend = words("Agree with the buyer first; a code that was seen cannot simply be taken back.")


class CodesUsed(Refusal):
    message = words("A code of this order was redeemed already.")
    mend = words("Take the redemption back first if it was a mistake; what was used is not refunded silently.")
