"""Tries to prove that something of the running merchant is one's own: so many for each thing and each network."""

from collections.abc import Callable
from datetime import datetime

from app.accounts.throttle import keys_of_proof
from app.kit import throttle
from app.kit.errors import Refusal


def check_tries(subject: str, network: str, *, now: datetime) -> None:
    """Refuse with TooManyTries who was wrong too often about this thing, or from this network."""
    throttle.check(keys_of_proof(subject, network), now=now)


def count_wrong_try(subject: str, network: str, wrong: Callable[[int], Refusal], *, now: datetime) -> Refusal:
    """Count a wrong try and return what to say after its commit: `wrong` with the tries left, or TooManyTries."""
    return throttle.count_wrong(keys_of_proof(subject, network), wrong, now=now)
