"""What happens to fences."""

from dataclasses import dataclass

from app.kit.events import Event


@dataclass(frozen=True, kw_only=True)
class FencesChanged(Event):
    """Rules were set: each with mode, limit and window, before and after."""

    name = "merchant.fences_changed"
    subject_type = "merchant"

    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ReviewPolicyChanged(Event):
    """From now on orders in review that nobody decides end like this; 0 hours: as the queue."""

    name = "merchant.review_policy_changed"
    subject_type = "merchant"

    hours: int
    releases: bool
