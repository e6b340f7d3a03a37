"""Refusals of payments."""

from app.kit.errors import Refusal, words


class SandboxOnly(Refusal):
    kind = "denied"
    message = words("Test payments exist only in a sandbox shop.")
    mend = words("Connect a real payment method instead.")


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
