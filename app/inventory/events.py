"""What happens to stock."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class CodesImported(Event):
    name = "codes.imported"
    subject_type = "batch"

    skus: tuple[UUID, ...]
    total: int
    imported: int
    duplicate_in_file: int
    duplicate_in_stock: int
    invalid: int


@dataclass(frozen=True, kw_only=True)
class HoldsLapsed(Event):
    """Unpaid holds ran out and another buyer needs the codes."""

    name = "holds.lapsed"
    subject_type = "sku"

    parts: tuple[UUID, ...]
