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
