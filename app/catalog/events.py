"""What happens to the catalog."""

from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class ProductCreated(Event):
    name = "product.created"
    subject_type = "product"

    slug: str


@dataclass(frozen=True, kw_only=True)
class ProductChanged(Event):
    name = "product.changed"
    subject_type = "product"

    changes: tuple[tuple[str, str, str], ...]  # what, before, after
