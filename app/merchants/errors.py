"""Refusals of merchants."""

from app.kit.errors import Refusal, words


class BadSlug(Refusal):
    kind = "invalid"
    message = words("“{slug}” cannot be a shop's short name.")
    mend = words("Use 2 to 40 lower-case letters, digits and dashes, and none of the reserved words.")

    def __init__(self, slug: str) -> None:
        self.slug = slug


class AddressTaken(Refusal):
    message = words("“{address}” belongs to another shop already.")
    mend = words("Choose another one.")

    def __init__(self, address: str) -> None:
        self.address = address


class BadDomain(Refusal):
    kind = "invalid"
    message = words("“{domain}” is not a host name.")
    mend = words("Give a name such as shop.example.com, without https:// and without a path.")

    def __init__(self, domain: str) -> None:
        self.domain = domain


class NoSuchShop(Refusal):
    kind = "missing"
    message = words("There is no shop “{slug}”.")
    mend = words("Check its short name, or create it first.")

    def __init__(self, slug: str) -> None:
        self.slug = slug


class BadReplyTo(Refusal):
    kind = "invalid"
    message = words("Replies cannot go to this address.")
    mend = words("Give one address such as help@example.com, in plain letters and without a name, or leave it empty.")


class BadColour(Refusal):
    kind = "invalid"
    message = words("This is not a colour.")
    mend = words("Write it as # and six figures or letters a to f, such as #0b6e5f.")


class OutOfBounds(Refusal):
    kind = "invalid"
    message = words("Give a number from {least} to {most}.")

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most


class TooPale(Refusal):
    kind = "invalid"
    message = words(
        "White text on {colour} has a contrast of {ratio} : 1; it needs at least {least} : 1 to be readable."
    )
    mend = words("The nearest colour that works is {nearest}.")

    def __init__(self, colour: str, ratio: str, least: str, nearest: str) -> None:
        self.colour, self.ratio, self.least, self.nearest = colour, ratio, least, nearest
