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


class AlreadyConnected(Refusal):
    message = words("This account is connected already, as “{name}”.")
    mend = words("Change its keys and terms on its own page. Nothing was changed.")

    def __init__(self, name: str) -> None:
        self.name = name


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
    mend = words("Nothing is lost: we keep asking automatically. Check again in a moment.")


class AlreadyDealtWith(Refusal):
    message = words("This was dealt with before.")
    mend = words("Open the page again to see how it stands.")


class DoesNotFit(Refusal):
    message = words("This payment of {came} is not the amount the order is waiting for.")
    mend = words("Choose an unpaid order of just this amount, or send the money back. Nothing was changed.")

    def __init__(self, came: Money, due: Money | None) -> None:
        self.came = f"{came.major} {came.currency}"
        self.due = due


class NotShort(Refusal):
    message = words("This amount cannot be accepted as full payment.")
    mend = words("Only a smaller amount can, in the same currency, while its order is unpaid. Send it back instead.")


class NoTransferHere(Refusal):
    message = words("This order is no longer waiting for a transfer.")
    mend = words("If you sent money anyway, tell the shop your order number; it can find the order and the money.")


class OddProof(Refusal):
    kind = "invalid"
    message = words("This file is neither a PDF nor a picture that can be read.")
    mend = words("Give a JPEG, PNG or WebP picture, or a PDF, of the transfer.")


class ProofTooLarge(Refusal):
    kind = "invalid"
    message = words("A proof has at most {megabytes} MB.")
    mend = words("A screenshot of the transfer is enough.")

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes


class OddAmount(Refusal):
    kind = "invalid"
    message = words("This cannot be the amount; {due} is due.")
    mend = words("Check the decimal point and the zeros.")

    def __init__(self, due: Money) -> None:
        self.due = f"{due.major} {due.currency}"


class OtherCurrency(Refusal):
    kind = "invalid"
    message = words("The amount has to be in {currency}, as the order is.")

    def __init__(self, currency: str) -> None:
        self.currency = currency


class OddDate(Refusal):
    kind = "invalid"
    message = words("The date of the transfer cannot be in the future.")


class TooManyTellings(Refusal):
    message = words("You have sent {most} proofs for this order.")
    mend = words("Contact the shop with your order number, so that somebody looks at it with you.")

    def __init__(self, most: int) -> None:
        self.most = most


class ReferenceCounted(Refusal):
    kind = "invalid"
    message = words("This bank reference was confirmed before.")
    mend = words("Each transfer counts once. Look at the bank's list for the number of this one.")


class LookedMeanwhile(Refusal):
    message = words("Since you opened this page, somebody else has decided or the buyer has sent new details.")
    mend = words("Open it again: nothing was changed.")
