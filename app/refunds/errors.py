"""Refusals of refunds."""

from app.kit.errors import Refusal, words


class NotRefundable(Refusal):
    message = words("This order cannot be refunded.")
    mend = words("Only a paid order that was not refunded before can be; look at its present state.")


class NothingChosen(Refusal):
    kind = "invalid"
    message = words("Choose what is taken back.")


class NoBalance(Refusal):
    message = words("No balance has to do with this order, so there is none its money could go to.")
    mend = words("Choose the way it was paid.")


class ReasonNeeded(Refusal):
    kind = "invalid"
    message = words("Say why: codes that the buyer has seen are taken back only with a reason.")
