"""Data keys are made once, wrapped by the newest master key, and lost to whoever has not the right one."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.kit import crypto, db
from app.kit.crypto import DataKey, Key, Unreadable
from app.kit.secret import Secret
from tests.make import MASTER, at_once

NEW = os.urandom(32)
ROW = UUID(int=5)


@pytest.fixture(autouse=True)
def masters() -> Iterator[None]:
    crypto.configure((MASTER,))
    yield
    crypto.configure((MASTER,))


def made(merchant: int, purpose: str = "contact", period: str = "") -> Key:
    return db.write(merchant, lambda: crypto.key_for(purpose, period))


def stored(merchant: int) -> list[DataKey]:
    return db.read(merchant, lambda: list(db.session().scalars(select(DataKey).order_by(DataKey.id))))


def sealed(merchant: int, key: Key) -> crypto.Sealed:
    return crypto.Sealed("order", "contact", merchant, ROW, key.id, key.seal("order", "contact", ROW, Secret("text")))


def test_a_key_is_made_when_first_asked_for_and_found_again(merchant: int) -> None:
    first = made(merchant)

    assert made(merchant) == first
    assert db.read(merchant, lambda: crypto.load_key(first.id)) == first
    assert [row.id for row in stored(merchant)] == [first.id]


def test_each_purpose_period_and_merchant_has_a_key_of_its_own(merchant: int, stranger: int) -> None:
    keys = [made(merchant), made(merchant, "code"), made(merchant, "contact", "2026-03"), made(stranger)]

    assert len({key.raw for key in keys}) == len({key.id for key in keys}) == 4


def test_the_database_holds_no_key_in_the_clear(merchant: int) -> None:
    key = made(merchant)

    (row,) = stored(merchant)
    assert key.raw not in row.wrapped
    assert MASTER not in row.wrapped


def test_eight_first_buyers_at_once_get_one_key(merchant: int) -> None:
    keys: list[Any] = at_once([lambda: made(merchant)] * 8)

    assert {key.raw for key in keys} == {made(merchant).raw}
    assert len(stored(merchant)) == 1


def test_a_unit_that_rolls_back_leaves_no_key_behind_nor_remembered(merchant: int) -> None:
    lost: list[Key] = []

    def undone() -> None:
        lost.extend(crypto.key_for("contact") for _ in range(2))
        raise LookupError

    with pytest.raises(LookupError):
        db.write(merchant, undone)

    assert stored(merchant) == []
    key = made(merchant)
    assert key.raw != lost[0].raw
    assert db.read(merchant, lambda: crypto.unseal(sealed(merchant, key), "contact")).expose() == "text"


def test_a_key_that_is_gone_opens_nothing(merchant: int) -> None:
    seal = sealed(merchant, made(merchant))

    db.write(merchant, lambda: db.session().delete(db.get(DataKey, seal.key_id)))

    with pytest.raises(Unreadable, match="is gone"):
        db.read(merchant, lambda: crypto.unseal(seal, "contact"))


# Master keys -----------------------------------------------------------------------------------------------------


def test_a_new_master_key_wraps_and_the_old_one_still_unwraps(merchant: int) -> None:
    before = sealed(merchant, made(merchant, "contact", "1"))

    crypto.configure((NEW, MASTER))
    during = sealed(merchant, made(merchant, "contact", "2"))

    for seal in (before, during):
        assert db.read(merchant, lambda seal=seal: crypto.unseal(seal, "contact")).expose() == "text"  # type: ignore[misc]
    assert len({row.master for row in stored(merchant)}) == 2

    crypto.configure((NEW,))
    assert db.read(merchant, lambda: crypto.unseal(during, "contact")).expose() == "text"
    with pytest.raises(Unreadable, match="MASTER_KEYS lacks"):
        db.read(merchant, lambda: crypto.unseal(before, "contact"))


def test_with_a_wrong_master_key_nothing_opens_and_nothing_is_made_anew(merchant: int) -> None:
    seal = sealed(merchant, made(merchant))
    db.write(merchant, crypto.prove)

    crypto.configure((NEW,))

    for attempt in (lambda: crypto.unseal(seal, "contact"), lambda: crypto.key_for("contact"), crypto.prove):
        with pytest.raises(Unreadable, match="MASTER_KEYS lacks the key"):
            db.write(merchant, attempt)
    assert len(stored(merchant)) == 2


def test_a_master_key_is_remembered_by_no_unit_after_it_was_taken_away(merchant: int) -> None:
    made(merchant)
    made(merchant)  # the second time from memory

    crypto.configure((NEW,))

    with pytest.raises(Unreadable, match="MASTER_KEYS lacks"):
        made(merchant)


def test_a_wrapped_key_moved_to_another_row_or_merchant_unwraps_nowhere(merchant: int, stranger: int) -> None:
    mine, other, theirs = made(merchant), made(merchant, "contact", "2"), made(stranger)

    for source in (other, theirs):
        wrapped = next(row.wrapped for row in stored(source.merchant_id) if row.id == source.id)
        swap = update(DataKey).where(DataKey.id == mine.id).values(wrapped=wrapped)
        db.write(merchant, lambda swap=swap: db.session().execute(swap))  # type: ignore[misc]
        with pytest.raises(Unreadable, match=str(mine.id)):
            db.read(merchant, lambda: crypto.load_key(mine.id))


def test_not_one_byte_of_a_wrapped_key_can_be_changed(merchant: int) -> None:
    key = made(merchant)
    (row,) = stored(merchant)

    for place in range(len(row.wrapped)):
        changed = row.wrapped[:place] + bytes([row.wrapped[place] ^ 1]) + row.wrapped[place + 1 :]
        assert _opens(merchant, key, changed) is False
    assert _opens(merchant, key, row.wrapped[:9]) is False
    assert _opens(merchant, key, row.wrapped) is True


def _opens(merchant: int, key: Key, wrapped: bytes) -> bool:
    """Put `wrapped` in the place of the key's and tell whether it loads; keeps nothing."""

    def attempt() -> Key:
        db.session().execute(update(DataKey).where(DataKey.id == key.id).values(wrapped=wrapped))
        return crypto.load_key(key.id)

    try:
        return db.read(merchant, attempt) == key
    except Unreadable:
        return False
