"""What can be done with the catalog, by family of verbs."""

from app.catalog.service.categories import create_category, drop_category, move_category, rename_category
from app.catalog.service.drafts import SkuDraft, Texts
from app.catalog.service.pictures import change_cover, change_step
from app.catalog.service.products import change_product, create_product, move_product

__all__ = [
    "SkuDraft",
    "Texts",
    "change_cover",
    "change_product",
    "change_step",
    "create_category",
    "create_product",
    "drop_category",
    "move_category",
    "move_product",
    "rename_category",
]
