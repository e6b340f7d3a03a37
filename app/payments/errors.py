"""Refusals of payments."""

from app.kit.errors import Refusal, words
from app.kit.money import Money


class SandboxOnly(Refusal):
    kind = "denied"
    message = words("Test payments exist only in a sandbox shop.")
    mend = words("Connect a real payment method instead.")


class LiveOnly(Refusal):
    kind = "denied"
    message = words("This shop is for trying things out and takes no real money.")
    mend = words("Use a test account here, or connect the real one in your real shop.")


class AccountFault(Refusal):
    """What somebody entered for a gateway cannot work; the gateway's own words say why."""

    kind = "invalid"
    message = words("This cannot be used.")

    def __init__(self, message: str) -> None:
        self.message = message  # type: ignore[misc]


class NoSuchMethod(Refusal):
    kind = "invalid"
    message = words("This way to pay is not offered here.")
    mend = words("Choose one of those on the page.")


class GatewayAway(Refusal):
    kind = "busy"
    message = words("The payment page does not answer right now.")
    mend = words("Try again in a moment, or choose another way to pay.")


class GatewaySilent(Refusal):
    kind = "busy"
    message = words("The payment gateway does not answer right now.")
    mend = words("Nothing is lost: it is asked again by itself. Look again in a moment.")


class AlreadyDealtWith(Refusal):
    message = words("This was dealt with before.")
    mend = words("Open the page again to see how it stands.")


class DoesNotFit(Refusal):
    message = words("This money, {came}, is not what the order waits for.")
    mend = words("Choose an unpaid order of just this amount, or send the money back. Nothing was changed.")

    def __init__(self, came: Money, due: Money | None) -> None:
        self.came = f"{came.major} {came.currency}"
        self.due = due


class NotShort(Refusal):
    message = words("This money cannot be taken for the whole.")
    mend = words("Only less than was due can, in its own currency, while its order is not paid. Send it back instead.")
