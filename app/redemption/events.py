"""What happens in redemption."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class EntitlementRedeemed(Event):
    """An entitlement was used; `channel` as the redemption says it."""

    name = "entitlement.redeemed"
    subject_type = "entitlement"

    redemption_id: UUID
    sku_id: UUID
    uses: int
    uses_left: int
    channel: str
    location_id: UUID | None
    network: str


@dataclass(frozen=True, kw_only=True)
class RedemptionRolledBack(Event):
    """A use was taken back, with a reason."""

    name = "redemption.rolled_back"
    subject_type = "entitlement"

    redemption_id: UUID
    sku_id: UUID
    uses: int
    uses_left: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class UseReported(Event):
    """A third party told us that it redeemed an entitlement."""

    name = "entitlement.use_reported"
    subject_type = "entitlement"

    redemption_id: UUID
    sku_id: UUID
    uses: int


@dataclass(frozen=True, kw_only=True)
class RuleSet(Event):
    """From now on what is delivered of a SKU is redeemed by ourselves, by this rule."""

    name = "redemption_rule.set"
    subject_type = "sku"

    uses: int
    valid_days: int | None
    valid_from: str
    valid_until: str
    blackout: tuple[str, ...]
    places: tuple[UUID, ...]
    self_service: bool


@dataclass(frozen=True, kw_only=True)
class RuleDropped(Event):
    """What is delivered of a SKU from now on is redeemed by third parties; its vouchers stay good."""

    name = "redemption_rule.dropped"
    subject_type = "sku"


@dataclass(frozen=True, kw_only=True)
class LocationOpened(Event):
    name = "location.opened"
    subject_type = "location"

    code: str


@dataclass(frozen=True, kw_only=True)
class LocationClosed(Event):
    name = "location.closed"
    subject_type = "location"

    code: str


@dataclass(frozen=True, kw_only=True)
class BulkConfirmed(Event):
    """Somebody looked at a list and had its ready rows redeemed."""

    name = "bulk.confirmed"
    subject_type = "bulk"

    rows: int


@dataclass(frozen=True, kw_only=True)
class BulkFinished(Event):
    """A list was worked off."""

    name = "bulk.finished"
    subject_type = "bulk"

    done: int
    failed: int
