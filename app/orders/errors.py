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
    message = words("The shop is closed for now and is not taking orders.")
    mend = words("Nothing was ordered. Your earlier purchases are still under “Orders”.")


class BadContact(Refusal):
    kind = "invalid"
    message = words("Give an e-mail address, a phone number or another contact of 2 to {limit} characters.")

    def __init__(self, limit: int) -> None:
        self.limit = limit


class NotPayable(Refusal):
    message = words("This order is not waiting for a payment.")
    mend = words("See its current state below.")


class NotCancellable(Refusal):
    message = words("This order can no longer be cancelled.")
    mend = words("See its current state below.")


class TooManyUnpaid(Refusal):
    kind = "throttled"
    message = words("{limit} of your orders are still waiting for a payment.")
    mend = words("Pay or cancel one of them first: they are under “Orders”.")

    def __init__(self, limit: int) -> None:
        self.limit = limit


class AlreadyDecided(Refusal):
    message = words("{number} is not waiting for a decision any more.")
    mend = words("Somebody else has decided, or time ran out; its page shows the outcome.")

    def __init__(self, number: str) -> None:
        self.number = number


class WrongOrderPassword(Refusal):
    kind = "invalid"
    message = words("This is not the password of this order. Tries left: {left}.")
    mend = words("It was shown on the payment page: 12 letters and digits. The browser that ordered needs none.")

    def __init__(self, left: int) -> None:
        self.left = left
