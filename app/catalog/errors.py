"""Refusals of the catalog."""

from app.kit.errors import Refusal, words


class NoSuchSku(Refusal):
    kind = "missing"
    message = words("This shop has no SKU “{sku}”.")
    mend = words("Check the SKU, or create it on the product's page.")

    def __init__(self, sku: str) -> None:
        self.sku = sku


class SkuTaken(Refusal):
    message = words("The SKU “{sku}” exists already.")
    mend = words("Choose another one.")

    def __init__(self, sku: str) -> None:
        self.sku = sku


class ProductTaken(Refusal):
    message = words("A product with the address “{slug}” exists already.")
    mend = words("Choose another one.")

    def __init__(self, slug: str) -> None:
        self.slug = slug


class BadCode(Refusal):
    kind = "invalid"
    message = words("Use 1 to 64 letters, digits, dots, dashes and underscores.")


class BadSlug(Refusal):
    kind = "invalid"
    message = words("Use 1 to 80 lower-case letters, digits and dashes.")


class BadPrice(Refusal):
    kind = "invalid"
    message = words("A price is a number such as 19.90, at most {places} decimals.")

    def __init__(self, places: int) -> None:
        self.places = places


class BadWas(Refusal):
    kind = "invalid"
    message = words("The earlier price must be higher than the price, or empty.")


class KindStays(Refusal):
    kind = "invalid"
    message = words("What a buyer gets of “{sku}” cannot be changed: its codes are of that kind.")
    mend = words("Take it off sale and add another variant.")

    def __init__(self, sku: str) -> None:
        self.sku = sku


class NothingOnSale(Refusal):
    kind = "invalid"
    message = words("A product on sale has at least one variant on sale.")
    mend = words("Put one on sale, or make the product a draft.")


class BadRedeemUrl(Refusal):
    kind = "invalid"
    message = words("Give a web address that begins with https://, such as https://example.com/redeem.")


class BadFact(Refusal):
    kind = "invalid"
    message = words("“{line}” has no colon.")
    mend = words("Write each fact as “term: value” on a line of its own.")

    def __init__(self, line: str) -> None:
        self.line = line


class TooManySteps(Refusal):
    kind = "invalid"
    message = words("A guide has at most {most} steps.")
    mend = words("Each line is one step; combine the ones that belong together.")

    def __init__(self, most: int) -> None:
        self.most = most


class NoAnswer(Refusal):
    kind = "invalid"
    message = words("“{question}” has no answer.")
    mend = words("Write the answer on the line below its question, and an empty line before the next one.")

    def __init__(self, question: str) -> None:
        self.question = question


class CategoryTaken(Refusal):
    message = words("A category with the address “{slug}” exists already.")
    mend = words("Choose another one.")

    def __init__(self, slug: str) -> None:
        self.slug = slug


class CategoryGone(Refusal):
    kind = "invalid"
    message = words("This category no longer exists.")
    mend = words("Choose another one.")


class BadLimit(Refusal):
    kind = "invalid"
    message = words("Give a whole number from 1 to {most}, or leave it empty.")

    def __init__(self, most: int) -> None:
        self.most = most


class BadSource(Refusal):
    kind = "invalid"
    message = words("Codes of this kind cannot come from there.")
    mend = words("Generated codes consist of one field; choose “One code”, or another source.")


class NotOfSource(Refusal):
    message = words("This variant is supplied in another way.")
    mend = words("Make a new variant: the source of an existing one cannot be changed.")


class BadComponents(Refusal):
    kind = "invalid"
    message = words("A bundle needs at least one other variant, each listed once, with a quantity from 1 to {most}.")

    def __init__(self, most: int) -> None:
        self.most = most


class BundleInBundle(Refusal):
    kind = "invalid"
    message = words("“{sku}” is a bundle itself.")
    mend = words("Add its contents to this bundle one by one instead.")

    def __init__(self, sku: str) -> None:
        self.sku = sku


class BadCap(Refusal):
    kind = "invalid"
    message = words("Enter a whole number above zero, or leave it empty for no limit.")


class BadRelease(Refusal):
    kind = "invalid"
    message = words("The release date must be in the future.")


class BadClearance(Refusal):
    kind = "invalid"
    message = words("Choose another variant of this product that sells codes of the same kind from stock.")
    mend = words("Or make a new one here, with its own name and price.")


class NoClearance(Refusal):
    kind = "invalid"
    message = words("Only released codes that are in stock can go on clearance.")


class ClearanceChain(Refusal):
    kind = "invalid"
    message = words("“{sku}” is in another clearance already.")
    mend = words("A variant takes the short-dated codes of one other, and passes none on.")

    def __init__(self, sku: str) -> None:
        self.sku = sku


class InClearance(Refusal):
    kind = "invalid"
    message = words("This variant is in a clearance, so it cannot be sold before a release.")
    mend = words("End the clearance on its stock page first.")


class BadMinutes(Refusal):
    kind = "invalid"
    message = words("Goods are handed over between a minute and {days} days after the payment.")
    mend = words("Left empty, they are handed over at once.")

    def __init__(self, days: int) -> None:
        self.days = days
