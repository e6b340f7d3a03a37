"""What happens to stock."""

from collections.abc import Mapping
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


@dataclass(frozen=True, kw_only=True)
class LaneSet(Event):
    name = "lane.set"
    subject_type = "sku"

    number: int
    lane: str
    steer_days: int | None


@dataclass(frozen=True, kw_only=True)
class LaneDropped(Event):
    name = "lane.dropped"
    subject_type = "sku"

    number: int
    lane: str


@dataclass(frozen=True, kw_only=True)
class WalksSet(Event):
    """It was said from which lanes each channel sells."""

    name = "lanes.walked"
    subject_type = "sku"

    skus: tuple[UUID, ...]
    walks: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class CodesShifted(Event):
    """Free codes lie in another lane, where another channel may find them."""

    name = "codes.shifted"
    subject_type = "sku"

    skus: tuple[UUID, ...]
    lane: int
    count: int


@dataclass(frozen=True, kw_only=True)
class StockDipped(Event):
    """Stock fell to where the staff want to be told, who are told once until it rose again."""

    name = "stock.dipped"
    subject_type = "sku"

    kind: str


@dataclass(frozen=True, kw_only=True)
class CodeFrozen(Event):
    """A code is hidden from sale and from its buyer until it is unfrozen."""

    name = "code.frozen"
    subject_type = "code"

    reason: str


@dataclass(frozen=True, kw_only=True)
class CodeUnfrozen(Event):
    name = "code.unfrozen"
    subject_type = "code"

    reason: str


@dataclass(frozen=True, kw_only=True)
class CodeVoided(Event):
    """A code that belongs to nobody is out of stock for good, or until it is restored."""

    name = "code.voided"
    subject_type = "code"

    reason: str


@dataclass(frozen=True, kw_only=True)
class CodeRestored(Event):
    name = "code.restored"
    subject_type = "code"

    reason: str


@dataclass(frozen=True, kw_only=True)
class CodeReturned(Event):
    """A code that its buyer never saw is for sale again."""

    name = "code.returned"
    subject_type = "code"

    skus: tuple[UUID, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class CodesPutBack(Event):
    """Codes that were set aside unseen are sold again (the subject is that one act): who had them has them no more."""

    name = "codes.put_back"
    subject_type = "put_back"

    code_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class CodesChangeAsked(Event):
    """Somebody confirmed that many codes be changed; `action` as the change says it."""

    name = "codes.change_asked"
    subject_type = "code_change"

    action: str
    count: int
    reason: str
    batch_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class CodesChanged(Event):
    """A change of many codes ended, wholly or not."""

    name = "codes.changed"
    subject_type = "code_change"

    action: str
    state: str
    done: int


@dataclass(frozen=True, kw_only=True)
class SoldRecosted(Event):
    """Codes cost otherwise than we thought that had been sold before, and were set aside since."""

    name = "codes.sold_recosted"
    subject_type = "code_change"

    entitlement_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class StockRevalued(Event):
    """The value of the stock changed without purchase or sale; the subject stands for this one change."""

    name = "stock.revalued"
    subject_type = "revaluation"

    cause: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class BatchChanged(Event):
    """A fact of a batch was changed, by hand."""

    name = "batch.changed"
    subject_type = "batch"

    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class BatchRecalled(Event):
    name = "batch.recalled"
    subject_type = "batch"

    reason: str


@dataclass(frozen=True, kw_only=True)
class RecallReleased(Event):
    name = "batch.recall_released"
    subject_type = "batch"

    reason: str


@dataclass(frozen=True, kw_only=True)
class BatchUndone(Event):
    """The import of a batch was taken back: its codes are removed, and their key with them."""

    name = "batch.undone"
    subject_type = "batch"

    count: int


@dataclass(frozen=True, kw_only=True)
class ProofAdded(Event):
    """A paper that shows where a batch comes from was filed, sealed."""

    name = "proof.added"
    subject_type = "batch"

    proof_id: UUID
    file: str
    size: int


@dataclass(frozen=True, kw_only=True)
class ProofDownloaded(Event):
    name = "proof.downloaded"
    subject_type = "batch"

    proof_id: UUID
    file: str
    network: str


@dataclass(frozen=True, kw_only=True)
class SharedCodeFrozen(Event):
    """No more uses of a shared code are sold, and nobody may look at it."""

    name = "shared_code.frozen"
    subject_type = "shared_code"

    skus: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class SharedCodeOpened(Event):
    """A shared code that was frozen is sold and shown again."""

    name = "shared_code.opened"
    subject_type = "shared_code"

    skus: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class MoveAsked(Event):
    """Somebody wants free codes of a SKU, those that fit these filters, to become codes of another."""

    name = "codes.move_asked"
    subject_type = "sku"

    to_id: UUID
    filters: Mapping[str, str]
    count: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class CodesMoved(Event):
    """Free codes came from one SKU to another, slice by slice of a running move."""

    name = "codes.moved"
    subject_type = "sku"

    from_id: UUID
    skus: tuple[UUID, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class CodesCleared(Event):
    """Free codes that expire soon went to the variant that sells them at its own price; told of the product."""

    name = "codes.cleared"
    subject_type = "product"

    sku: str
    into: str
    skus: tuple[UUID, ...]  # from which, to which
    count: int


@dataclass(frozen=True, kw_only=True)
class MoveCancelled(Event):
    """A running move was ended: what had moved stayed there, the rest stayed here."""

    name = "codes.move_cancelled"
    subject_type = "sku"

    to_id: UUID
    moved: int
    count: int


@dataclass(frozen=True, kw_only=True)
class MakingCancelled(Event):
    """The making of codes was ended: those that were made stayed."""

    name = "codes.making_cancelled"
    subject_type = "batch"

    made: int
    wanted: int


@dataclass(frozen=True, kw_only=True)
class ImportStaged(Event):
    """A file was taken in and waits, sealed, until somebody decides."""

    name = "import.staged"
    subject_type = "batch"

    lines: int


@dataclass(frozen=True, kw_only=True)
class ImportBegun(Event):
    """Somebody saw what a file would bring and had it imported."""

    name = "import.begun"
    subject_type = "batch"

    lines: int
    duplicates: str
    invalid: str


@dataclass(frozen=True, kw_only=True)
class ImportDropped(Event):
    """A file that waited was wiped as somebody wished."""

    name = "import.dropped"
    subject_type = "batch"


@dataclass(frozen=True, kw_only=True)
class ImportCancelled(Event):
    """A running import was ended: what was in stayed, the rest was wiped."""

    name = "import.cancelled"
    subject_type = "batch"

    lines: int
