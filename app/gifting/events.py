"""What happens in gifting."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class HandoutGiven(Event):
    """A list was confirmed: each of its people has something now."""

    name = "handout.given"
    subject_type = "handout"

    rows: int


@dataclass(frozen=True, kw_only=True)
class ClaimProved(Event):
    """A browser proved to be the one of the person a claim is for."""

    name = "claim.proved"
    subject_type = "claim"

    entitlement_id: UUID
    network: str


@dataclass(frozen=True, kw_only=True)
class ClaimOpened(Event):
    """A person saw for the first time what was given."""

    name = "claim.opened"
    subject_type = "claim"

    entitlement_id: UUID
    network: str


@dataclass(frozen=True, kw_only=True)
class ClaimRevoked(Event):
    """What was given was taken back; its link leads nowhere any more."""

    name = "claim.revoked"
    subject_type = "claim"

    entitlement_id: UUID
    opened: bool
    reason: str = ""  # what was taken back before reasons were asked for has none


@dataclass(frozen=True, kw_only=True)
class CodesExtracted(Event):
    """A company took codes of a batch in clear; that each was looked at is told by `code.revealed`."""

    name = "codes.extracted"
    subject_type = "extract"

    company_id: UUID
    rows: int
    network: str
    again: bool  # another file of the same codes


@dataclass(frozen=True, kw_only=True)
class PeopleReminded(Event):
    """People who had not opened their claim were written to once more."""

    name = "handout.reminded"
    subject_type = "handout"

    rows: int


@dataclass(frozen=True, kw_only=True)
class GiftMade(Event):
    """Somebody gives something to a person; its giver sees it no more unless it comes back."""

    name = "gift.made"
    subject_type = "gift"

    entitlement_id: UUID
    seen: bool  # somebody had looked at it before


@dataclass(frozen=True, kw_only=True)
class GiftClaimed(Event):
    """A person took a gift for good."""

    name = "gift.claimed"
    subject_type = "gift"

    entitlement_id: UUID
    network: str


@dataclass(frozen=True, kw_only=True)
class GiftProved(Event):
    """Another browser of who claimed a gift proved itself."""

    name = "gift.proved"
    subject_type = "gift"

    entitlement_id: UUID
    network: str


@dataclass(frozen=True, kw_only=True)
class GiftOpened(Event):
    """Who claimed a gift saw its code for the first time."""

    name = "gift.opened"
    subject_type = "gift"

    entitlement_id: UUID
    network: str


@dataclass(frozen=True, kw_only=True)
class GiftReturned(Event):
    """A gift is its giver's again: taken back, not claimed in time, or given back by the shop."""

    name = "gift.returned"
    subject_type = "gift"

    entitlement_id: UUID
    why: str


@dataclass(frozen=True, kw_only=True)
class GiftRuleChanged(Event):
    """The shop decided what its buyers may give on."""

    name = "merchant.gift_rule_changed"
    subject_type = "merchant"

    giving: str


@dataclass(frozen=True, kw_only=True)
class CampaignCreated(Event):
    """The shop gives so many pieces away."""

    name = "campaign.created"
    subject_type = "claim_campaign"

    cap: int


@dataclass(frozen=True, kw_only=True)
class CampaignChanged(Event):
    """A campaign was paused, resumed, ended, or has more to give."""

    name = "campaign.changed"
    subject_type = "claim_campaign"

    what: str
    cap: int


@dataclass(frozen=True, kw_only=True)
class CampaignClaimed(Event):
    """Somebody was given a piece of a campaign, as an order that costs nothing."""

    name = "campaign.claimed"
    subject_type = "claim_campaign"

    campaign: str
