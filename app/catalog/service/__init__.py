"""What can be done with the catalog, by family of verbs."""

from app.catalog.service.categories import create_category, drop_category, move_category, rename_category
from app.catalog.service.clearing import NewVariant, drop_clearance, open_clearance, set_clearance
from app.catalog.service.drafts import SkuDraft, Texts
from app.catalog.service.pictures import change_cover, change_step
from app.catalog.service.products import change_product, create_product, move_product
from app.catalog.service.stocking import Limits, set_limits, set_strategy
from app.catalog.service.supplying import Portion, set_components, set_opening, set_pattern, set_release

__all__ = [
    "Limits",
    "NewVariant",
    "Portion",
    "SkuDraft",
    "Texts",
    "change_cover",
    "change_product",
    "change_step",
    "create_category",
    "create_product",
    "drop_category",
    "drop_clearance",
    "move_category",
    "move_product",
    "open_clearance",
    "rename_category",
    "set_clearance",
    "set_components",
    "set_limits",
    "set_opening",
    "set_pattern",
    "set_release",
    "set_strategy",
]
