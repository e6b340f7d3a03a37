"""Refusals of redemption as the staff at a counter read them: what they can do, not what the buyer can."""

from collections.abc import Mapping

from flask_babel import gettext

from app.kit.errors import Refusal, words
from app.redemption import errors
from app.web.errors import mend, say

ORDER_SAYS = words("Its order shows every use; one that was a mistake can be rolled back.")
# What is said and how to go on; "" where the words for everybody fit.
STAFF: Mapping[type[Refusal], tuple[str, str]] = {
    errors.UnknownCode: (
        words("This is no code of this shop."),
        words("Check it letter by letter, 0 and O, 1 and I; a card needs its number. It may be another shop's."),
    ),
    errors.WasRefunded: ("", words("Hand nothing over: its order says when the money went back.")),
    errors.NotDelivered: ("", words("Its order says what it still waits for.")),
    errors.Barred: (
        words("This code is blocked."),
        words("Hand nothing over. Codes shows who blocked it, and why."),
    ),
    errors.RedeemedElsewhere: (
        words("This product is not redeemed at this counter."),
        words("Send the guest where its guide says. Redemption, Rules lists which products are redeemed here."),
    ),
    errors.TooManyAtOnce: ("", words("Enter fewer uses, or ask the guest for another code.")),
    errors.NotValidYet: ("", words("Ask the guest to come back then.")),
    errors.NoLongerValid: ("", words("Whoever decides on refunds in this shop can make an exception.")),
    errors.BlackoutDay: ("", words("Today is left out by its rule. Ask the guest to come back on another day.")),
    errors.AlreadyRedeemed: ("", ORDER_SAYS),
}


def said_to_staff(refusal: Refusal) -> tuple[str, str]:
    """Return what a refusal says and how to go on, in words for the staff."""
    own = (STAFF[kind] for kind in type(refusal).__mro__ if kind in STAFF)
    message, how = next(own, ("", ""))
    return str(gettext(message)) if message else say(refusal), str(gettext(how)) if how else mend(refusal)
