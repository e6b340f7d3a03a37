"""Passwords: argon2id by OWASP's parameters; hashing is slow on purpose, so it runs outside of units."""

import functools

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.accounts.errors import WeakPassword
from app.accounts.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD
from app.kit import crowd

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password; refuses one that is too short or absurdly long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WeakPassword(SHORTEST_PASSWORD, LONGEST_PASSWORD)
    with crowd.waiting():  # hashing leaves the interpreter alone
        return _hasher.hash(password)


def fits(password: str, password_hash: str | None) -> bool:
    """Tell whether `password` fits; without a hash it takes as long and says no."""
    try:
        with crowd.waiting():
            return _hasher.verify(password_hash or _nobody(), password[:LONGEST_PASSWORD]) and password_hash is not None
    except (Argon2Error, InvalidHashError):
        return False


@functools.cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")
