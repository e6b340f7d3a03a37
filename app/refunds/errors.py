"""Refusals of refunds."""

from app.kit.errors import Refusal, words


class NotRefundable(Refusal):
    message = words("This order cannot be refunded.")
    mend = words("Only a paid order that was not refunded before can be; look at its present state.")
