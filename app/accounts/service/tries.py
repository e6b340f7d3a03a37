"""Tries to prove that something of the running merchant is one's own: so many for each thing and each network."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from app.accounts import throttle
from app.kit.errors import Refusal


def check_tries(subject_id: UUID, network: str, *, now: datetime) -> None:
    """Refuse with TooManyTries who was wrong too often about this thing, or from this network."""
    throttle.check(throttle.keys_of_proof(subject_id, network), now=now)


def count_wrong_try(subject_id: UUID, network: str, wrong: Callable[[int], Refusal], *, now: datetime) -> Refusal:
    """Count a wrong try and return what to say after its commit: `wrong` with the tries left, or TooManyTries."""
    return throttle.count_wrong(throttle.keys_of_proof(subject_id, network), wrong, now=now)
