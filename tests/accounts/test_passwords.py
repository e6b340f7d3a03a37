"""Passwords cost an attacker what OWASP asks for; here the shop's own hasher works, which other tests replace."""

from collections.abc import Iterator

import pytest

from app.accounts import passwords
from tests.make import HASHER, PASSWORD

OWASP = "$argon2id$v=19$m=19456,t=2,p=1$"


@pytest.fixture(autouse=True)
def earnest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_hasher", HASHER)
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()


def test_a_password_is_kept_as_a_slow_hash_of_its_own() -> None:
    kept, again = passwords.hash_password(PASSWORD), passwords.hash_password(PASSWORD)

    assert kept.startswith(OWASP)
    assert kept != again
    assert passwords.fits(PASSWORD, kept)
    assert not passwords.fits(f"{PASSWORD}.", kept)


def test_for_nobody_the_same_work_is_done() -> None:
    assert not passwords.fits(PASSWORD, None)
    assert passwords._nobody().startswith(OWASP)
