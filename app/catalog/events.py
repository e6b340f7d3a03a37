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


@dataclass(frozen=True, kw_only=True)
class ProductMoved(Event):
    name = "product.moved"
    subject_type = "product"

    up: bool


@dataclass(frozen=True, kw_only=True)
class CategoryCreated(Event):
    name = "category.created"
    subject_type = "category"

    slug: str


@dataclass(frozen=True, kw_only=True)
class CategoryRenamed(Event):
    name = "category.renamed"
    subject_type = "category"

    slug: str


@dataclass(frozen=True, kw_only=True)
class CategoryMoved(Event):
    name = "category.moved"
    subject_type = "category"

    slug: str
    up: bool


@dataclass(frozen=True, kw_only=True)
class CategoryDropped(Event):
    name = "category.dropped"
    subject_type = "category"

    slug: str
    products: int  # how many stand without a category now
