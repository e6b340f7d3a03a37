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
class CodesStocked(Event):
    """Free codes came into the pool, slice by slice of a running import."""

    name = "codes.stocked"
    subject_type = "sku"

    batch_id: UUID
    skus: tuple[UUID, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class CodesFreed(Event):
    """Held codes are free again; the subject is one of their SKUs."""

    name = "codes.freed"
    subject_type = "sku"

    skus: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class CodeQuarantined(Event):
    """A sold code was taken from its owner and set aside: nobody gets it until somebody looked at it."""

    name = "code.quarantined"
    subject_type = "code"

    entitlement_id: UUID
    skus: tuple[UUID, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class HoldsLapsed(Event):
    """Unpaid holds ran out and another buyer needs the codes."""

    name = "holds.lapsed"
    subject_type = "sku"

    parts: tuple[UUID, ...]
