"""Refusals of orders."""

from app.kit.errors import Refusal, words


class BadQuantity(Refusal):
    kind = "invalid"
    message = words("Order between 1 and {most} pieces.")

    def __init__(self, most: int) -> None:
        self.most = most


class NotForSale(Refusal):
    kind = "invalid"
    message = words("“{sku}” is not for sale here.")
    mend = words("Open the product again and choose what it offers now.")

    def __init__(self, sku: str) -> None:
        self.sku = sku


class ShopIsClosed(Refusal):
    message = words("The shop is closed for the time being and takes no orders.")
    mend = words("Nothing was ordered. What you bought before stays under “Orders”.")


class BadContact(Refusal):
    kind = "invalid"
    message = words("Give an e-mail address, a phone number or another contact of 2 to {limit} characters.")

    def __init__(self, limit: int) -> None:
        self.limit = limit


class NotPayable(Refusal):
    message = words("This order is not waiting for a payment.")
    mend = words("Look at its present state below.")


class NotCancellable(Refusal):
    message = words("This order can no longer be cancelled.")
    mend = words("Look at its present state below.")


class TooManyUnpaid(Refusal):
    kind = "throttled"
    message = words("{limit} of your orders are still waiting for a payment.")
    mend = words("Pay or cancel one of them first: they stand under “Orders”.")

    def __init__(self, limit: int) -> None:
        self.limit = limit


class AlreadyDecided(Refusal):
    message = words("{number} is not waiting for a decision any more.")
    mend = words("Somebody else has decided, or its time was over; its page says how it ended.")

    def __init__(self, number: str) -> None:
        self.number = number


class WrongOrderPassword(Refusal):
    kind = "invalid"
    message = words("This is not the password of this order. Tries left: {left}.")
    mend = words("It stood on the payment page: 12 letters and figures. The browser that ordered needs none.")

    def __init__(self, left: int) -> None:
        self.left = left
