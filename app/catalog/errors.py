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
