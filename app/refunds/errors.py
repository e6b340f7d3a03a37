"""Refusals of refunds."""

from app.kit.errors import Refusal, words


class NotRefundable(Refusal):
    message = words("This order cannot be refunded.")
    mend = words("Only a paid order that has not been refunded can be; check its current state.")


class NothingChosen(Refusal):
    kind = "invalid"
    message = words("Choose what is taken back.")


class NoBalance(Refusal):
    message = words("No balance belongs to this order, so the money cannot go to one.")
    mend = words("Choose the way it was paid.")


class ReasonNeeded(Refusal):
    kind = "invalid"
    message = words("Say why: codes that the buyer has seen are taken back only with a reason.")
