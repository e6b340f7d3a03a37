"""What happens to codes that leave in clear."""

from dataclasses import dataclass
from uuid import UUID

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class ExportAsked(Event):
    """Somebody wants codes in clear."""

    name = "export.asked"
    subject_type = "code_export"

    count: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ExportDecided(Event):
    """Somebody allowed or refused what another had asked for."""

    name = "export.decided"
    subject_type = "code_export"

    allowed: bool


@dataclass(frozen=True, kw_only=True)
class CodeExported(Event):
    """A code left in clear with an export; committed before the plaintext leaves, as `crypto.open` checks."""

    name = "export.revealed"
    subject_type = "code"

    export_id: UUID
    network: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ExportTaken(Event):
    """The download of an export began, or began again."""

    name = "export.taken"
    subject_type = "code_export"

    again: bool
    network: str


@dataclass(frozen=True, kw_only=True)
class ExportFetched(Event):
    """Codes of an export whose reveal was on record left once more; `crypto.open` checks it beside that reveal."""

    name = "export.fetched"
    subject_type = "code_export"

    count: int
    network: str
