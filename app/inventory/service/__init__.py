"""What can be done with stock, by family of verbs."""

from app.inventory.service.counting import recount, recount_after
from app.inventory.service.holds import Held, Want, hold, keep, release
from app.inventory.service.imports import discard_abandoned, import_codes, import_slice, retry_import, stop_import
from app.inventory.service.sales import Owed, SetAside, Sold, give, quarantine, sell
from app.inventory.service.staging import ImportOrder, receive

__all__ = [
    "Held",
    "ImportOrder",
    "Owed",
    "SetAside",
    "Sold",
    "Want",
    "discard_abandoned",
    "give",
    "hold",
    "import_codes",
    "import_slice",
    "keep",
    "quarantine",
    "receive",
    "recount",
    "recount_after",
    "release",
    "retry_import",
    "sell",
    "stop_import",
]
