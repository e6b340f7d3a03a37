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
