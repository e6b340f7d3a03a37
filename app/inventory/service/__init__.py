"""What can be done with stock, by family of verbs."""

from app.inventory.service.counting import recount, recount_after
from app.inventory.service.holds import Held, Sold, Want, hold, sell
from app.inventory.service.imports import ImportOrder, import_codes

__all__ = [
    "Held",
    "ImportOrder",
    "Sold",
    "Want",
    "hold",
    "import_codes",
    "recount",
    "recount_after",
    "sell",
]
